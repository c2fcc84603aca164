//! Rows between two others, by shares of their own: `y = x + (other - x) σ(share + bias)`.

use super::rows::{for_each_block, sum_over_blocks};
use crate::parallel::Shared;
use crate::simd::{Simd, dispatch, each_vector};

/// What is mixed, each `rows × width`.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// What they are where a share is none.
    pub x: &'a [f32],
    /// What they are where it is all.
    pub other: &'a [f32],
    /// What the shares are made of.
    pub share: &'a [f32],
}

impl Rows<'_> {
    /// How many rows there are of that width.
    fn count(&self, width: usize) -> usize {
        let rows = self.x.len().checked_div(width).unwrap_or(0);
        assert!(
            rows * width == self.x.len() && [self.other.len(), self.share.len()] == [self.x.len(); 2],
            "three values for each of rows of {width}"
        );
        rows
    }
}

/// Writes `y` of every row.
///
/// # Panics
/// If the lengths do not agree.
pub fn forward(rows: Rows, bias: &[f32], y: &mut [f32]) {
    let (width, count) = (bias.len(), rows.count(bias.len()));
    assert_eq!(y.len(), rows.x.len(), "an output for each value");
    let y = Shared::new(y);
    for_each_block(count, 24 * rows.x.len(), |mine| {
        for row in mine {
            let row = row * width..(row + 1) * width;
            // SAFETY: rows do not overlap.
            let y = unsafe { y.part(row.clone()) };
            let inputs = [&rows.x[row.clone()], &rows.other[row.clone()], &rows.share[row]];
            dispatch!(forward_row(inputs, bias, y));
        }
    });
}

#[inline(always)]
fn forward_row<S: Simd>(simd: S, [x, other, share]: [&[f32]; 3], bias: &[f32], y: &mut [f32]) {
    each_vector(
        simd,
        [x, other, share, bias],
        [y],
        0.0,
        #[inline(always)]
        |[x, other, share, bias], _| {
            let share = simd.sigmoid(simd.add(share, bias));
            [simd.mul_add(simd.sub(other, x), share, x)]
        },
    );
}

/// From the gradient of `y`, writes those of `x`, of the other and of what the shares are made of, and that of the bias.
///
/// # Panics
/// If the lengths do not agree.
pub fn backward(rows: Rows, bias: &[f32], dy: &[f32], gradients: [&mut [f32]; 3], dbias: &mut [f32]) {
    let (width, count) = (bias.len(), rows.count(bias.len()));
    let lengths = gradients.each_ref().map(|gradient| gradient.len());
    assert!(
        dy.len() == rows.x.len() && lengths == [dy.len(); 3] && dbias.len() == width,
        "a gradient for each value"
    );
    let gradients = gradients.map(Shared::new);
    sum_over_blocks(count, 28 * dy.len(), dbias, |mine, dbias| {
        for row in mine {
            let row = row * width..(row + 1) * width;
            // SAFETY: rows do not overlap.
            let gradients = gradients.map(|gradient| unsafe { gradient.part(row.clone()) });
            let inputs = [rows.x, rows.other, rows.share, dy].map(|values| &values[row.clone()]);
            dispatch!(backward_row(inputs, bias, gradients, dbias));
        }
    });
}

#[inline(always)]
fn backward_row<S: Simd>(
    simd: S,
    [x, other, share, dy]: [&[f32]; 4],
    bias: &[f32],
    [dx, dother, dshare]: [&mut [f32]; 3],
    dbias: &mut [f32],
) {
    each_vector(
        simd,
        [x, other, share, bias, dy],
        [dx, dother, dshare, dbias],
        0.0,
        #[inline(always)]
        |[x, other, share, bias, dy], [_, _, _, dbias]| {
            let share = simd.sigmoid(simd.add(share, bias));
            let rest = simd.sub(simd.splat(1.0), share);
            let dother = simd.mul(dy, share);
            let dshare = simd.mul(simd.mul(dother, rest), simd.sub(other, x));
            [simd.sub(dy, dother), dother, dshare, simd.add(dbias, dshare)]
        },
    );
}
