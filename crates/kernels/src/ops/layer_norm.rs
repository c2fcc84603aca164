//! Layer normalisation.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::autodiff::record;
use super::flex::{contiguous, dimensions, fused, tensor, values};
use crate::cpu::layer_norm::{self, Affine};
use crate::memory::Buffer;

/// `(x - mean(x)) ÷ √(variance(x) + ε) × gain + bias` of each row (Ba et al. 2016, arXiv 1607.06450, equation 4):
/// `[rows, width]` and twice `[width]` to `[rows, width]`.
///
/// # Panics
/// If the widths differ.
pub fn layer_norm(x: Tensor<2>, gain: Tensor<1>, bias: Tensor<1>, epsilon: f64) -> Tensor<2> {
    let width = x.dims()[1];
    assert!(
        [gain.dims()[0], bias.dims()[0]] == [width; 2],
        "a gain and a bias for each value of a row"
    );
    if fused(&x) && fused(&gain) && fused(&bias) {
        let [gain, bias] = [gain, bias].map(Tensor::into_dispatch);
        let y = Dispatch::layer_norm_of(x.into_dispatch(), gain, bias, epsilon as f32);
        return Tensor::from_dispatch(y);
    }
    let centred = x.clone() - x.mean_dim(1);
    let variance = centred.clone().square().mean_dim(1);
    let scale = variance.add_scalar(epsilon).sqrt().recip();
    centred * scale * gain.unsqueeze() + bias.unsqueeze()
}

// Not `layer_norm`, which burn's own operations have.
#[backend_extension(Flex, Autodiff)]
trait LayerNorm: Backend {
    fn layer_norm_of(
        x: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self>;
}

impl LayerNorm for Flex {
    fn layer_norm_of(x: FlexTensor, gain: FlexTensor, bias: FlexTensor, epsilon: f32) -> FlexTensor {
        forward(&[x, gain, bias].map(contiguous), epsilon).0
    }
}

impl<C: CheckpointStrategy> LayerNorm for Autodiff<Flex, C> {
    fn layer_norm_of(
        x: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        record::<C, _, 3>(
            "layer_norm",
            [x, gain, bias],
            |inputs, _| {
                let inputs = inputs.map(contiguous);
                let (y, moments) = forward(&inputs, epsilon);
                let [x, gain, _] = inputs;
                (y, [x, gain, moments])
            },
            |[x, gain, moments], dy, _| {
                let (dy, shape) = (contiguous(dy), dimensions::<2>(&x));
                let width = shape[1];
                let (mut dx, mut daffine) = (Buffer::any(shape[0] * width), Buffer::any(2 * width));
                layer_norm::backward(
                    values(&x),
                    values(&gain),
                    values(&moments),
                    values(&dy),
                    &mut dx,
                    &mut daffine,
                );
                let (dgain, dbias) = daffine.split_at(width);
                let [dgain, dbias] = [dgain, dbias].map(|part| tensor(Buffer::copy_of(part), [width]));
                [Some(tensor(dx, shape)), Some(dgain), Some(dbias)]
            },
        )
    }
}

/// The normalised rows, and the moments of each.
fn forward([x, gain, bias]: &[FlexTensor; 3], epsilon: f32) -> (FlexTensor, FlexTensor) {
    let [rows, width] = dimensions(x);
    let (mut y, mut moments) = (Buffer::any(rows * width), Buffer::any(2 * rows));
    let affine = Affine {
        gain: values(gain),
        bias: values(bias),
    };
    layer_norm::forward(values(x), affine, epsilon, &mut y, &mut moments);
    (tensor(y, [rows, width]), tensor(moments, [2 * rows]))
}
