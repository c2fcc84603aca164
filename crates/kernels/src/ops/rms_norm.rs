//! Root-mean-square normalisation.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::autodiff::record;
use super::flex::{contiguous, dimensions, fused, tensor, values};
use crate::cpu::rms_norm;
use crate::memory::Buffer;

/// `x ÷ √(mean(x²) + ε) × weight` of each row (Zhang and Sennrich 2019, equation 4): `[rows, width]` and
/// `[width]` to `[rows, width]`.
///
/// # Panics
/// If the widths differ.
pub fn rms_norm(x: Tensor<2>, weight: Tensor<1>, epsilon: f64) -> Tensor<2> {
    assert_eq!(x.dims()[1], weight.dims()[0], "a weight for each value of a row");
    if fused(&x) && fused(&weight) {
        let y = Dispatch::rms_norm(x.into_dispatch(), weight.into_dispatch(), epsilon as f32);
        return Tensor::from_dispatch(y);
    }
    let mean_square = x.clone().square().mean_dim(1);
    let scale = mean_square.add_scalar(epsilon).sqrt().recip();
    x * scale * weight.unsqueeze()
}

#[backend_extension(Flex, Autodiff)]
trait RmsNorm: Backend {
    fn rms_norm(x: FloatTensor<Self>, weight: FloatTensor<Self>, epsilon: f32) -> FloatTensor<Self>;
}

impl RmsNorm for Flex {
    fn rms_norm(x: FlexTensor, weight: FlexTensor, epsilon: f32) -> FlexTensor {
        forward(&contiguous(x), &contiguous(weight), epsilon).0
    }
}

impl<C: CheckpointStrategy> RmsNorm for Autodiff<Flex, C> {
    fn rms_norm(x: FloatTensor<Self>, weight: FloatTensor<Self>, epsilon: f32) -> FloatTensor<Self> {
        record::<C, _, 2>(
            "rms_norm",
            [x, weight],
            |inputs, _| {
                let [x, weight] = inputs.map(contiguous);
                let (y, scales) = forward(&x, &weight, epsilon);
                (y, [x, weight, scales])
            },
            |[x, weight, scales], dy, _| {
                let (dy, shape) = (contiguous(dy), dimensions::<2>(&x));
                let (mut dx, mut dweight) = (Buffer::any(shape[0] * shape[1]), Buffer::any(shape[1]));
                rms_norm::backward(
                    values(&x),
                    values(&weight),
                    values(&scales),
                    values(&dy),
                    &mut dx,
                    &mut dweight,
                );
                [Some(tensor(dx, shape)), Some(tensor(dweight, [shape[1]]))]
            },
        )
    }
}

fn forward(x: &FlexTensor, weight: &FlexTensor, epsilon: f32) -> (FlexTensor, FlexTensor) {
    let [rows, width] = dimensions(x);
    let (mut y, mut scales) = (Buffer::any(rows * width), Buffer::any(rows));
    rms_norm::forward(values(x), values(weight), epsilon, &mut y, &mut scales);
    (tensor(y, [rows, width]), tensor(scales, [rows]))
}
