//! What an LSTM does between its products, as tensor operations, and its small weights as the kernel takes them.

use burn::tensor::{Tensor, activation::sigmoid};

use super::product::product;
use super::recurrent_half::RecurrentState;
use crate::cpu::lstm::{Gradients, Shape, Weights};

/// The small weights, in the order of [`Core::Lstm`](super::recurrent_half::Core::Lstm).
pub(super) fn weights<'a>(small: &[&'a [f32]]) -> Weights<'a> {
    match *small {
        [recurrent, forget_bias, gate_bias] => Weights {
            recurrent,
            forget_bias,
            gate_bias,
        },
        _ => unreachable!("as many as `Core::small` tells"),
    }
}

/// Their gradients, in the same order.
pub(super) fn gradients<'a>(projected: &'a mut [f32], small: Vec<&'a mut [f32]>) -> Gradients<'a> {
    match <[&mut [f32]; 3]>::try_from(small) {
        Ok([recurrent, forget_bias, gate_bias]) => Gradients {
            projected,
            recurrent,
            forget_bias,
            gate_bias,
        },
        Err(_) => unreachable!("as many as `Core::small` tells"),
    }
}

/// `h` of projected rows, `[batch × length, inner]`, and what is carried on.
pub(super) fn composed(
    shape: Shape,
    projected: Tensor<2>,
    small: Vec<Tensor<1>>,
    before: RecurrentState,
) -> (Tensor<2>, RecurrentState) {
    let Ok([recurrent, forget_bias, gate_bias]) = <[Tensor<1>; 3]>::try_from(small) else {
        unreachable!("as many as `Core::small` tells");
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
