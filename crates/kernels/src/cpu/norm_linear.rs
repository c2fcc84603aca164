//! A normalisation and the linear map after it: `y = norm(x) × weight`. The normalised rows are packed while they
//! are in the cache; the backward pass makes them again.

use super::matrix::{Matrix, Target};
use super::product::{DepthLeft, Left, Packing, Right, STRIP};
use super::rms_norm;
use super::rows::{for_each_block, sum_over_blocks};
use super::vectors::add_scaled;
use crate::Precision;
use crate::memory::Buffer;
use crate::parallel::Shared;
use crate::simd::dispatch;

/// The normalisation's gain (`width`) and ε, and the weight (`width × columns`).
#[derive(Clone, Copy, Debug)]
pub struct NormLinear<'a> {
    /// What the products are in.
    pub precision: Precision,
    /// What the normalised values are multiplied by.
    pub gain: &'a [f32],
    /// Added to the mean square.
    pub epsilon: f32,
    /// `width × columns`
    pub weight: &'a [f32],
}

impl<'a> NormLinear<'a> {
    fn weight(&self) -> Matrix<'a> {
        let width = self.gain.len();
        let columns = self.weight.len().checked_div(width).unwrap_or(0);
        assert_eq!(self.weight.len(), width * columns, "rows of {columns} weights");
        Matrix::new(self.weight, width, columns)
    }
}

/// Writes the product of the normalised rows of `x` into `y`, and `1 ÷ √(mean(x²) + ε)` of each row into
/// `scales`.
///
/// # Panics
/// If the lengths do not agree.
pub fn forward(layer: NormLinear, x: &[f32], y: &mut [f32], scales: &mut [f32]) {
    let (precision, width, rows) = (layer.precision, layer.gain.len(), scales.len());
    let weight = layer.weight();
    let columns = weight.columns();
    assert!(
        x.len() == rows * width && y.len() == rows * columns,
        "{rows} rows"
    );
    let right = Right::new(precision, weight);
    let (y, scales) = (Target::new(y, columns), Shared::new(scales));
    for_each_block(rows, 2 * rows * width * columns, |mine| {
        // SAFETY: blocks of rows do not overlap.
        let scales = unsafe { scales.part(mine.clone()) };
        let left = normed(
            precision,
            layer.gain,
            layer.epsilon,
            &x[mine.start * width..],
            scales,
        );
        right.multiply_left(&left, y.from(mine.start, 0), false);
    });
}

/// The first rows of `x`, as many as there are scales to write, normalised and packed.
pub(super) fn normed(
    precision: Precision,
    gain: &[f32],
    epsilon: f32,
    x: &[f32],
    scales: &mut [f32],
) -> Left<'static> {
    let width = gain.len();
    let mut left = Left::any(precision, scales.len(), width);
    for (index, scales) in scales.chunks_mut(STRIP).enumerate() {
        let x = &x[index * STRIP * width..][..scales.len() * width];
        left.write(index, scales.len(), |strip| {
            dispatch!(rms_norm::forward_rows(x, gain, epsilon, strip, scales));
        });
    }
    left
}

/// The gradients that [`backward`] writes.
#[derive(Debug)]
pub struct Gradients<'a> {
    /// Of the inputs, `rows × width`.
    pub x: &'a mut [f32],
    /// Of the gain, `width`.
    pub gain: &'a mut [f32],
    /// Of the weight, `width × columns`.
    pub weight: &'a mut [f32],
}

/// From the gradient of `y`, writes those of the inputs, the gain and the weight. The inputs also go around the
/// layer: `around` is the gradient that comes back from there, which is added to theirs.
///
/// # Panics
/// As [`forward`].
pub fn backward(
    layer: NormLinear,
    x: &[f32],
    scales: &[f32],
    dy: &[f32],
    around: &[f32],
    gradients: Gradients,
) {
    let (precision, width, rows) = (layer.precision, layer.gain.len(), scales.len());
    let weight = layer.weight();
    let columns = weight.columns();
    assert!(
        x.len() == rows * width && dy.len() == rows * columns,
        "{rows} rows"
    );
    assert_eq!(gradients.gain.len(), width, "the gain's gradient");
    let turned = Right::new(precision, weight.transposed());
    let mut normed = DepthLeft::any(precision, rows, width);
    let mut dright = Right::any(precision, rows, columns);
    let norm = NormBackward::new(layer.gain, x, scales, around, gradients.x);
    {
        let (normed, dright) = (normed.packing(), dright.packing());
        let work = 2 * rows * width * columns;
        sum_over_blocks(rows, work, gradients.gain, |mine, dgain| {
            let dy = Matrix::new(&dy[mine.start * columns..], mine.len(), columns);
            // SAFETY: each task has rows of its own.
            let left = unsafe { Left::and_depth(precision, dy, dright, mine.start) };
            let mut dnormed = Buffer::any(mine.len() * width);
            turned.multiply_left(&left, Target::new(&mut dnormed, width), false);
            // SAFETY: each task has rows of its own.
            unsafe { norm.rows(mine, &dnormed, normed, dgain) };
        });
    }
    dright.multiply_depth(&normed, gradients.weight);
}

/// The backward pass of a normalisation whose output was not kept.
#[derive(Clone, Copy)]
pub(super) struct NormBackward<'a> {
    gain: &'a [f32],
    x: &'a [f32],
    scales: &'a [f32],
    around: &'a [f32],
    dx: Shared<'a>,
}

impl<'a> NormBackward<'a> {
    pub(super) fn new(
        gain: &'a [f32],
        x: &'a [f32],
        scales: &'a [f32],
        around: &'a [f32],
        dx: &'a mut [f32],
    ) -> Self {
        assert!(
            dx.len() == x.len() && around.len() == x.len(),
            "a gradient for each value, and one from around the layer"
        );
        Self {
            gain,
            x,
            scales,
            around,
            dx: Shared::new(dx),
        }
    }

    /// From the gradient of some normalised rows, the first of them a multiple of 32: packs these rows again,
    /// as depth, writes the gradient of their inputs, that from around the layer included, and adds to that of the
    /// gain.
    ///
    /// # Safety
    /// Nothing else may touch these rows of `dx`, or this depth of `normed`.
    pub(super) unsafe fn rows(
        self,
        rows: std::ops::Range<usize>,
        dnormed: &[f32],
        normed: Packing,
        dgain: &mut [f32],
    ) {
        let width = self.gain.len();
        let mut strip = Buffer::any(STRIP * width);
        for (index, dnormed) in dnormed.chunks((STRIP * width).max(1)).enumerate() {
            let first = rows.start + index * STRIP;
            let count = dnormed.len() / width;
            let values = first * width..(first + count) * width;
            let (x, scales) = (&self.x[values.clone()], &self.scales[first..first + count]);
            let strip = &mut strip[..count * width];
            dispatch!(rms_norm::apply_rows(x, self.gain, scales, strip));
            // SAFETY: the caller's promise.
            let dx = unsafe {
                normed.pack(first, Matrix::new(strip, count, width));
                self.dx.part(values.clone())
            };
            dispatch!(rms_norm::backward_rows(x, self.gain, scales, dnormed, dx, dgain));
            dispatch!(add_scaled(&self.around[values], 1.0, dx));
        }
    }
}
