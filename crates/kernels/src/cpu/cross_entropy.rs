//! The head's product and the softmax cross-entropy after it, some rows at a time: the logits of all rows
//! never exist together.
//!
//! When gradients are wanted they are computed in the same pass, while a chunk's logits are at hand, so
//! the logits need not be computed again.

use super::embedding::check;
use super::matmul::Matrix;
use crate::Precision;
use crate::memory::Buffer;
use crate::parallel::{self, Shared, block};
use crate::simd::{LANES, Simd, dispatch};

/// Logits of a chunk: 16 MiB.
const LOGITS: usize = 4 << 20;

/// Rows a task does between the products.
const ROWS: usize = 8;

/// Rows of a chunk.
fn chunk_rows(vocabulary: usize) -> usize {
    (LOGITS / vocabulary.max(1)).clamp(56, 2016) / 56 * 56
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

/// The same, and the gradients of the *mean* loss: of `x` into `dx`, of the weight into `dweight`.
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
    assert!(
        dx.len() == x.len() && dweight.len() == head.weight.len(),
        "a gradient for each value"
    );
    run(head, x, targets, losses, Some((dx, dweight)));
}

fn run(
    head: Head,
    x: &[f32],
    targets: &[u32],
    losses: &mut [f32],
    mut gradients: Option<(&mut [f32], &mut [f32])>,
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
    let step = chunk_rows(vocabulary);
    let mut logits = Buffer::any(step.min(rows) * vocabulary);
    let head = Matrix::new(weight, vocabulary, width);
    if let (Some((_, dweight)), 0) = (&mut gradients, rows) {
        dweight.fill(0.0);
    }
    for first in (0..rows).step_by(step) {
        let chunk = first..(first + step).min(rows);
        let values = chunk.start * width..chunk.end * width;
        let inputs = Matrix::new(&x[values.clone()], chunk.len(), width);
        let logits = &mut logits[..chunk.len() * vocabulary];
        precision.multiply(inputs, head.transposed(), logits, vocabulary, false);
        let factor = gradients.is_some().then(|| 1.0 / rows as f32);
        softmax(
            logits,
            vocabulary,
            &targets[chunk.clone()],
            factor,
            &mut losses[chunk.clone()],
        );
        if let Some((dx, dweight)) = &mut gradients {
            let dlogits = Matrix::new(logits, chunk.len(), vocabulary);
            precision.multiply(dlogits, head, &mut dx[values], width, false);
            precision.multiply(dlogits.transposed(), inputs, dweight, width, first > 0);
        }
    }
}

/// Each row's loss; with a factor, the logits become their gradients times the factor.
fn softmax(logits: &mut [f32], vocabulary: usize, targets: &[u32], factor: Option<f32>, losses: &mut [f32]) {
    let (rows, work) = (targets.len(), 20 * logits.len());
    let (logits, losses) = (Shared::new(logits), Shared::new(losses));
    parallel::for_each(rows.div_ceil(ROWS), work, |task| {
        for row in block(task, ROWS, rows) {
            let range = row * vocabulary..(row + 1) * vocabulary;
            // SAFETY: rows do not overlap.
            let (logits, loss) = unsafe { (logits.part(range), losses.part(row..row + 1)) };
            loss[0] = dispatch!(softmax_row(logits, targets[row] as usize, factor));
        }
    });
}

#[inline(always)]
fn softmax_row<S: Simd>(simd: S, logits: &mut [f32], target: usize, factor: Option<f32>) -> f32 {
    let chosen = logits[target];
    let mut largest = simd.splat(f32::NEG_INFINITY);
    for logits in logits.chunks(LANES) {
        largest = simd.maximum(simd.load_partial(logits, f32::NEG_INFINITY), largest);
    }
    let maximum = simd.largest(largest);
    let mut total = simd.splat(0.0);
    for logits in logits.chunks_mut(LANES) {
        let value = simd.exp(simd.sub(simd.load_partial(logits, f32::NEG_INFINITY), simd.splat(maximum)));
        total = simd.add(total, value);
        if factor.is_some() {
            simd.store_partial(value, logits);
        }
    }
    let total = simd.sum(total);
    if let Some(factor) = factor {
        let scale = simd.splat(factor / total);
        for logits in logits.chunks_mut(LANES) {
            simd.store_partial(simd.mul(simd.load_partial(logits, 0.0), scale), logits);
        }
        logits[target] -= factor;
    }
    total.ln() + (maximum - chosen)
}
