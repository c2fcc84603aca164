//! Rows between two others, by shares of their own.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{Tensor, activation::sigmoid};
use burn_flex::FlexTensor;

use super::autodiff::record;
use super::flex::{contiguous, dimensions, fused, tensor, values};
use crate::cpu::sigmoid_mix::{self, Rows};
use crate::memory::Buffer;

/// `x + (other - x) σ(share + bias)`: `[rows, width]`, three of them, and `[width]` to the same.
///
/// # Panics
/// If the sizes do not agree.
pub fn sigmoid_mix(x: Tensor<2>, other: Tensor<2>, share: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    let [rows, width] = x.dims();
    assert!(
        [other.dims(), share.dims()] == [[rows, width]; 2] && bias.dims() == [width],
        "{rows} rows of {width}, others of {:?}, shares of {:?} and a bias of {:?}",
        other.dims(),
        share.dims(),
        bias.dims()
    );
    if [&x, &other, &share].into_iter().all(fused) && fused(&bias) {
        let [x, other, share] = [x, other, share].map(Tensor::into_dispatch);
        return Tensor::from_dispatch(Dispatch::sigmoid_mix(x, other, share, bias.into_dispatch()));
    }
    x.clone() + (other - x) * sigmoid(share + bias.unsqueeze())
}

#[backend_extension(Flex, Autodiff)]
trait SigmoidMix: Backend {
    fn sigmoid_mix(
        x: FloatTensor<Self>,
        other: FloatTensor<Self>,
        share: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

impl SigmoidMix for Flex {
    fn sigmoid_mix(x: FlexTensor, other: FlexTensor, share: FlexTensor, bias: FlexTensor) -> FlexTensor {
        forward(&[x, other, share, bias].map(contiguous))
    }
}

impl<C: CheckpointStrategy> SigmoidMix for Autodiff<Flex, C> {
    fn sigmoid_mix(
        x: FloatTensor<Self>,
        other: FloatTensor<Self>,
        share: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        record::<C, _, 4>(
            "sigmoid_mix",
            [x, other, share, bias],
            |inputs, _| {
                let inputs = inputs.map(contiguous);
                (forward(&inputs), inputs)
            },
            |inputs, dy, _| {
                let (dy, shape) = (contiguous(dy), dimensions::<2>(&inputs[0]));
                let mut gradients = [(); 3].map(|()| Buffer::any(values(&dy).len()));
                let mut dbias = Buffer::any(shape[1]);
                let targets = gradients.each_mut().map(|gradient| &mut **gradient);
                sigmoid_mix::backward(
                    rows(&inputs),
                    values(&inputs[3]),
                    values(&dy),
                    targets,
                    &mut dbias,
                );
                let [dx, dother, dshare] = gradients.map(|gradient| Some(tensor(gradient, shape)));
                [dx, dother, dshare, Some(tensor(dbias, [shape[1]]))]
            },
        )
    }
}

fn forward(inputs: &[FlexTensor; 4]) -> FlexTensor {
    let mut y = Buffer::any(values(&inputs[0]).len());
    sigmoid_mix::forward(rows(inputs), values(&inputs[3]), &mut y);
    tensor(y, dimensions::<2>(&inputs[0]))
}

fn rows([x, other, share, _]: &[FlexTensor; 4]) -> Rows<'_> {
    let [x, other, share] = [x, other, share].map(values);
    Rows { x, other, share }
}
