//! Sums of squares.

use crate::parallel;
use crate::simd::{Simd, dispatch, fold_vectors};

/// Values summed in `f32` lanes before they are added up in `f64`.
const BLOCK: usize = 4096;

/// The sum of the squares of the values, block by block in order.
pub fn sum_of_squares(values: &[f32]) -> f64 {
    let blocks = values.len().div_ceil(BLOCK);
    let sum_block = |block| {
        f64::from(dispatch!(sum_block(
            &values[parallel::block(block, BLOCK, values.len())]
        )))
    };
    if !parallel::worthwhile(blocks, values.len()) {
        return (0..blocks).map(sum_block).sum();
    }
    use rayon::prelude::*;
    let sums: Vec<f64> = (0..blocks)
        .into_par_iter()
        .with_min_len(16)
        .map(sum_block)
        .collect();
    sums.iter().sum()
}

#[inline(always)]
fn sum_block<S: Simd>(simd: S, values: &[f32]) -> f32 {
    simd.sum(fold_vectors(
        simd,
        [values],
        0.0,
        0.0,
        #[inline(always)]
        |sum, [x]| simd.mul_add(x, x, sum),
    ))
}
