//! The head's product and the softmax cross-entropy after it, some rows at a time: the logits of all rows
//! never exist together.
//!
//! When gradients are wanted they are computed in the same pass, while logits are at hand, so that these
//! need not be computed again: of the inputs while a few rows' logits are in the cache, of the weight after
//! a chunk of them.

mod rounded;

use super::embedding::check;
use super::matrix::{Matrix, Target, is_finite};
use super::product::Right;
use super::softmax::{exponentials, largest_of};
use super::vectors::scale_in_place;
use crate::Precision;
use crate::memory::Buffer;
use crate::parallel::{self, Shared, block};
use crate::simd::{NEGLIGIBLE, Simd, dispatch, fold_vectors};

/// Logits that stay in the second-level cache: 1 MiB.
const NEAR: usize = 256 << 10;

/// Logits kept for the weight's gradient: 16 MiB.
const CHUNK: usize = 4 << 20;

/// Rows of a chunk at least, in four tasks of 32, however large the vocabulary.
const LEAST_CHUNK: usize = 128;

/// Rows whose logits number at most `logits`, in thirty-twos.
fn rows_of(logits: usize, vocabulary: usize, most: usize) -> usize {
    (logits / vocabulary.max(1) / 32 * 32).clamp(32, most)
}

/// The last layer.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// `vocabulary × width`, as an embedding table is.
    pub weight: &'a [f32],
    /// Values of a row.
    pub width: usize,
    /// What its products are computed in.
    pub precision: Precision,
}

/// Writes each row's loss `ln Σ exp(logits) - logits[target]`, with `logits = x weightᵀ`.
///
/// `x` is `rows × width`.
///
/// # Panics
/// If a target is not in the vocabulary, or the lengths do not agree.
pub fn losses(head: Head, x: &[f32], targets: &[u32], losses: &mut [f32]) {
    run(head, x, targets, losses, None);
}

/// The same, and the gradients of the mean loss: of `x` into `dx`, of the weight into `dweight`.
///
/// # Panics
/// If a target is not in the vocabulary, or the lengths do not agree.
pub fn losses_and_gradients(
    head: Head,
    x: &[f32],
    targets: &[u32],
    losses: &mut [f32],
    dx: &mut [f32],
    dweight: &mut [f32],
) {
    let shares = Shares::Equal(1.0 / targets.len() as f32);
    with_gradients(head, x, targets, shares, losses, [dx, dweight]);
}

/// The same with the gradients of the sum of the losses, each times its weight.
///
/// # Panics
/// If a target is not in the vocabulary, or the lengths do not agree.
pub fn weighted_losses_and_gradients(
    head: Head,
    x: &[f32],
    targets: &[u32],
    weights: &[f32],
    losses: &mut [f32],
    [dx, dweight]: [&mut [f32]; 2],
) {
    assert_eq!(weights.len(), targets.len(), "a weight for each row");
    with_gradients(head, x, targets, Shares::Own(weights), losses, [dx, dweight]);
}

/// What each row's loss is multiplied by in the sum that gradients are of.
#[derive(Clone, Copy)]
enum Shares<'a> {
    Equal(f32),
    Own(&'a [f32]),
}

impl Shares<'_> {
    fn of(self, row: usize) -> f32 {
        match self {
            Self::Equal(share) => share,
            Self::Own(weights) => weights[row],
        }
    }
}

fn with_gradients(
    head: Head,
    x: &[f32],
    targets: &[u32],
    shares: Shares,
    losses: &mut [f32],
    [dx, dweight]: [&mut [f32]; 2],
) {
    assert!(
        dx.len() == x.len() && dweight.len() == head.weight.len(),
        "a gradient for each value"
    );
    run(head, x, targets, losses, Some((dx, dweight, shares)));
}

fn run(
    head: Head,
    x: &[f32],
    targets: &[u32],
    losses: &mut [f32],
    gradients: Option<(&mut [f32], &mut [f32], Shares)>,
) {
    let Head {
        weight,
        width,
        precision,
    } = head;
    let (rows, vocabulary) = (targets.len(), weight.len().checked_div(width).unwrap_or(0));
    assert!(
        x.len() == rows * width && weight.len() == vocabulary * width,
        "rows of {width} values"
    );
    assert_eq!(losses.len(), rows, "a loss for each row");
    check(targets, vocabulary);
    let gradients = match (gradients, precision.rounding()) {
        // In one pass a target's probability is added apart from the others, which zero times infinity forbids.
        (Some((dx, dweight, shares)), Some(unit))
            if rows > 0 && dispatch!(is_finite(Matrix::new(weight, vocabulary, width))) =>
        {
            return rounded::losses_and_gradients(unit, head, x, targets, shares, losses, [dx, dweight]);
        }
        (gradients, _) => gradients,
    };
    let (x, weight) = (
        Matrix::new(x, rows, width),
        Matrix::new(weight, vocabulary, width),
    );
    let forward = Right::new(precision, weight.transposed());
    let far = rows_of(CHUNK, vocabulary, 2048).max(LEAST_CHUNK);
    // With few rows at a time, a wide weight would pass through the cache more often than the logits do; with
    // many, a chunk, or all rows where they are few, would be too few tasks.
    let near = rows_of(NEAR, vocabulary, 256)
        .max((width / 3).next_multiple_of(32))
        .min(far / 128 * 32)
        .min(rows.div_ceil(8).next_multiple_of(32).max(32));
    let losses = Shared::new(losses);
    let work = 2 * rows * width * vocabulary;
    // The logits of some rows, and their losses. Given shares, the logits become their gradients times these.
    let evaluate = |rows: std::ops::Range<usize>, logits: &mut [f32], shares: Option<Shares>| {
        let x = x.part(rows.start, rows.len(), 0, width);
        forward.multiply(x, Target::new(logits, vocabulary), false);
        // SAFETY: tasks evaluate rows of their own.
        let losses = unsafe { losses.part(rows.clone()) };
        for ((logits, row), loss) in logits.chunks_exact_mut(vocabulary).zip(rows).zip(losses) {
            let factor = shares.map(|shares| shares.of(row));
            *loss = dispatch!(softmax_row(logits, targets[row] as usize, factor));
        }
    };
    let Some((dx, dweight, shares)) = gradients else {
        parallel::for_each(rows.div_ceil(near), work, |task| {
            let rows = block(task, near, rows);
            evaluate(rows.clone(), &mut Buffer::any(rows.len() * vocabulary), None);
        });
        return;
    };
    if rows == 0 {
        return dweight.fill(0.0);
    }
    let backward = Right::new(precision, weight);
    let mut logits = Buffer::any(far.min(rows) * vocabulary);
    let dx = Target::new(dx, width);
    for first in (0..rows).step_by(far) {
        let count = far.min(rows - first);
        let shared = Shared::new(&mut logits);
        parallel::for_each(count.div_ceil(near), work, |task| {
            let rows = block(task, near, count);
            // SAFETY: the rows of tasks do not overlap.
            let logits = unsafe { shared.part(rows.start * vocabulary..rows.end * vocabulary) };
            let positions = first + rows.start..first + rows.end;
            evaluate(positions.clone(), logits, Some(shares));
            let dlogits = Matrix::new(logits, rows.len(), vocabulary);
            backward.multiply(dlogits, dx.from(positions.start, 0), false);
        });
        let dlogits = Matrix::new(&logits, count, vocabulary).transposed();
        precision.multiply(dlogits, x.part(first, count, 0, width), dweight, width, first > 0);
    }
}

#[inline(always)]
fn softmax_row<S: Simd>(simd: S, logits: &mut [f32], target: usize, factor: Option<f32>) -> f32 {
    let chosen = logits[target];
    let largest = largest_of(simd, logits, f32::NEG_INFINITY);
    let Some(factor) = factor else {
        let maximum = simd.splat(largest);
        let total = fold_vectors(
            simd,
            [logits],
            largest - NEGLIGIBLE,
            0.0,
            #[inline(always)]
            |sum, [x]| simd.add(sum, simd.exp(simd.sub(x, maximum))),
        );
        return simd.sum(total).ln() + (largest - chosen);
    };
    let total = exponentials(simd, logits, largest);
    scale_in_place(simd, logits, factor / total);
    logits[target] -= factor;
    total.ln() + (largest - chosen)
}
