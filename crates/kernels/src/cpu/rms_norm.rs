//! Root-mean-square normalisation of rows (Zhang and Sennrich 2019, equation 4):
//! `y = x ÷ √(mean(x²) + ε) × weight`.

use super::rows::{for_each_block, sum_over_blocks};
use super::vectors::dot;
use crate::parallel::Shared;
use crate::simd::{Simd, dispatch, each_vector};

/// Normalises the rows of `x` (`rows × width`, the length of `weight`) into `y`, and writes
/// `1 ÷ √(mean(x²) + ε)` of each row, which [`backward`] needs, into `scales`.
///
/// # Panics
/// If the lengths do not agree.
pub fn forward(x: &[f32], weight: &[f32], epsilon: f32, y: &mut [f32], scales: &mut [f32]) {
    let (rows, width) = (scales.len(), weight.len());
    assert!(
        x.len() == rows * width && y.len() == x.len(),
        "rows of {width} values"
    );
    let (y, scales) = (Shared::new(y), Shared::new(scales));
    for_each_block(rows, 4 * x.len(), |rows| {
        let values = rows.start * width..rows.end * width;
        // SAFETY: blocks of rows do not overlap.
        let (y, scales) = unsafe { (y.part(values.clone()), scales.part(rows)) };
        dispatch!(forward_rows(&x[values], weight, epsilon, y, scales));
    });
}

#[inline(always)]
pub(super) fn forward_rows<S: Simd>(
    simd: S,
    x: &[f32],
    weight: &[f32],
    epsilon: f32,
    y: &mut [f32],
    scales: &mut [f32],
) {
    let width = weight.len();
    if width == 0 {
        return;
    }
    for ((x, y), scale) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)).zip(scales) {
        *scale = scale_of(simd, x, epsilon);
        apply_row(simd, x, weight, *scale, y);
    }
}

/// What a row is scaled by: `1 ÷ √(mean of its squares + ε)`.
#[inline(always)]
pub(super) fn scale_of<S: Simd>(simd: S, x: &[f32], epsilon: f32) -> f32 {
    1.0 / (dot(simd, x, x) / x.len() as f32 + epsilon).sqrt()
}

/// Normalises a row whose scale is known.
#[inline(always)]
fn apply_row<S: Simd>(simd: S, x: &[f32], weight: &[f32], scale: f32, y: &mut [f32]) {
    let factor = simd.splat(scale);
    each_vector(
        simd,
        [x, weight],
        [y],
        0.0,
        #[inline(always)]
        |[x, w], _| [simd.mul(simd.mul(x, factor), w)],
    );
}

/// From the gradient of `y`, writes the gradients of `x` and of the weight.
///
/// With `s` the scale of a row, `n = x s` and `g = dy × weight`: `dx = s (g - n mean(g n))` and
/// `dweight = Σ dy n` over the rows.
///
/// # Panics
/// If the lengths do not agree.
pub fn backward(x: &[f32], weight: &[f32], scales: &[f32], dy: &[f32], dx: &mut [f32], dweight: &mut [f32]) {
    let (rows, width) = (scales.len(), weight.len());
    assert!(
        x.len() == rows * width && dy.len() == x.len() && dx.len() == x.len(),
        "rows of {width} values"
    );
    assert_eq!(dweight.len(), width, "the weight's gradient");
    let dx = Shared::new(dx);
    sum_over_blocks(rows, 8 * x.len(), dweight, |rows, dweight| {
        let values = rows.start * width..rows.end * width;
        // SAFETY: blocks of rows do not overlap.
        let dx = unsafe { dx.part(values.clone()) };
        dispatch!(backward_rows(
            &x[values.clone()],
            weight,
            &scales[rows],
            &dy[values],
            dx,
            dweight
        ));
    });
}

/// Normalises rows whose scales are known.
#[inline(always)]
pub(super) fn apply_rows<S: Simd>(simd: S, x: &[f32], weight: &[f32], scales: &[f32], y: &mut [f32]) {
    let width = weight.len();
    for (row, &scale) in scales.iter().enumerate() {
        let range = row * width..(row + 1) * width;
        apply_row(simd, &x[range.clone()], weight, scale, &mut y[range]);
    }
}

#[inline(always)]
pub(super) fn backward_rows<S: Simd>(
    simd: S,
    x: &[f32],
    weight: &[f32],
    scales: &[f32],
    dy: &[f32],
    dx: &mut [f32],
    dweight: &mut [f32],
) {
    let width = weight.len();
    for (row, &scale) in scales.iter().enumerate() {
        let range = row * width..(row + 1) * width;
        let (x, dy, dx) = (&x[range.clone()], &dy[range.clone()], &mut dx[range]);
        let factor = simd.splat(scale);
        let mut projection = simd.splat(0.0);
        each_vector(
            simd,
            [x, dy, weight],
            [&mut *dweight],
            0.0,
            #[inline(always)]
            |[x, dy, w], [dw]| {
                let product = simd.mul(dy, simd.mul(x, factor));
                projection = simd.mul_add(product, w, projection);
                [simd.add(dw, product)]
            },
        );
        let mean = simd.splat(-simd.sum(projection) / width as f32);
        each_vector(
            simd,
            [x, dy, weight],
            [dx],
            0.0,
            #[inline(always)]
            |[x, dy, w], _| [simd.mul(simd.mul_add(simd.mul(x, factor), mean, simd.mul(dy, w)), factor)],
        );
    }
}
