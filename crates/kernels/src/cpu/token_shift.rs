//! Rows between each and that of the position before (Peng et al. 2025, arXiv 2503.14456, section 4):
//! `y[t] = x[t] + share (x[t-1] - x[t])`, with zeros before the first position.

use super::rows::{for_each_block, sum_over_blocks};
use crate::memory::Buffer;
use crate::parallel::Shared;
use crate::simd::{Simd, dispatch, each_vector};

/// The rows of some sequences, and the row before each, `batch × width`, if they go on from any.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// `rows × width`
    pub x: &'a [f32],
    /// Positions of a sequence.
    pub length: usize,
    /// The last rows of what came before.
    pub before: Option<&'a [f32]>,
}

impl<'a> Rows<'a> {
    /// How many rows there are of that width.
    fn count(&self, width: usize) -> usize {
        let rows = self.x.len().checked_div(width).unwrap_or(0);
        assert!(
            rows * width == self.x.len() && self.length > 0 && rows.is_multiple_of(self.length),
            "{} values where sequences have {} rows of {width}",
            self.x.len(),
            self.length
        );
        let before = self.before.map_or(rows / self.length * width, <[f32]>::len);
        assert_eq!(before, rows / self.length * width, "a row before each sequence");
        rows
    }

    /// The row before one, or those zeros.
    fn previous(&self, row: usize, zeros: &'a [f32]) -> &'a [f32] {
        let width = zeros.len();
        if !row.is_multiple_of(self.length) {
            return &self.x[(row - 1) * width..row * width];
        }
        let sequence = row / self.length;
        self.before
            .map_or(zeros, |before| &before[sequence * width..(sequence + 1) * width])
    }
}

/// Writes `y` of every row.
///
/// # Panics
/// If the lengths do not agree.
pub fn forward(rows: Rows, share: &[f32], y: &mut [f32]) {
    let (width, count) = (share.len(), rows.count(share.len()));
    assert_eq!(y.len(), rows.x.len(), "an output for each value");
    let (y, zeros) = (Shared::new(y), Buffer::zeros(width));
    for_each_block(count, 5 * rows.x.len(), |mine| {
        for row in mine {
            let values = row * width..(row + 1) * width;
            // SAFETY: rows do not overlap.
            let y = unsafe { y.part(values.clone()) };
            dispatch!(between([&rows.x[values], rows.previous(row, &zeros), share], y));
        }
    });
}

#[inline(always)]
fn between<S: Simd>(simd: S, inputs: [&[f32]; 3], y: &mut [f32]) {
    each_vector(
        simd,
        inputs,
        [y],
        0.0,
        #[inline(always)]
        |[x, previous, share], _| [simd.mul_add(share, simd.sub(previous, x), x)],
    );
}

/// From the gradient of `y` of sequences that begin, writes those of `x` and of the share:
/// `dx[t] = dy[t] + share (dy[t+1] - dy[t])` and `dshare = Σ dy[t] (x[t-1] - x[t])`.
///
/// # Panics
/// If the lengths do not agree.
pub fn backward(rows: Rows, share: &[f32], dy: &[f32], dx: &mut [f32], dshare: &mut [f32]) {
    let (width, count) = (share.len(), rows.count(share.len()));
    assert!(
        [dy.len(), dx.len()] == [rows.x.len(); 2] && dshare.len() == width && rows.before.is_none(),
        "gradients of sequences that begin"
    );
    let (dx, zeros) = (Shared::new(dx), Buffer::zeros(width));
    sum_over_blocks(count, 8 * rows.x.len(), dshare, |mine, dshare| {
        for row in mine {
            let values = row * width..(row + 1) * width;
            let later = match (row + 1).is_multiple_of(rows.length) {
                true => &*zeros,
                false => &dy[(row + 1) * width..(row + 2) * width],
            };
            // SAFETY: rows do not overlap.
            let dx = unsafe { dx.part(values.clone()) };
            let x = [&rows.x[values.clone()], rows.previous(row, &zeros)];
            dispatch!(backward_row(x, [&dy[values], later, share], dx, dshare));
        }
    });
}

#[inline(always)]
fn backward_row<S: Simd>(
    simd: S,
    [x, previous]: [&[f32]; 2],
    [dy, later, share]: [&[f32]; 3],
    dx: &mut [f32],
    dshare: &mut [f32],
) {
    each_vector(
        simd,
        [x, previous, dy, later, share],
        [dx, dshare],
        0.0,
        #[inline(always)]
        |[x, previous, dy, later, share], [_, dshare]| {
            [
                simd.mul_add(share, simd.sub(later, dy), dy),
                simd.mul_add(dy, simd.sub(previous, x), dshare),
            ]
        },
    );
}
