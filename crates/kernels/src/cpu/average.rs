//! Moving averages of weights, of all tensors in one pass over memory.

use crate::parallel;
use crate::simd::{Simd, dispatch, each_vector};

/// The most values of a piece of work.
const VALUES: usize = 8192;

/// Moves averages towards values of the same tensors, in place: `a = decay a + (1 - decay) v`, each product rounded.
///
/// # Panics
/// If the lengths of a pair differ.
pub fn step(pairs: Vec<(&mut [f32], &[f32])>, decay: f64) {
    let mut total = 0;
    for (average, values) in &pairs {
        assert_eq!(average.len(), values.len(), "a value for each that is averaged");
        total += average.len();
    }
    let pieces = pairs
        .into_iter()
        .flat_map(|(average, values)| average.chunks_mut(VALUES).zip(values.chunks(VALUES)))
        .collect();
    let constants = (decay as f32, (1.0 - decay) as f32);
    parallel::map(pieces, 3 * total, |piece: (&mut [f32], &[f32])| {
        dispatch!(step_piece(piece, constants));
    });
}

#[inline(always)]
fn step_piece<S: Simd>(simd: S, (average, values): (&mut [f32], &[f32]), (keep, rest): (f32, f32)) {
    let (keep, rest) = (simd.splat(keep), simd.splat(rest));
    each_vector(
        simd,
        [values],
        [average],
        0.0,
        #[inline(always)]
        |[value], [average]| [simd.add(simd.mul(average, keep), simd.mul(value, rest))],
    );
}
