//! The feed-forward half of a block.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::autodiff::record;
use super::flex::{contiguous, dimensions, fused, tensor, values};
use super::linear::linear;
use super::rms_norm::rms_norm;
use super::swiglu::swiglu;
use crate::Precision;
use crate::cpu::feed_forward::{self, FeedForward, Gradients};
use crate::memory::Buffer;

/// `x + swiglu(rms_norm(x) × gate_and_up) × down`: `[rows, width]`, `[width]`, `[width, 2 × inner]` and
/// `[inner, width]` to `[rows, width]`.
///
/// # Panics
/// If the sizes do not agree.
pub fn feed_forward(
    x: Tensor<2>,
    gain: Tensor<1>,
    gate_and_up: Tensor<2>,
    down: Tensor<2>,
    epsilon: f64,
) -> Tensor<2> {
    let ([_, width], [inner, _]) = (x.dims(), down.dims());
    let sizes = [gate_and_up.dims(), down.dims()];
    assert!(
        gain.dims() == [width] && sizes == [[width, 2 * inner], [inner, width]],
        "rows of {width} values, {:?} gains and weights of {sizes:?}",
        gain.dims()
    );
    if fused(&x) && fused(&gain) && fused(&gate_and_up) && fused(&down) {
        let [x, gate_and_up, down] = [x, gate_and_up, down].map(Tensor::into_dispatch);
        let gain = gain.into_dispatch();
        let y = Dispatch::feed_forward(x, gain, gate_and_up, down, epsilon as f32);
        return Tensor::from_dispatch(y);
    }
    let gated = swiglu(linear(rms_norm(x.clone(), gain, epsilon), gate_and_up));
    x + linear(gated, down)
}

#[backend_extension(Flex, Autodiff)]
trait FeedForwardHalf: Backend {
    fn feed_forward(
        x: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        gate_and_up: FloatTensor<Self>,
        down: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self>;
}

impl FeedForwardHalf for Flex {
    fn feed_forward(
        x: FlexTensor,
        gain: FlexTensor,
        gate_and_up: FlexTensor,
        down: FlexTensor,
        epsilon: f32,
    ) -> FlexTensor {
        Saved::new([x, gain, gate_and_up, down], epsilon).0
    }
}

impl<C: CheckpointStrategy> FeedForwardHalf for Autodiff<Flex, C> {
    fn feed_forward(
        x: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        gate_and_up: FloatTensor<Self>,
        down: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        record::<C, _, 4>(
            "feed_forward",
            [x, gain, gate_and_up, down],
            |inputs, _| Saved::new(inputs, epsilon),
            |saved, dy, _| saved.backward(&contiguous(dy)).map(Some),
        )
    }
}

/// What the backward pass needs.
#[derive(Clone, Debug)]
struct Saved {
    /// `x`, gain, gate and up, down.
    inputs: [FlexTensor; 4],
    scales: FlexTensor,
    gate_up: FlexTensor,
    epsilon: f32,
    precision: Precision,
}

impl Saved {
    /// The forward pass: its output, and what is saved.
    fn new(inputs: [FlexTensor; 4], epsilon: f32) -> (FlexTensor, Self) {
        let inputs = inputs.map(contiguous);
        let ([rows, width], [_, both]) = (dimensions(&inputs[0]), dimensions(&inputs[2]));
        let [mut y, mut scales, mut gate_up] = [rows * width, rows, rows * both].map(Buffer::any);
        let precision = Precision::current();
        let layer = layer(&inputs, epsilon, precision);
        feed_forward::forward(layer, values(&inputs[0]), &mut y, &mut scales, &mut gate_up);
        let saved = Self {
            inputs,
            scales: tensor(scales, [rows]),
            gate_up: tensor(gate_up, [rows, both]),
            epsilon,
            precision,
        };
        (tensor(y, [rows, width]), saved)
    }

    fn backward(&self, dy: &FlexTensor) -> [FlexTensor; 4] {
        let [x, gain, gate_and_up, down] = &self.inputs;
        let [mut dx, mut dgain, mut dgate_and_up, mut ddown] =
            [x, gain, gate_and_up, down].map(|input| Buffer::any(values(input).len()));
        let gradients = Gradients {
            x: &mut dx,
            gain: &mut dgain,
            gate_and_up: &mut dgate_and_up,
            down: &mut ddown,
        };
        let layer = layer(&self.inputs, self.epsilon, self.precision);
        let (scales, gate_up) = (values(&self.scales), values(&self.gate_up));
        feed_forward::backward(layer, values(x), scales, gate_up, values(dy), gradients);
        [
            tensor(dx, dimensions::<2>(x)),
            tensor(dgain, dimensions::<1>(gain)),
            tensor(dgate_and_up, dimensions::<2>(gate_and_up)),
            tensor(ddown, dimensions::<2>(down)),
        ]
    }
}

fn layer(
    [_, gain, gate_and_up, down]: &[FlexTensor; 4],
    epsilon: f32,
    precision: Precision,
) -> FeedForward<'_> {
    FeedForward {
        precision,
        gain: values(gain),
        epsilon,
        gate_and_up: values(gate_and_up),
        down: values(down),
    }
}
