//! What an LSTM does between its products, as tensor operations, and its small weights as the kernel takes them.

use burn::tensor::{Tensor, activation::sigmoid};

use super::product::product;
use super::recurrent_half::{Recurrence, RecurrentState, Small};
use crate::cpu::lstm::{self as kernel, Gradients, Shape, Weights};
use crate::cpu::recurrent::Carried;

impl Recurrence for Shape {
    const NAME: &'static str = "lstm";
    type Saved = kernel::Saved;

    fn length(self) -> usize {
        self.length
    }

    fn columns(self) -> usize {
        Shape::columns(&self)
    }

    fn inner(self) -> usize {
        self.inner
    }

    fn small(self) -> Vec<usize> {
        vec![self.inner * self.columns(), self.inner, 3 * self.inner]
    }

    fn carried(self) -> [[usize; 4]; 2] {
        [[self.batch, 1, 1, self.inner]; 2]
    }

    fn composed(
        self,
        projected: Tensor<2>,
        small: Vec<Tensor<1>>,
        _: f64,
        before: RecurrentState,
    ) -> (Tensor<2>, RecurrentState) {
        composed(self, projected, small, before)
    }

    fn step(self, (small, _): Small<'_>, projected: &[f32], carried: &mut Carried, output: &mut [f32]) {
        kernel::step(self, weights(small), projected, carried, output);
    }

    fn forward(
        self,
        (small, _): Small<'_>,
        projected: &[f32],
        before: Option<&Carried>,
        output: &mut [f32],
    ) -> kernel::Saved {
        kernel::forward(self, weights(small), projected, before, output)
    }

    fn carry(self, saved: &kernel::Saved, _: &[f32], _: &Carried) -> Carried {
        saved.carried()
    }

    fn backward(
        self,
        saved: &kernel::Saved,
        (small, _): Small<'_>,
        projected: &[f32],
        doutput: &[f32],
        dprojected: &mut [f32],
        dsmall: Vec<&mut [f32]>,
    ) {
        let gradients = gradients(dprojected, dsmall);
        kernel::backward(self, weights(small), projected, saved, doutput, gradients);
    }
}

/// The small weights.
fn weights<'a>(small: &[&'a [f32]]) -> Weights<'a> {
    match *small {
        [recurrent, forget_bias, gate_bias] => Weights {
            recurrent,
            forget_bias,
            gate_bias,
        },
        _ => unreachable!("as many as `small` tells"),
    }
}

/// Their gradients, in the same order.
fn gradients<'a>(projected: &'a mut [f32], small: Vec<&'a mut [f32]>) -> Gradients<'a> {
    match <[&mut [f32]; 3]>::try_from(small) {
        Ok([recurrent, forget_bias, gate_bias]) => Gradients {
            projected,
            recurrent,
            forget_bias,
            gate_bias,
        },
        Err(_) => unreachable!("as many as `small` tells"),
    }
}

/// `h` of projected rows, `[batch × length, inner]`, and what is carried on.
fn composed(
    shape: Shape,
    projected: Tensor<2>,
    small: Vec<Tensor<1>>,
    before: RecurrentState,
) -> (Tensor<2>, RecurrentState) {
    let Ok([recurrent, forget_bias, gate_bias]) = <[Tensor<1>; 3]>::try_from(small) else {
        unreachable!("as many as `small` tells");
    };
    let Shape { batch, length, inner } = shape;
    let biases = Tensor::cat(vec![forget_bias, gate_bias], 0);
    let projected = (projected + biases.unsqueeze()).reshape([batch, length, shape.columns()]);
    let recurrent = recurrent.reshape([inner, shape.columns()]);
    let [mut hidden, mut cell] = [before.window, before.state].map(|of| of.reshape([batch, inner]));
    let mut outputs: Vec<Tensor<3>> = Vec::new();
    for position in 0..length {
        let own = projected.clone().slice_dim(1, position..position + 1);
        let gates = own.reshape([batch, shape.columns()]) + product(hidden, recurrent.clone());
        let part = |index: usize| gates.clone().slice_dim(1, index * inner..(index + 1) * inner);
        cell = sigmoid(part(0)) * cell + sigmoid(part(1)) * part(3).tanh();
        hidden = sigmoid(part(2)) * cell.clone().tanh();
        outputs.push(hidden.clone().reshape([batch, 1, inner]));
    }
    let [window, state] = [hidden, cell].map(|of| of.reshape([batch, 1, 1, inner]));
    let output = Tensor::cat(outputs, 1).reshape([batch * length, inner]);
    (output, RecurrentState { window, state })
}
