//! Vectors by numbers, and by vectors.

use crate::simd::{Simd, each_vector, fold_vectors};

/// `to = x × factor`
#[inline(always)]
pub(super) fn scale<S: Simd>(simd: S, x: &[f32], factor: f32, to: &mut [f32]) {
    let factor = simd.splat(factor);
    each_vector(
        simd,
        [x],
        [to],
        0.0,
        #[inline(always)]
        |[x], _| [simd.mul(x, factor)],
    );
}

/// `to += x × factor`
#[inline(always)]
pub(super) fn add_scaled<S: Simd>(simd: S, x: &[f32], factor: f32, to: &mut [f32]) {
    let factor = simd.splat(factor);
    each_vector(
        simd,
        [x],
        [to],
        0.0,
        #[inline(always)]
        |[x], [sum]| [simd.mul_add(x, factor, sum)],
    );
}

/// `Σ x y`
#[inline(always)]
pub(super) fn dot<S: Simd>(simd: S, x: &[f32], y: &[f32]) -> f32 {
    let sum = fold_vectors(
        simd,
        [x, y],
        0.0,
        0.0,
        #[inline(always)]
        |sum, [x, y]| simd.mul_add(x, y, sum),
    );
    simd.sum(sum)
}

/// `x = x × factor`
#[inline(always)]
pub(super) fn scale_in_place<S: Simd>(simd: S, x: &mut [f32], factor: f32) {
    let factor = simd.splat(factor);
    each_vector(
        simd,
        [],
        [x],
        0.0,
        #[inline(always)]
        |[], [x]| [simd.mul(x, factor)],
    );
}
