//! The gate of a gated feed-forward layer with GELU.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::activation::activation;
use super::autodiff::record;
use super::flex::{contiguous, dimensions, fused, tensor, values};
use crate::cpu::activation::Activation;
use crate::cpu::geglu;
use crate::cpu::gelu::Form;
use crate::memory::Buffer;

/// `gelu(gate) × up` of `[rows, 2 × width]` and a bias `[2 × width]` that is added to it, the gate first, with GELU in the
/// form with `tanh` (Shazeer 2020, equation 6): `[rows, width]`.
///
/// # Panics
/// If the columns are odd in number, or the bias has others.
pub fn geglu(gate_and_up: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    let [_, both] = gate_and_up.dims();
    assert!(
        both.is_multiple_of(2) && bias.dims() == [both],
        "a gate for each of {both} columns' half, and a bias for each column"
    );
    if fused(&gate_and_up) && fused(&bias) {
        let (gate_and_up, bias) = (gate_and_up.into_dispatch(), bias.into_dispatch());
        return Tensor::from_dispatch(Dispatch::geglu(gate_and_up, bias));
    }
    let shifted = gate_and_up + bias.unsqueeze();
    let gate = shifted.clone().slice_dim(1, 0..both / 2);
    activation(gate, Activation::Gelu(Form::Tanh)) * shifted.slice_dim(1, both / 2..both)
}

#[backend_extension(Flex, Autodiff)]
trait Geglu: Backend {
    fn geglu(gate_and_up: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl Geglu for Flex {
    fn geglu(gate_and_up: FlexTensor, bias: FlexTensor) -> FlexTensor {
        forward(&[gate_and_up, bias].map(contiguous))
    }
}

impl<C: CheckpointStrategy> Geglu for Autodiff<Flex, C> {
    fn geglu(gate_and_up: FloatTensor<Self>, bias: FloatTensor<Self>) -> FloatTensor<Self> {
        record::<C, _, 2>(
            "geglu",
            [gate_and_up, bias],
            |inputs, _| {
                let inputs = inputs.map(contiguous);
                (forward(&inputs), inputs)
            },
            |inputs, dy, _| {
                let dy = contiguous(dy);
                let [gate_and_up, bias] = inputs.each_ref().map(values);
                let mut gradient = Buffer::any(gate_and_up.len());
                let mut dbias = Buffer::any(bias.len());
                geglu::backward(gate_and_up, bias, values(&dy), &mut gradient, &mut dbias);
                let both = bias.len();
                [
                    Some(tensor(gradient, dimensions::<2>(&inputs[0]))),
                    Some(tensor(dbias, [both])),
                ]
            },
        )
    }
}

fn forward(inputs: &[FlexTensor; 2]) -> FlexTensor {
    let [rows, both] = dimensions(&inputs[0]);
    let mut y = Buffer::any(rows * both / 2);
    geglu::forward(values(&inputs[0]), values(&inputs[1]), &mut y);
    tensor(y, [rows, both / 2])
}
