//! The AdamW update.

use burn::backend::Flex;
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::flex::{contiguous, fused, inner, into_mutable, values};
use crate::cpu::adamw::{self, Update};
use crate::profile::{self, Pass};

/// The running means of a parameter's gradient and of its square.
#[derive(Clone, Debug)]
pub struct Moments<const D: usize> {
    /// The mean of the gradients.
    pub first: Tensor<D>,
    /// The mean of the squared gradients.
    pub second: Tensor<D>,
}

impl<const D: usize> Moments<D> {
    /// The moments before the first step: zeros.
    pub fn zeros_like(parameter: &Tensor<D>) -> Self {
        Self {
            first: parameter.zeros_like(),
            second: parameter.zeros_like(),
        }
    }
}

/// One AdamW step (Loshchilov and Hutter 2019, algorithm 2) of a parameter: its new value and moments.
///
/// The tensors are outside of any gradient's graph (`inner()`). The kernel changes parameter and moments
/// in place when nothing else holds them, in one pass over memory.
///
/// # Panics
/// If the shapes differ.
pub fn adamw_step<const D: usize>(
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    moments: Moments<D>,
    update: &Update,
) -> (Tensor<D>, Moments<D>) {
    let Moments { first, second } = moments;
    assert!(
        gradient.dims() == parameter.dims()
            && first.dims() == parameter.dims()
            && second.dims() == parameter.dims(),
        "a gradient and moments of the parameter's shape {:?}",
        parameter.dims()
    );
    if !(fused(&parameter) && fused(&gradient) && fused(&first) && fused(&second)) {
        return composed(parameter, gradient, Moments { first, second }, update);
    }
    profile::time("adamw_step", Pass::Update, || {
        let gradient = contiguous(inner(gradient.into_dispatch()));
        let [mut parameter, mut first, mut second] =
            [parameter, first, second].map(|tensor| into_mutable(inner(tensor.into_dispatch())));
        adamw::step(
            parameter.storage_mut(),
            values(&gradient),
            first.storage_mut(),
            second.storage_mut(),
            update,
        );
        let [parameter, first, second] =
            [parameter, first, second].map(|tensor: FlexTensor| Tensor::from_primitive::<Flex>(tensor));
        (parameter, Moments { first, second })
    })
}

fn composed<const D: usize>(
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    moments: Moments<D>,
    update: &Update,
) -> (Tensor<D>, Moments<D>) {
    let Update {
        learning_rate,
        beta_1,
        beta_2,
        epsilon,
        weight_decay,
        gradient_scale,
        step,
    } = *update;
    let gradient = gradient.mul_scalar(gradient_scale);
    let first = moments.first.mul_scalar(beta_1) + gradient.clone().mul_scalar(1.0 - beta_1);
    let second = moments.second.mul_scalar(beta_2) + gradient.square().mul_scalar(1.0 - beta_2);
    let correction = |beta: f64| 1.0 - beta.powf(f64::from(step));
    let root = second
        .clone()
        .sqrt()
        .mul_scalar(correction(beta_2).sqrt().recip());
    let direction = first.clone() / root.add_scalar(epsilon);
    let kept = parameter.mul_scalar(1.0 - learning_rate * weight_decay);
    let parameter = kept - direction.mul_scalar(learning_rate / correction(beta_1));
    (parameter, Moments { first, second })
}
