//! The AdamW update.

use burn::backend::Flex;
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::flex::{contiguous, fused, inner, into_mutable, values};
use crate::cpu::adamw::{self, Update};
use crate::profile::{self, Pass};

/// The running means of a parameter's gradient and of its square.
#[derive(Clone, Debug)]
pub struct Moments {
    /// The mean of the gradients.
    pub first: Tensor<1>,
    /// The mean of the squared gradients.
    pub second: Tensor<1>,
}

impl Moments {
    /// The moments before the first step: zeros.
    pub fn zeros_like(parameter: &Tensor<1>) -> Self {
        Self {
            first: parameter.zeros_like(),
            second: parameter.zeros_like(),
        }
    }
}

/// A tensor to update and what that needs: all flat, of one length, outside of any gradient's graph (`inner()`).
#[derive(Debug)]
pub struct Parameter {
    /// Its values.
    pub value: Tensor<1>,
    /// Their gradients.
    pub gradient: Tensor<1>,
    /// What earlier steps left.
    pub moments: Moments,
    /// The decoupled weight decay λ, multiplied by the learning rate.
    pub weight_decay: f64,
}

/// One AdamW step (Loshchilov and Hutter 2019, algorithm 2) of all parameters: their new values and moments,
/// in the same order.
///
/// The kernel changes values and moments in place where nothing else holds them, in one pass over memory.
///
/// # Panics
/// If the lengths of a parameter's tensors differ.
pub fn adamw_step(parameters: Vec<Parameter>, update: &Update) -> Vec<(Tensor<1>, Moments)> {
    for parameter in &parameters {
        let length = parameter.value.dims();
        assert!(
            parameter.others().iter().all(|tensor| tensor.dims() == length),
            "a gradient and two moments for each of {length:?} values"
        );
    }
    let is_fused =
        |parameter: &Parameter| fused(&parameter.value) && parameter.others().into_iter().all(fused);
    if !parameters.iter().all(is_fused) {
        let step = |parameter| composed(parameter, update);
        return parameters.into_iter().map(step).collect();
    }
    profile::time("adamw_step", Pass::Update, || {
        let mut parameters: Vec<InPlace> = parameters.into_iter().map(InPlace::of).collect();
        adamw::step(parameters.iter_mut().map(InPlace::slices).collect(), update);
        parameters.into_iter().map(InPlace::into_tensors).collect()
    })
}

impl Parameter {
    fn others(&self) -> [&Tensor<1>; 3] {
        [&self.gradient, &self.moments.first, &self.moments.second]
    }
}

/// A parameter's tensors on the processor; all but the gradient are its own.
struct InPlace {
    gradient: FlexTensor,
    /// The values and both moments.
    updated: [FlexTensor; 3],
    weight_decay: f64,
}

impl InPlace {
    fn of(parameter: Parameter) -> Self {
        let Moments { first, second } = parameter.moments;
        Self {
            gradient: contiguous(inner(parameter.gradient.into_dispatch())),
            updated: [parameter.value, first, second]
                .map(|tensor| into_mutable(inner(tensor.into_dispatch()))),
            weight_decay: parameter.weight_decay,
        }
    }

    fn slices(&mut self) -> adamw::Parameter<'_> {
        let [values, first, second] = self.updated.each_mut().map(FlexTensor::storage_mut);
        adamw::Parameter {
            values,
            gradient: self::values(&self.gradient),
            first,
            second,
            weight_decay: self.weight_decay,
        }
    }

    fn into_tensors(self) -> (Tensor<1>, Moments) {
        let [value, first, second] = self.updated.map(Tensor::from_primitive::<Flex>);
        (value, Moments { first, second })
    }
}

fn composed(parameter: Parameter, update: &Update) -> (Tensor<1>, Moments) {
    let Update {
        learning_rate,
        beta_1,
        beta_2,
        epsilon,
        gradient_scale,
        step,
    } = *update;
    let Parameter {
        value,
        gradient,
        moments,
        weight_decay,
    } = parameter;
    let gradient = gradient.mul_scalar(gradient_scale);
    let first = moments.first.mul_scalar(beta_1) + gradient.clone().mul_scalar(1.0 - beta_1);
    let second = moments.second.mul_scalar(beta_2) + gradient.square().mul_scalar(1.0 - beta_2);
    let correction = |beta: f64| 1.0 - beta.powf(f64::from(step));
    let root = second
        .clone()
        .sqrt()
        .mul_scalar(correction(beta_2).sqrt().recip());
    let direction = first.clone() / root.add_scalar(epsilon);
    let kept = value.mul_scalar(1.0 - learning_rate * weight_decay);
    let value = kept - direction.mul_scalar(learning_rate / correction(beta_1));
    (value, Moments { first, second })
}
