//! The Gaussian error linear unit.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{Tensor, activation::sigmoid};
use burn_flex::FlexTensor;

use super::autodiff::record;
use super::flex::{contiguous, dimensions, fused, tensor, values};
use crate::cpu::gelu::{self, Form};
use crate::memory::Buffer;

/// `x Φ(x)` of each value, with Φ the normal distribution function (Hendrycks and Gimpel 2016, arXiv 1606.08415) or, as
/// the form says, its approximation by a hyperbolic tangent: `[rows, width]` to `[rows, width]`.
pub fn gelu(x: Tensor<2>, form: Form) -> Tensor<2> {
    if fused(&x) {
        return Tensor::from_dispatch(Dispatch::gelu_in(x.into_dispatch(), form));
    }
    if form == Form::Tanh {
        let cubic = x.clone().powi_scalar(3).mul_scalar(0.044_715);
        let slope = (8.0 / std::f64::consts::PI).sqrt();
        return x.clone() * sigmoid((x + cubic).mul_scalar(slope));
    }
    // Not burn's own, whose gradient is that of the approximation on most devices.
    let distribution = x.clone().mul_scalar(std::f64::consts::FRAC_1_SQRT_2).erf();
    x * distribution.add_scalar(1.0).mul_scalar(0.5)
}

#[backend_extension(Flex, Autodiff)]
trait Gelu: Backend {
    fn gelu_in(x: FloatTensor<Self>, form: Form) -> FloatTensor<Self>;
}

impl Gelu for Flex {
    fn gelu_in(x: FlexTensor, form: Form) -> FlexTensor {
        forward(&contiguous(x), form)
    }
}

impl<C: CheckpointStrategy> Gelu for Autodiff<Flex, C> {
    fn gelu_in(x: FloatTensor<Self>, form: Form) -> FloatTensor<Self> {
        record::<C, _, 1>(
            "gelu",
            [x],
            |[x], _| {
                let x = contiguous(x);
                (forward(&x, form), (x, form))
            },
            |(x, form), dy, _| {
                let (dy, mut dx) = (contiguous(dy), Buffer::any(values(&x).len()));
                gelu::backward(values(&x), values(&dy), form, &mut dx);
                [Some(tensor(dx, dimensions::<2>(&x)))]
            },
        )
    }
}

fn forward(x: &FlexTensor, form: Form) -> FlexTensor {
    let mut y = Buffer::any(values(x).len());
    gelu::forward(values(x), form, &mut y);
    tensor(y, dimensions::<2>(x))
}
