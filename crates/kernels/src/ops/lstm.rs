//! What an LSTM does between its products, as tensor operations, and its small weights as the kernel takes them.

use burn::tensor::{Tensor, activation::sigmoid};

use super::product::product;
use super::recurrent_half::{Kernel, Recurrence, RecurrentState, Small};
use crate::cpu::lstm::{self as kernel, Gradients, Shape, Weights};

impl Recurrence for Shape {
    const NAME: &'static str = "lstm";
    const KERNEL: Kernel<Self> = Kernel {
        step: kernel::step,
        forward: kernel::forward,
        carry: |_, saved, _, _| saved.carried(),
        backward: kernel::backward,
    };
    type Weights<'a> = Weights<'a>;
    type Gradients<'a> = Gradients<'a>;
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

    fn weights<'a>((small, _): Small<'_, 'a>) -> Weights<'a> {
        match *small {
            [recurrent, forget_bias, gate_bias] => Weights {
                recurrent,
                forget_bias,
                gate_bias,
            },
            _ => unreachable!("as many as `small` tells"),
        }
    }

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

    fn composed(
        self,
        projected: Tensor<2>,
        small: Vec<Tensor<1>>,
        _: f64,
        before: RecurrentState,
    ) -> (Tensor<2>, RecurrentState) {
        let Ok([recurrent, forget_bias, gate_bias]) = <[Tensor<1>; 3]>::try_from(small) else {
            unreachable!("as many as `small` tells");
        };
        let Shape { batch, length, inner } = self;
        let biases = Tensor::cat(vec![forget_bias, gate_bias], 0);
        let projected = (projected + biases.unsqueeze()).reshape([batch, length, self.columns()]);
        let recurrent = recurrent.reshape([inner, self.columns()]);
        let [mut hidden, mut cell] = [before.window, before.state].map(|of| of.reshape([batch, inner]));
        let mut outputs: Vec<Tensor<3>> = Vec::new();
        for position in 0..length {
            let own = projected.clone().slice_dim(1, position..position + 1);
            let gates = own.reshape([batch, self.columns()]) + product(hidden, recurrent.clone());
            let part = |index: usize| gates.clone().slice_dim(1, index * inner..(index + 1) * inner);
            cell = sigmoid(part(0)) * cell + sigmoid(part(1)) * part(3).tanh();
            hidden = sigmoid(part(2)) * cell.clone().tanh();
            outputs.push(hidden.clone().reshape([batch, 1, inner]));
        }
        let [window, state] = [hidden, cell].map(|of| of.reshape([batch, 1, 1, inner]));
        let output = Tensor::cat(outputs, 1).reshape([batch * length, inner]);
        (output, RecurrentState { window, state })
    }
}
