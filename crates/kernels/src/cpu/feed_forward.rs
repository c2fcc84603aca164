//! The feed-forward half of a block in bf16: `y = x + swiglu(norm(x) × gate_and_up) × down`, some rows at a
//! time, so that what lies between the products stays in the cache. Gate and up are kept for [`backward`].

use super::bf16::{Blocks, Left, SIDE, Work};
use super::matrix::{Matrix, Target};
use super::norm_linear::{NormBackward, ROWS, normed, unit};
use super::{rms_norm, swiglu};
use crate::memory::Buffer;
use crate::parallel::{self, Shared, block};
use crate::simd::{Simd, dispatch, each_vector};

/// The weights.
#[derive(Clone, Copy, Debug)]
pub struct FeedForward<'a> {
    /// What the normalised values are multiplied by, `width`.
    pub gain: &'a [f32],
    /// Added to the mean square.
    pub epsilon: f32,
    /// `width × 2 inner`, the gate first.
    pub gate_and_up: &'a [f32],
    /// `inner × width`
    pub down: &'a [f32],
}

impl<'a> FeedForward<'a> {
    /// The width and the inner width.
    fn sizes(&self) -> [usize; 2] {
        let width = self.gain.len();
        let inner = self.down.len().checked_div(width).unwrap_or(0);
        assert!(
            self.down.len() == inner * width && self.gate_and_up.len() == 2 * inner * width,
            "weights of width {width} and inner width {inner}"
        );
        [width, inner]
    }

    fn weights(&self) -> [Matrix<'a>; 2] {
        let [width, inner] = self.sizes();
        [
            Matrix::new(self.gate_and_up, width, 2 * inner),
            Matrix::new(self.down, inner, width),
        ]
    }

    /// Multiplications and additions of the products.
    fn work(&self, rows: usize) -> usize {
        2 * rows * (self.gate_and_up.len() + self.down.len())
    }
}

/// Writes `y` (`rows × width`, as `x`), and what [`backward`] needs: `1 ÷ √(mean(x²) + ε)` of each row into
/// `scales`, and the product before the gate into `gate_up` (`rows × 2 inner`).
///
/// # Panics
/// If the lengths do not agree, or the processor does not multiply in bf16.
pub fn forward(layer: FeedForward, x: &[f32], y: &mut [f32], scales: &mut [f32], gate_up: &mut [f32]) {
    let (unit, [width, inner], rows) = (unit(), layer.sizes(), scales.len());
    assert!(
        x.len() == rows * width && y.len() == x.len() && gate_up.len() == 2 * rows * inner,
        "{rows} rows"
    );
    let [gate_and_up, down] = layer.weights().map(|weight| Blocks::of(unit, weight));
    let (scales, all) = (Shared::new(scales), Shared::new(gate_up));
    let y = Shared::new(y);
    parallel::for_each(rows.div_ceil(ROWS), layer.work(rows), |task| {
        let mine = block(task, ROWS, rows);
        let (values, count) = (mine.start * width..mine.end * width, mine.len());
        // SAFETY: blocks of rows do not overlap.
        let (scales, gate_up, y) = unsafe {
            (
                scales.part(mine.clone()),
                all.part(2 * mine.start * inner..2 * mine.end * inner),
                y.part(values.clone()),
            )
        };
        let left = normed(unit, layer.gain, layer.epsilon, &x[values.clone()], scales);
        let work = Work::start(unit);
        let target = Target::new(gate_up, 2 * inner);
        work.multiply_rows(&left, count, &gate_and_up, target, false);
        let mut left = Left::new(unit, count, inner);
        let mut strip = Buffer::any(SIDE * inner);
        for (index, gate_up) in gate_up.chunks(2 * SIDE * inner).enumerate() {
            let strip = &mut strip[..gate_up.len() / 2];
            dispatch!(swiglu::forward_rows(gate_up, inner, strip));
            left.pack(index, Matrix::new(strip, strip.len() / inner, inner));
        }
        y.copy_from_slice(&x[values]);
        work.multiply_rows(&left, count, &down, Target::new(y, width), true);
    });
}

/// The gradients that [`backward`] writes.
#[derive(Debug)]
pub struct Gradients<'a> {
    /// Of the inputs, `rows × width`.
    pub x: &'a mut [f32],
    /// Of the gain, `width`.
    pub gain: &'a mut [f32],
    /// `width × 2 inner`
    pub gate_and_up: &'a mut [f32],
    /// `inner × width`
    pub down: &'a mut [f32],
}

/// From the gradient of `y`, writes those of the inputs and the weights.
///
/// # Panics
/// As [`forward`].
pub fn backward(
    layer: FeedForward,
    x: &[f32],
    scales: &[f32],
    gate_up: &[f32],
    dy: &[f32],
    gradients: Gradients,
) {
    let (unit, [width, inner], rows) = (unit(), layer.sizes(), scales.len());
    assert!(
        x.len() == rows * width && dy.len() == x.len() && gate_up.len() == 2 * rows * inner,
        "{rows} rows"
    );
    let [gate_and_up, down] = layer
        .weights()
        .map(|weight| Blocks::of(unit, weight.transposed()));
    // The operands of the weights' gradients: the rows are their depth.
    let (mut normed, mut gated) = (Blocks::left(unit, width, rows), Blocks::left(unit, inner, rows));
    let (mut dgate_up, mut dright) = (
        Blocks::right(unit, 2 * inner, rows),
        Blocks::right(unit, width, rows),
    );
    let norm = NormBackward::new(layer.gain, x, scales, gradients.x);
    let dx = norm.dx();
    let mut gains = Buffer::zeros(rows.div_ceil(ROWS) * width);
    {
        let (normed, gated) = (normed.packing(), gated.packing());
        let (dgate_up, dright) = (dgate_up.packing(), dright.packing());
        let gains = Shared::new(&mut gains);
        parallel::for_each(rows.div_ceil(ROWS), layer.work(rows), |task| {
            let (mine, work) = (block(task, ROWS, rows), Work::start(unit));
            let (first, count) = (mine.start / SIDE, mine.len());
            let dy = &dy[mine.start * width..mine.end * width];
            let rows = Matrix::new(dy, count, width);
            // SAFETY: each task has rows of its own, and packs them as depth.
            let left = unsafe { Left::and_depth(unit, rows, dright, (first, 0)) };
            let mut dgated = Buffer::any(count * inner);
            work.multiply_rows(&left, count, &down, Target::new(&mut dgated, inner), false);

            let mut left = Left::new(unit, count, 2 * inner);
            let (mut strip, mut dstrip) = (Buffer::any(SIDE * inner), Buffer::any(2 * SIDE * inner));
            for (index, dgated_strip) in dgated.chunks(SIDE * inner).enumerate() {
                let rows = dgated_strip.len() / inner;
                let start = 2 * (mine.start + index * SIDE) * inner;
                let gate_up = &gate_up[start..start + 2 * rows * inner];
                let (strip, dstrip) = (&mut strip[..rows * inner], &mut dstrip[..2 * rows * inner]);
                dispatch!(swiglu::both_rows(gate_up, inner, dgated_strip, strip, dstrip));
                let dstrip = Matrix::new(dstrip, rows, 2 * inner);
                left.pack(index, dstrip);
                // SAFETY: as above.
                unsafe {
                    gated.pack(first + index, 0, Matrix::new(strip, rows, inner));
                    dgate_up.pack(first + index, 0, dstrip);
                }
            }
            let mut dnormed = Buffer::any(count * width);
            work.multiply_rows(
                &left,
                count,
                &gate_and_up,
                Target::new(&mut dnormed, width),
                false,
            );
            // SAFETY: each task has rows and sums of its own.
            unsafe {
                let gains = gains.part(task * width..(task + 1) * width);
                norm.rows(mine.clone(), &dnormed, normed, gains);
                let dx = dx.part(mine.start * width..mine.end * width);
                dispatch!(add(dy, dx));
            }
        });
    }
    rms_norm::add_up(&gains, gradients.gain);
    dgate_up.multiply_blocks(&normed, gradients.gate_and_up, false);
    dright.multiply_blocks(&gated, gradients.down, false);
}

#[inline(always)]
fn add<S: Simd>(simd: S, values: &[f32], sums: &mut [f32]) {
    each_vector(
        simd,
        [values],
        [sums],
        0.0,
        #[inline(always)]
        |[value], [sum]| [simd.add(value, sum)],
    );
}
