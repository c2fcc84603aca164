//! Nonlinear functions of each value.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn::tensor::activation::{relu, sigmoid};
use burn_flex::FlexTensor;

use super::autodiff::record;
use super::flex::{contiguous, dimensions, fused, tensor, values};
use crate::cpu::activation::{self, Activation};
use crate::cpu::gelu::Form;
use crate::memory::Buffer;

/// What becomes of each value: `[rows, width]` to `[rows, width]`.
pub fn activation(x: Tensor<2>, activation: Activation) -> Tensor<2> {
    if fused(&x) {
        return Tensor::from_dispatch(Dispatch::activation(x.into_dispatch(), activation));
    }
    match activation {
        Activation::Gelu(Form::Tanh) => {
            let cubic = x.clone().powi_scalar(3).mul_scalar(0.044_715);
            let slope = (8.0 / std::f64::consts::PI).sqrt();
            x.clone() * sigmoid((x + cubic).mul_scalar(slope))
        }
        // Not burn's own, whose gradient is that of the approximation on most devices.
        Activation::Gelu(Form::Exact) => {
            let distribution = x.clone().mul_scalar(std::f64::consts::FRAC_1_SQRT_2).erf();
            x * distribution.add_scalar(1.0).mul_scalar(0.5)
        }
        Activation::Sigmoid => sigmoid(x),
        Activation::SquaredRelu => relu(x).square(),
        Activation::Tanh => x.tanh(),
    }
}

#[backend_extension(Flex, Autodiff)]
trait Activated: Backend {
    fn activation(x: FloatTensor<Self>, activation: Activation) -> FloatTensor<Self>;
}

impl Activated for Flex {
    fn activation(x: FlexTensor, activation: Activation) -> FlexTensor {
        forward(&contiguous(x), activation)
    }
}

impl<C: CheckpointStrategy> Activated for Autodiff<Flex, C> {
    fn activation(x: FloatTensor<Self>, activation: Activation) -> FloatTensor<Self> {
        record::<C, _, 1>(
            activation.name(),
            [x],
            |[x], _| {
                let x = contiguous(x);
                (forward(&x, activation), (x, activation))
            },
            |(x, activation), dy, _| {
                let (dy, mut dx) = (contiguous(dy), Buffer::any(values(&x).len()));
                activation::backward(values(&x), values(&dy), activation, &mut dx);
                [Some(tensor(dx, dimensions::<2>(&x)))]
            },
        )
    }
}

fn forward(x: &FlexTensor, activation: Activation) -> FlexTensor {
    let mut y = Buffer::any(values(x).len());
    activation::forward(values(x), activation, &mut y);
    tensor(y, dimensions::<2>(x))
}
