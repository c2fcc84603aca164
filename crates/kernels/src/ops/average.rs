//! Moving averages of weights.

use burn::backend::Flex;
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::flex::{contiguous, fused, inner, into_mutable, values};
use crate::cpu::average;
use crate::profile::{self, Pass};

/// Averages moved towards weights, `decay × average + (1 - decay) × weight`, in the same order: all flat, outside of any
/// gradient's graph (`inner()`), each pair of one length.
///
/// The kernel changes averages in place where nothing else holds them.
///
/// # Panics
/// If the lengths of a pair differ.
pub fn moved_averages(pairs: Vec<(Tensor<1>, Tensor<1>)>, decay: f64) -> Vec<Tensor<1>> {
    if !pairs
        .iter()
        .all(|(average, weight)| fused(average) && fused(weight))
    {
        let moved = |(average, weight): (Tensor<1>, Tensor<1>)| {
            average.mul_scalar(decay) + weight.mul_scalar(1.0 - decay)
        };
        return pairs.into_iter().map(moved).collect();
    }
    profile::time("moved_averages", Pass::Update, || {
        let (mut averages, weights): (Vec<FlexTensor>, Vec<FlexTensor>) = pairs
            .into_iter()
            .map(|(average, weight)| {
                let average = into_mutable(inner(average.into_dispatch()));
                (average, contiguous(inner(weight.into_dispatch())))
            })
            .unzip();
        let slices = averages.iter_mut().map(FlexTensor::storage_mut);
        average::step(slices.zip(weights.iter().map(values)).collect(), decay);
        averages.into_iter().map(Tensor::from_primitive::<Flex>).collect()
    })
}
