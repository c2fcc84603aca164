//! Root-mean-square normalisation of the query heads and of the key heads of packed projections, each with a gain that
//! its heads share (Dehghani et al. 2023, arXiv 2302.05442, with the norm of Zhang and Sennrich 2019).

use super::attention_heads::AttentionHeads;
use super::rms_norm::{backward_rows, forward_rows};
use super::rows::{for_each_block, sum_over_blocks};
use super::vectors::scale;
use crate::parallel::Shared;
use crate::simd::{Simd, dispatch};

impl AttentionHeads {
    /// Heads of a row that are normalised.
    pub(crate) fn normed(self) -> usize {
        self.query + self.key_value
    }
}

fn check(heads: AttentionHeads, rows: usize, values: [usize; 2], gains: [&[f32]; 2]) {
    assert!(
        values == [rows * heads.projected(); 2] && gains.iter().all(|gain| gain.len() == heads.dimension),
        "rows of {heads:?} and a gain of a head for queries and for keys"
    );
}

/// Writes the rows with normalised queries and keys into `y`, and what each head was multiplied by, which [`backward`]
/// needs, into `scales`.
///
/// # Panics
/// If the lengths do not agree.
pub fn forward(
    heads: AttentionHeads,
    x: &[f32],
    gains: [&[f32]; 2],
    epsilon: f32,
    y: &mut [f32],
    scales: &mut [f32],
) {
    let (columns, normed) = (heads.projected(), heads.normed());
    let rows = scales.len() / normed;
    check(heads, rows, [x.len(), y.len()], gains);
    let (y, scales) = (Shared::new(y), Shared::new(scales));
    for_each_block(rows, 4 * x.len(), |rows| {
        for row in rows {
            let values = row * columns..(row + 1) * columns;
            // SAFETY: rows do not overlap.
            let (y, scales) = unsafe {
                (
                    y.part(values.clone()),
                    scales.part(row * normed..(row + 1) * normed),
                )
            };
            dispatch!(forward_row(heads, &x[values], gains, epsilon, y, scales));
        }
    });
}

#[inline(always)]
fn forward_row<S: Simd>(
    simd: S,
    heads: AttentionHeads,
    x: &[f32],
    gains: [&[f32]; 2],
    epsilon: f32,
    y: &mut [f32],
    scales: &mut [f32],
) {
    let ([queries, keys, values], [to_queries, to_keys, to_values]) =
        (heads.split_row(x), heads.split_row_mut(y));
    let (of_queries, of_keys) = scales.split_at_mut(heads.query);
    forward_rows(simd, queries, gains[0], epsilon, to_queries, of_queries);
    forward_rows(simd, keys, gains[1], epsilon, to_keys, of_keys);
    scale(simd, values, 1.0, to_values);
}

/// From the gradient of `y`, writes the gradients of `x` and of the gains, those of the queries' first.
///
/// # Panics
/// If the lengths do not agree.
pub fn backward(
    heads: AttentionHeads,
    x: &[f32],
    gains: [&[f32]; 2],
    scales: &[f32],
    dy: &[f32],
    dx: &mut [f32],
    dgains: &mut [f32],
) {
    let (columns, normed) = (heads.projected(), heads.normed());
    let rows = scales.len() / normed;
    check(heads, rows, [x.len(), dy.len()], gains);
    assert!(
        dx.len() == x.len() && dgains.len() == 2 * heads.dimension,
        "gradients of rows and gains"
    );
    let dx = Shared::new(dx);
    sum_over_blocks(rows, 8 * x.len(), dgains, |rows, dgains| {
        for row in rows {
            let values = row * columns..(row + 1) * columns;
            let scales = &scales[row * normed..(row + 1) * normed];
            // SAFETY: rows do not overlap.
            let dx = unsafe { dx.part(values.clone()) };
            let rows = [&x[values.clone()], &dy[values]];
            dispatch!(backward_row(heads, rows, gains, scales, dx, dgains));
        }
    });
}

#[inline(always)]
fn backward_row<S: Simd>(
    simd: S,
    heads: AttentionHeads,
    rows: [&[f32]; 2],
    gains: [&[f32]; 2],
    scales: &[f32],
    dx: &mut [f32],
    dgains: &mut [f32],
) {
    let [[queries, keys, _], [dqueries, dkeys, dvalues]] = rows.map(|row| heads.split_row(row));
    let [to_queries, to_keys, to_values] = heads.split_row_mut(dx);
    let (of_queries, of_keys) = scales.split_at(heads.query);
    let (query_gain, key_gain) = dgains.split_at_mut(heads.dimension);
    backward_rows(
        simd, queries, gains[0], of_queries, dqueries, to_queries, query_gain,
    );
    backward_rows(simd, keys, gains[1], of_keys, dkeys, to_keys, key_gain);
    scale(simd, dvalues, 1.0, to_values);
}
