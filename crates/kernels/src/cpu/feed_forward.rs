//! The feed-forward half of a block: `y = x + swiglu(norm(x) × gate_and_up) × down`, some rows at a
//! time, so that what lies between the products stays in the cache. Gate and up are kept for [`backward`].

use super::matrix::{Matrix, Target};
use super::norm_linear::{NormBackward, normed};
use super::product::{DepthLeft, Left, Right, STRIP};
use super::rows::{for_each_block, sum_over_blocks};
use super::swiglu;
use crate::Precision;
use crate::memory::Buffer;
use crate::parallel::Shared;
use crate::simd::dispatch;

/// The weights.
#[derive(Clone, Copy, Debug)]
pub struct FeedForward<'a> {
    /// What the products are in.
    pub precision: Precision,
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
/// If the lengths do not agree.
pub fn forward(layer: FeedForward, x: &[f32], y: &mut [f32], scales: &mut [f32], gate_up: &mut [f32]) {
    let (precision, [width, inner], rows) = (layer.precision, layer.sizes(), scales.len());
    assert!(
        x.len() == rows * width && y.len() == x.len() && gate_up.len() == 2 * rows * inner,
        "{rows} rows"
    );
    let [gate_and_up, down] = layer.weights().map(|weight| Right::new(precision, weight));
    let (scales, all) = (Shared::new(scales), Shared::new(gate_up));
    let y = Shared::new(y);
    for_each_block(rows, layer.work(rows), |mine| {
        let (values, count) = (mine.start * width..mine.end * width, mine.len());
        // SAFETY: blocks of rows do not overlap.
        let (scales, gate_up, y) = unsafe {
            (
                scales.part(mine.clone()),
                all.part(2 * mine.start * inner..2 * mine.end * inner),
                y.part(values.clone()),
            )
        };
        let left = normed(precision, layer.gain, layer.epsilon, &x[values.clone()], scales);
        gate_and_up.multiply_left(&left, Target::new(gate_up, 2 * inner), false);
        let mut left = Left::any(precision, count, inner);
        for (index, gate_up) in gate_up.chunks((2 * STRIP * inner).max(1)).enumerate() {
            left.write(index, gate_up.len() / (2 * inner), |strip| {
                dispatch!(swiglu::forward_rows(gate_up, inner, strip));
            });
        }
        y.copy_from_slice(&x[values]);
        down.multiply_left(&left, Target::new(y, width), true);
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
    let (precision, [width, inner], rows) = (layer.precision, layer.sizes(), scales.len());
    assert!(
        x.len() == rows * width && dy.len() == x.len() && gate_up.len() == 2 * rows * inner,
        "{rows} rows"
    );
    assert_eq!(gradients.gain.len(), width, "the gain's gradient");
    let [gate_and_up, down] = layer
        .weights()
        .map(|weight| Right::new(precision, weight.transposed()));
    // The operands of the weights' gradients: the rows are their depth.
    let [mut normed, mut gated] = [width, inner].map(|columns| DepthLeft::any(precision, rows, columns));
    let [mut dgate_up, mut dright] = [2 * inner, width].map(|columns| Right::any(precision, rows, columns));
    let norm = NormBackward::new(layer.gain, x, scales, dy, gradients.x);
    {
        let (normed, gated) = (normed.packing(), gated.packing());
        let (dgate_up, dright) = (dgate_up.packing(), dright.packing());
        sum_over_blocks(rows, layer.work(rows), gradients.gain, |mine, dgain| {
            let dy = Matrix::new(&dy[mine.start * width..], mine.len(), width);
            // SAFETY: each task has rows of its own.
            let left = unsafe { Left::and_depth(precision, dy, dright, mine.start) };
            let mut dgated = Buffer::any(mine.len() * inner);
            down.multiply_left(&left, Target::new(&mut dgated, inner), false);

            let mut left = Left::any(precision, mine.len(), 2 * inner);
            let mut strip = Buffer::any(STRIP * inner);
            for (index, dgated) in dgated.chunks((STRIP * inner).max(1)).enumerate() {
                let (first, rows) = (mine.start + index * STRIP, dgated.len() / inner);
                let gate_up = &gate_up[2 * first * inner..2 * (first + rows) * inner];
                let strip = &mut strip[..rows * inner];
                left.write(index, rows, |dstrip| {
                    dispatch!(swiglu::both_rows(gate_up, inner, dgated, strip, dstrip));
                    // SAFETY: each task has rows of its own.
                    unsafe {
                        gated.pack(first, Matrix::new(strip, rows, inner));
                        dgate_up.pack(first, Matrix::new(dstrip, rows, 2 * inner));
                    }
                });
            }
            let mut dnormed = Buffer::any(mine.len() * width);
            gate_and_up.multiply_left(&left, Target::new(&mut dnormed, width), false);
            // SAFETY: each task has rows of its own.
            unsafe { norm.rows(mine, &dnormed, normed, dgain) };
        });
    }
    dgate_up.multiply_depth(&normed, gradients.gate_and_up);
    dright.multiply_depth(&gated, gradients.down);
}
