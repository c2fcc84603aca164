//! Layer normalisation of rows (Ba et al. 2016, arXiv 1607.06450, equation 4):
//! `y = (x - mean(x)) ÷ √(variance(x) + ε) × gain + bias`.

use super::rows::{for_each_block, sum_over_blocks};
use crate::parallel::Shared;
use crate::simd::{Simd, dispatch, each_vector, fold_vectors};

/// What rows are multiplied by and shifted by.
#[derive(Clone, Copy, Debug)]
pub struct Affine<'a> {
    /// `width`
    pub gain: &'a [f32],
    /// `width`
    pub bias: &'a [f32],
}

/// Normalises the rows of `x` (`rows × width`) into `y`, and writes the mean of each row and what it is then divided by,
/// inverted, which [`backward`] needs, into `moments` (`rows × 2`).
///
/// # Panics
/// If the lengths do not agree.
pub fn forward(x: &[f32], affine: Affine, epsilon: f32, y: &mut [f32], moments: &mut [f32]) {
    let (rows, width) = (moments.len() / 2, affine.gain.len());
    assert!(
        [x.len(), y.len()] == [rows * width; 2] && affine.bias.len() == width,
        "rows of {width} values"
    );
    let (y, moments) = (Shared::new(y), Shared::new(moments));
    for_each_block(rows, 6 * x.len(), |rows| {
        for row in rows {
            let values = row * width..(row + 1) * width;
            // SAFETY: rows do not overlap.
            let (y, moments) = unsafe { (y.part(values.clone()), moments.part(2 * row..2 * row + 2)) };
            dispatch!(forward_row(&x[values], affine, epsilon, y, moments));
        }
    });
}

#[inline(always)]
fn forward_row<S: Simd>(simd: S, x: &[f32], affine: Affine, epsilon: f32, y: &mut [f32], kept: &mut [f32]) {
    let [mean, scale] = moments(simd, x, epsilon);
    let (shift, factor) = (simd.splat(mean), simd.splat(scale));
    each_vector(
        simd,
        [x, affine.gain, affine.bias],
        [y],
        0.0,
        #[inline(always)]
        |[x, gain, bias], _| {
            let normed = simd.mul(simd.sub(x, shift), factor);
            [simd.mul_add(normed, gain, bias)]
        },
    );
    kept.copy_from_slice(&[mean, scale]);
}

/// The mean of a row, and `1 ÷ √(variance + ε)`.
#[inline(always)]
pub(super) fn moments<S: Simd>(simd: S, x: &[f32], epsilon: f32) -> [f32; 2] {
    let count = x.len() as f32;
    let sum = fold_vectors(
        simd,
        [x],
        0.0,
        0.0,
        #[inline(always)]
        |sum, [x]| simd.add(sum, x),
    );
    let mean = simd.sum(sum) / count;
    let shift = simd.splat(mean);
    let squares = fold_vectors(
        simd,
        [x],
        // Beyond the row, so that nothing is left of it there.
        mean,
        0.0,
        #[inline(always)]
        |sum, [x]| {
            let centred = simd.sub(x, shift);
            simd.mul_add(centred, centred, sum)
        },
    );
    let scale = 1.0 / (simd.sum(squares) / count + epsilon).sqrt();
    [mean, scale]
}

/// From the gradient of `y`, writes the gradients of `x` and, side by side, of gain and bias.
///
/// With `s` what a row was multiplied by, `n = (x - mean(x)) s` and `g = dy × gain`:
/// `dx = s (g - mean(g) - n mean(g n))`, `dgain = Σ dy n` and `dbias = Σ dy` over the rows.
///
/// # Panics
/// If the lengths do not agree.
pub fn backward(x: &[f32], gain: &[f32], moments: &[f32], dy: &[f32], dx: &mut [f32], daffine: &mut [f32]) {
    let (rows, width) = (moments.len() / 2, gain.len());
    assert!(
        [x.len(), dy.len(), dx.len()] == [rows * width; 3] && daffine.len() == 2 * width,
        "rows of {width} values"
    );
    let dx = Shared::new(dx);
    sum_over_blocks(rows, 10 * x.len(), daffine, |rows, daffine| {
        for row in rows {
            let values = row * width..(row + 1) * width;
            // SAFETY: rows do not overlap.
            let dx = unsafe { dx.part(values.clone()) };
            let (x, dy) = (&x[values.clone()], &dy[values]);
            let moments = [moments[2 * row], moments[2 * row + 1]];
            dispatch!(backward_row([x, gain, dy], moments, dx, daffine));
        }
    });
}

#[inline(always)]
fn backward_row<S: Simd>(
    simd: S,
    [x, gain, dy]: [&[f32]; 3],
    [mean, scale]: [f32; 2],
    dx: &mut [f32],
    daffine: &mut [f32],
) {
    let (dgain, dbias) = daffine.split_at_mut(gain.len());
    let (shift, factor) = (simd.splat(mean), simd.splat(scale));
    let (mut total, mut projection) = (simd.splat(0.0), simd.splat(0.0));
    each_vector(
        simd,
        [x, dy, gain],
        [dgain, dbias],
        0.0,
        #[inline(always)]
        |[x, dy, gain], [dgain, dbias]| {
            let normed = simd.mul(simd.sub(x, shift), factor);
            let product = simd.mul(dy, normed);
            total = simd.mul_add(dy, gain, total);
            projection = simd.mul_add(product, gain, projection);
            [simd.add(dgain, product), simd.add(dbias, dy)]
        },
    );
    let count = x.len() as f32;
    let mean = simd.splat(simd.sum(total) / count);
    let along = simd.splat(-simd.sum(projection) / count);
    each_vector(
        simd,
        [x, dy, gain],
        [dx],
        0.0,
        #[inline(always)]
        |[x, dy, gain], _| {
            let normed = simd.mul(simd.sub(x, shift), factor);
            let straight = simd.sub(simd.mul(dy, gain), mean);
            [simd.mul(simd.mul_add(normed, along, straight), factor)]
        },
    );
}
