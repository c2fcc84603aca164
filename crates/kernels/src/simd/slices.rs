//! Loops over slices, vector by vector.

use super::{LANES, Simd};

/// Goes over slices of one length, vector by vector: `step` gets the values of the inputs and of the slices to
/// update, and returns the new values of the latter. In a last vector that the slices do not fill, the other
/// lanes hold `fill`.
///
/// # Panics
/// If the lengths differ.
#[inline(always)]
pub fn each_vector<S: Simd, const I: usize, const U: usize>(
    simd: S,
    inputs: [&[f32]; I],
    mut updates: [&mut [f32]; U],
    fill: f32,
    mut step: impl FnMut([S::Floats; I], [S::Floats; U]) -> [S::Floats; U],
) {
    let length = if I > 0 {
        inputs[0].len()
    } else {
        updates.first().map_or(0, |first| first.len())
    };
    // Plain loops here and below: library functions may be compiled without the instructions.
    for input in &inputs {
        assert!(input.len() == length, "slices of {length} values");
    }
    for update in &updates {
        assert!(update.len() == length, "slices of {length} values");
    }
    let whole = length / LANES * LANES;
    let mut at = 0;
    while at < whole {
        let (mut values, mut old) = ([simd.splat(0.0); I], [simd.splat(0.0); U]);
        // SAFETY: `at + 16 ≤ length`, the length of every slice.
        unsafe {
            for (value, input) in values.iter_mut().zip(&inputs) {
                *value = simd.load_pointer(input.as_ptr().add(at));
            }
            for (value, update) in old.iter_mut().zip(&updates) {
                *value = simd.load_pointer(update.as_ptr().add(at));
            }
            let new = step(values, old);
            for (value, update) in new.iter().zip(&mut updates) {
                simd.store_pointer(*value, update.as_mut_ptr().add(at));
            }
        }
        at += LANES;
    }
    if whole < length {
        let (mut values, mut old) = ([simd.splat(0.0); I], [simd.splat(0.0); U]);
        for (value, input) in values.iter_mut().zip(&inputs) {
            *value = simd.load_partial(&input[whole..], fill);
        }
        for (value, update) in old.iter_mut().zip(&updates) {
            *value = simd.load_partial(&update[whole..], fill);
        }
        let new = step(values, old);
        for (value, update) in new.iter().zip(&mut updates) {
            simd.store_partial(*value, &mut update[whole..]);
        }
    }
}

/// Folds slices of one length into a vector: as [`each_vector`], with the accumulator in place of updates.
///
/// # Panics
/// If the lengths differ.
#[inline(always)]
pub fn fold_vectors<S: Simd, const I: usize>(
    simd: S,
    inputs: [&[f32]; I],
    fill: f32,
    start: f32,
    mut step: impl FnMut(S::Floats, [S::Floats; I]) -> S::Floats,
) -> S::Floats {
    let mut folded = simd.splat(start);
    each_vector(
        simd,
        inputs,
        [],
        fill,
        #[inline(always)]
        |values, []| {
            folded = step(folded, values);
            []
        },
    );
    folded
}
