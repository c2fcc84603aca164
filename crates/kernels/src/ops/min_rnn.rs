//! What minGRU and minLSTM do between their products, as tensor operations, and their small weights as the kernel takes
//! them.

use burn::tensor::{Tensor, activation::sigmoid};

use super::recurrent_half::{Recurrence, RecurrentState, Small};
use super::short_convolution::filtered;
use crate::cpu::min_rnn::{self as kernel, Gradients, Kind, Shape, Weights};
use crate::cpu::recurrent::Carried;

impl Recurrence for Shape {
    const NAME: &'static str = "min_rnn";
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
        vec![self.taps * self.columns(), self.columns()]
    }

    fn carried(self) -> [[usize; 4]; 2] {
        [
            [self.batch, 1, self.taps - 1, self.columns()],
            [self.batch, 1, 1, self.inner],
        ]
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

    fn carry(self, saved: &kernel::Saved, projected: &[f32], before: &Carried) -> Carried {
        saved.carried(self, projected, Some(before))
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
        [filter, filter_bias] => Weights { filter, filter_bias },
        _ => unreachable!("as many as `small` tells"),
    }
}

/// Their gradients, in the same order.
fn gradients<'a>(projected: &'a mut [f32], small: Vec<&'a mut [f32]>) -> Gradients<'a> {
    match <[&mut [f32]; 2]>::try_from(small) {
        Ok([filter, filter_bias]) => Gradients {
            projected,
            filter,
            filter_bias,
        },
        Err(_) => unreachable!("as many as `small` tells"),
    }
}

/// The states of projected rows, `[batch × length, inner]`, and what is carried on.
fn composed(
    shape: Shape,
    projected: Tensor<2>,
    small: Vec<Tensor<1>>,
    before: RecurrentState,
) -> (Tensor<2>, RecurrentState) {
    let Ok([filter, filter_bias]) = <[Tensor<1>; 2]>::try_from(small) else {
        unreachable!("as many as `small` tells");
    };
    let Shape {
        batch, length, inner, ..
    } = shape;
    let x = projected.reshape([batch, length, shape.columns()]);
    let filter = filter.reshape([shape.taps, shape.columns()]);
    let (convolved, window) = filtered(x, filter, Some(filter_bias), before.window);
    let part = |index: usize| {
        convolved
            .clone()
            .slice([0..batch, 0..length, index * inner..(index + 1) * inner])
    };
    let (a, b) = match shape.kind {
        Kind::Gru => {
            let open = sigmoid(part(0));
            (open.clone().neg().add_scalar(1.0), open * part(1))
        }
        Kind::Lstm => {
            let [forget, input] = [0, 1].map(|index| sigmoid(part(index)));
            let sum = forget.clone() + input.clone();
            (forget / sum.clone(), input / sum * part(2))
        }
    };
    let (states, state) = recurrence(a, b, before.state.reshape([batch, 1, inner]));
    (
        states.reshape([batch * length, inner]),
        RecurrentState {
            window,
            state: state.reshape([batch, 1, 1, inner]),
        },
    )
}

/// `h[t] = a[t] h[t-1] + b[t]` of `[batch, length, channels]`, position by position, from a state `[batch, 1, channels]`;
/// and the last state.
pub(super) fn recurrence(a: Tensor<3>, b: Tensor<3>, mut state: Tensor<3>) -> (Tensor<3>, Tensor<3>) {
    let length = a.dims()[1];
    let mut states = Vec::new();
    for position in 0..length {
        let at = |of: &Tensor<3>| of.clone().slice_dim(1, position..position + 1);
        state = at(&a) * state + at(&b);
        states.push(state.clone());
    }
    (Tensor::cat(states, 1), state)
}
