//! Norms of tensors.

use burn::tensor::Tensor;

use super::flex::{contiguous, fused, inner, values};
use crate::cpu::norm;
use crate::profile::{self, Pass};

/// The sum of the squares of all values.
pub fn sum_of_squares<const D: usize>(x: &Tensor<D>) -> f64 {
    if fused(x) {
        return profile::time("gradient_norm", Pass::Update, || {
            norm::sum_of_squares(values(&contiguous(inner(x.clone().into_dispatch()))))
        });
    }
    f64::from(x.clone().square().sum().into_scalar::<f32>())
}

/// The Euclidean norm over all values of all the tensors, as gradients are clipped by.
pub fn gradient_norm<'a>(gradients: impl IntoIterator<Item = &'a Tensor<1>>) -> f64 {
    gradients.into_iter().map(sum_of_squares).sum::<f64>().sqrt()
}
