//! A normalisation and the linear map after it, in bf16: `y = norm(x) × weight`. The normalised rows are rounded
//! while they are in the cache, and exist nowhere else.

use super::bf16::{Blocks, Left, SIDE, Unit, Work};
use super::matrix::{Matrix, Target};
use super::rms_norm;
use crate::memory::Buffer;
use crate::parallel::{self, Shared, block};
use crate::simd::dispatch;

/// Rows of a task.
pub(super) const ROWS: usize = 64;

/// The unit of a kernel that only runs where there is one.
pub(super) fn unit() -> Unit {
    Unit::detect().expect("callers asked `bf16::unit` first")
}

/// The normalisation's gain (`width`) and ε, and the weight (`width × columns`).
#[derive(Clone, Copy, Debug)]
pub struct NormLinear<'a> {
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
/// If the lengths do not agree, or the processor does not multiply in bf16.
pub fn forward(layer: NormLinear, x: &[f32], y: &mut [f32], scales: &mut [f32]) {
    let (unit, width, rows) = (unit(), layer.gain.len(), scales.len());
    let weight = layer.weight();
    let columns = weight.columns();
    assert!(
        x.len() == rows * width && y.len() == rows * columns,
        "{rows} rows"
    );
    let right = Blocks::of(unit, weight);
    let (y, scales) = (Target::new(y, columns), Shared::new(scales));
    parallel::for_each(rows.div_ceil(ROWS), 2 * rows * width * columns, |task| {
        let mine = block(task, ROWS, rows);
        // SAFETY: blocks of rows do not overlap.
        let scales = unsafe { scales.part(mine.clone()) };
        let left = normed(unit, layer.gain, layer.epsilon, &x[mine.start * width..], scales);
        Work::start(unit).multiply_rows(&left, mine.len(), &right, y.from(mine.start, 0), false);
    });
}

/// The first rows of `x`, as many as there are scales to write, normalised and packed.
pub(super) fn normed(unit: Unit, gain: &[f32], epsilon: f32, x: &[f32], scales: &mut [f32]) -> Left {
    let width = gain.len();
    let mut left = Left::new(unit, scales.len(), width);
    let mut strip = Buffer::any(SIDE * width);
    for (index, scales) in scales.chunks_mut(SIDE).enumerate() {
        let count = scales.len();
        let (x, strip) = (
            &x[index * SIDE * width..][..count * width],
            &mut strip[..count * width],
        );
        dispatch!(rms_norm::forward_rows(x, gain, epsilon, strip, scales));
        left.pack(index, Matrix::new(strip, count, width));
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

/// From the gradient of `y`, writes those of the inputs, the gain and the weight.
///
/// # Panics
/// As [`forward`].
pub fn backward(layer: NormLinear, x: &[f32], scales: &[f32], dy: &[f32], gradients: Gradients) {
    let (unit, width, rows) = (unit(), layer.gain.len(), scales.len());
    let weight = layer.weight();
    let columns = weight.columns();
    assert!(
        x.len() == rows * width && dy.len() == rows * columns,
        "{rows} rows"
    );
    let turned = Blocks::of(unit, weight.transposed());
    let mut normed = Blocks::left(unit, width, rows);
    let mut dright = Blocks::right(unit, columns, rows);
    let norm = NormBackward::new(layer.gain, x, scales, gradients.x);
    let mut gains = Buffer::zeros(rows.div_ceil(ROWS) * width);
    {
        let (normed, dright, gains) = (normed.packing(), dright.packing(), Shared::new(&mut gains));
        parallel::for_each(rows.div_ceil(ROWS), 2 * rows * width * columns, |task| {
            let mine = block(task, ROWS, rows);
            let dy = Matrix::new(&dy[mine.start * columns..], mine.len(), columns);
            // SAFETY: each task has rows of its own, and packs them as depth.
            let left = unsafe { Left::and_depth(unit, dy, dright, (mine.start / SIDE, 0)) };
            let mut dnormed = Buffer::any(mine.len() * width);
            let target = Target::new(&mut dnormed, width);
            Work::start(unit).multiply_rows(&left, mine.len(), &turned, target, false);
            // SAFETY: each task has its own sums.
            let gains = unsafe { gains.part(task * width..(task + 1) * width) };
            // SAFETY: each task has rows of its own.
            unsafe { norm.rows(mine, &dnormed, normed, gains) };
        });
    }
    rms_norm::add_up(&gains, gradients.gain);
    dright.multiply_blocks(&normed, gradients.weight, false);
}

/// The backward pass of a normalisation whose output was not kept.
#[derive(Clone, Copy)]
pub(super) struct NormBackward<'a> {
    gain: &'a [f32],
    x: &'a [f32],
    scales: &'a [f32],
    dx: Shared<'a>,
}

impl<'a> NormBackward<'a> {
    pub(super) fn new(gain: &'a [f32], x: &'a [f32], scales: &'a [f32], dx: &'a mut [f32]) -> Self {
        assert_eq!(dx.len(), x.len(), "a gradient for each value");
        let dx = Shared::new(dx);
        Self { gain, x, scales, dx }
    }

    /// The gradient of the inputs.
    pub(super) fn dx(self) -> Shared<'a> {
        self.dx
    }

    /// From the gradient of some normalised rows, the first of them a multiple of 32: packs these rows again,
    /// as depth, writes the gradient of their inputs, and adds to that of the gain.
    ///
    /// # Safety
    /// Nothing else may touch these rows of `dx`, or this depth of `normed`.
    pub(super) unsafe fn rows(
        self,
        rows: std::ops::Range<usize>,
        dnormed: &[f32],
        normed: super::bf16::Packing,
        dgain: &mut [f32],
    ) {
        let width = self.gain.len();
        let mut strip = Buffer::any(SIDE * width);
        for (index, dnormed) in dnormed.chunks(SIDE * width).enumerate() {
            let first = rows.start + index * SIDE;
            let count = dnormed.len() / width;
            let values = first * width..(first + count) * width;
            let (x, scales) = (&self.x[values.clone()], &self.scales[first..first + count]);
            let strip = &mut strip[..count * width];
            dispatch!(rms_norm::apply_rows(x, self.gain, scales, strip));
            // SAFETY: the caller's promise.
            let dx = unsafe {
                normed.pack(first / SIDE, 0, Matrix::new(strip, count, width));
                self.dx.part(values)
            };
            dispatch!(rms_norm::backward_rows(x, self.gain, scales, dnormed, dx, dgain));
        }
    }
}
