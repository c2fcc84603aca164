//! A normalisation and the linear map after it.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::autodiff::record;
use super::flex::{contiguous, dimensions, fused, rounded, tensor, values};
use super::linear::linear;
use super::rms_norm::rms_norm;
use crate::cpu::norm_linear::{self, Gradients, NormLinear};
use crate::memory::Buffer;

/// [`rms_norm`](crate::rms_norm) of `x` with `gain`, then [`linear`](crate::linear): `[rows, width]`, `[width]` and
/// `[width, outputs]` to `[rows, outputs]`. In bf16 one kernel does both.
///
/// # Panics
/// If the sizes do not agree.
pub fn norm_linear(x: Tensor<2>, gain: Tensor<1>, weight: Tensor<2>, epsilon: f64) -> Tensor<2> {
    if rounded() && fused(&x) && fused(&gain) && fused(&weight) {
        let [x, weight] = [x, weight].map(Tensor::into_dispatch);
        let y = Dispatch::norm_linear(x, gain.into_dispatch(), weight, epsilon as f32);
        return Tensor::from_dispatch(y);
    }
    linear(rms_norm(x, gain, epsilon), weight)
}

#[backend_extension(Flex, Autodiff)]
trait NormAndLinear: Backend {
    fn norm_linear(
        x: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self>;
}

impl NormAndLinear for Flex {
    fn norm_linear(x: FlexTensor, gain: FlexTensor, weight: FlexTensor, epsilon: f32) -> FlexTensor {
        Saved::new([x, gain, weight], epsilon).0
    }
}

impl<C: CheckpointStrategy> NormAndLinear for Autodiff<Flex, C> {
    fn norm_linear(
        x: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        record::<C, _, 3>(
            "norm_linear",
            [x, gain, weight],
            |inputs, _| Saved::new(inputs, epsilon),
            |saved, dy, _| saved.backward(&contiguous(dy)).map(Some),
        )
    }
}

/// What the backward pass needs.
#[derive(Clone, Debug)]
struct Saved {
    /// `x`, gain, weight.
    inputs: [FlexTensor; 3],
    scales: FlexTensor,
    epsilon: f32,
}

impl Saved {
    /// The forward pass: its output, and what is saved.
    fn new(inputs: [FlexTensor; 3], epsilon: f32) -> (FlexTensor, Self) {
        let inputs = inputs.map(contiguous);
        let ([rows, _], [_, columns]) = (dimensions(&inputs[0]), dimensions(&inputs[2]));
        let (mut y, mut scales) = (Buffer::any(rows * columns), Buffer::any(rows));
        norm_linear::forward(layer(&inputs, epsilon), values(&inputs[0]), &mut y, &mut scales);
        let scales = tensor(scales, [rows]);
        let saved = Self {
            inputs,
            scales,
            epsilon,
        };
        (tensor(y, [rows, columns]), saved)
    }

    fn backward(&self, dy: &FlexTensor) -> [FlexTensor; 3] {
        let [x, gain, weight] = &self.inputs;
        let [mut dx, mut dgain, mut dweight] =
            [x, gain, weight].map(|input| Buffer::any(values(input).len()));
        let gradients = Gradients {
            x: &mut dx,
            gain: &mut dgain,
            weight: &mut dweight,
        };
        let layer = layer(&self.inputs, self.epsilon);
        norm_linear::backward(layer, values(x), values(&self.scales), values(dy), gradients);
        [
            tensor(dx, dimensions::<2>(x)),
            tensor(dgain, dimensions::<1>(gain)),
            tensor(dweight, dimensions::<2>(weight)),
        ]
    }
}

fn layer([_, gain, weight]: &[FlexTensor; 3], epsilon: f32) -> NormLinear<'_> {
    NormLinear {
        gain: values(gain),
        epsilon,
        weight: values(weight),
    }
}
