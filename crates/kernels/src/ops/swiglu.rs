//! The gate of a gated feed-forward layer.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{Tensor, activation::silu};
use burn_flex::FlexTensor;

use super::autodiff::record;
use super::flex::{contiguous, dimensions, fused, tensor, values};
use crate::cpu::swiglu;
use crate::memory::Buffer;

/// `silu(gate) × up` of `[rows, 2 × width]`, the gate first, as one product writes both (Shazeer 2020,
/// equation 6): `[rows, width]`.
///
/// # Panics
/// If the columns are odd in number.
pub fn swiglu(gate_and_up: Tensor<2>) -> Tensor<2> {
    let [rows, both] = gate_and_up.dims();
    assert!(both.is_multiple_of(2), "a gate for each of {both} columns' half");
    if fused(&gate_and_up) {
        return Tensor::from_dispatch(Dispatch::swiglu(gate_and_up.into_dispatch()));
    }
    let half = both / 2;
    let gate = gate_and_up.clone().slice([0..rows, 0..half]);
    silu(gate) * gate_and_up.slice([0..rows, half..both])
}

#[backend_extension(Flex, Autodiff)]
trait Swiglu: Backend {
    fn swiglu(gate_and_up: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl Swiglu for Flex {
    fn swiglu(gate_and_up: FlexTensor) -> FlexTensor {
        forward(&contiguous(gate_and_up))
    }
}

impl<C: CheckpointStrategy> Swiglu for Autodiff<Flex, C> {
    fn swiglu(gate_and_up: FloatTensor<Self>) -> FloatTensor<Self> {
        record::<C, _, 1>(
            "swiglu",
            [gate_and_up],
            |[gate_and_up], _| {
                let gate_and_up = contiguous(gate_and_up);
                (forward(&gate_and_up), gate_and_up)
            },
            |gate_and_up, dy, _| {
                let (dy, [rows, both]) = (contiguous(dy), dimensions(&gate_and_up));
                let mut gradient = Buffer::any(rows * both);
                swiglu::backward(values(&gate_and_up), both / 2, values(&dy), &mut gradient);
                [Some(tensor(gradient, [rows, both]))]
            },
        )
    }
}

fn forward(gate_and_up: &FlexTensor) -> FlexTensor {
    let [rows, both] = dimensions(gate_and_up);
    let mut y = Buffer::any(rows * both / 2);
    swiglu::forward(values(gate_and_up), both / 2, &mut y);
    tensor(y, [rows, both / 2])
}
