//! The two passes over a row that a softmax is made of.

use crate::simd::{LANES, NEGLIGIBLE, Simd, each_vector, fold_vectors};

/// The largest of the values and of `least`.
#[inline(always)]
pub(super) fn largest_of<S: Simd>(simd: S, values: &[f32], least: f32) -> f32 {
    let largest = fold_vectors(
        simd,
        [values],
        f32::NEG_INFINITY,
        least,
        #[inline(always)]
        |m, [x]| simd.maximum(x, m),
    );
    simd.largest(largest)
}

/// Replaces the values by their exponentials over the reference, and returns the sum.
#[inline(always)]
pub(super) fn exponentials<S: Simd>(simd: S, values: &mut [f32], reference: f32) -> f32 {
    let (shift, mut total) = (simd.splat(reference), simd.splat(0.0));
    each_vector(
        simd,
        [],
        [values],
        reference - NEGLIGIBLE,
        #[inline(always)]
        |[], [x]| {
            let value = simd.exp(simd.sub(x, shift));
            total = simd.add(total, value);
            [value]
        },
    );
    simd.sum(total)
}

/// Writes `fill` into the lanes beyond the first `length` values that their last vector has.
#[inline(always)]
pub(super) fn fill_up<S: Simd>(simd: S, values: &mut [f32], length: usize, fill: f32) {
    let whole = length / LANES * LANES;
    if whole < length {
        let last = simd.load_partial(&values[whole..length], fill);
        simd.store_partial(last, &mut values[whole..whole + LANES]);
    }
}
