//! The norm of gradients.

use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::flex::{contiguous, fused, inner, values};
use crate::cpu::norm;
use crate::profile::{self, Pass};

/// The Euclidean norm over all values of all the tensors, as gradients are clipped by.
pub fn gradient_norm<'a>(gradients: impl IntoIterator<Item = &'a Tensor<1>>) -> f64 {
    let gradients: Vec<&Tensor<1>> = gradients.into_iter().collect();
    if !gradients.iter().all(|gradient| fused(gradient)) {
        return composed(&gradients);
    }
    profile::time("gradient_norm", Pass::Update, || {
        let gradients: Vec<FlexTensor> = gradients
            .iter()
            .map(|&gradient| contiguous(inner(gradient.clone().into_dispatch())))
            .collect();
        let gradients: Vec<&[f32]> = gradients.iter().map(values).collect();
        norm::gradient_norm(&gradients)
    })
}

fn composed(gradients: &[&Tensor<1>]) -> f64 {
    let squares = |&gradient: &&Tensor<1>| f64::from(gradient.clone().square().sum().into_scalar::<f32>());
    gradients.iter().map(squares).sum::<f64>().sqrt()
}
