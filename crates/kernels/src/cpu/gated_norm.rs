//! A gate before a normalisation: `norm(y ∘ silu(gate)) ∘ gain` (Dao and Gu 2024, arXiv 2405.21060, section 7).

use super::matrix::{Matrix, Target};
use super::rms_norm::add_up;
use crate::memory::Buffer;
use crate::parallel::{self, Shared, block};
use crate::simd::{Simd, dispatch, each_vector, fold_vectors};

/// Rows of a task.
const ROWS: usize = 64;

/// The normalisation's gain and ε.
#[derive(Clone, Copy)]
pub(super) struct GatedNorm<'a> {
    pub(super) gain: &'a [f32],
    pub(super) epsilon: f32,
}

/// Writes the gated and normalised rows into `output`.
pub(super) fn forward(layer: GatedNorm, y: &[f32], gate: Matrix, output: &mut [f32]) {
    let (rows, width) = (gate.rows(), layer.gain.len());
    let output = Shared::new(output);
    parallel::for_each(rows.div_ceil(ROWS), 24 * rows * width, |task| {
        for row in block(task, ROWS, rows) {
            let values = row * width..(row + 1) * width;
            // SAFETY: each row is one task's.
            let output = unsafe { output.part(values.clone()) };
            dispatch!(forward_row(layer, &y[values.clone()], gate.row(row), output));
        }
    });
}

#[inline(always)]
fn forward_row<S: Simd>(simd: S, layer: GatedNorm, y: &[f32], gate: &[f32], output: &mut [f32]) {
    let scale = simd.splat(gated(simd, layer, y, gate, output));
    each_vector(
        simd,
        [layer.gain],
        [output],
        0.0,
        #[inline(always)]
        |[gain], [x]| [simd.mul(simd.mul(x, scale), gain)],
    );
}

/// Writes the gated values, and returns `1 ÷ √(mean of their squares + ε)`.
#[inline(always)]
fn gated<S: Simd>(simd: S, layer: GatedNorm, y: &[f32], gate: &[f32], values: &mut [f32]) -> f32 {
    each_vector(
        simd,
        [y, gate],
        [&mut *values],
        0.0,
        #[inline(always)]
        |[y, gate], _| [simd.mul(y, simd.mul(gate, simd.sigmoid(gate)))],
    );
    let squares = fold_vectors(
        simd,
        [&*values],
        0.0,
        0.0,
        #[inline(always)]
        |sum, [x]| simd.mul_add(x, x, sum),
    );
    1.0 / (simd.sum(squares) / values.len() as f32 + layer.epsilon).sqrt()
}

/// From the gradient of the output, writes those of `y`, of the gate and of the gain.
///
/// With `s` the scale of a row, `n = y silu(gate) s` and `g = doutput × gain`: the gradient of what is gated is
/// `s (g - n mean(g n))`.
pub(super) fn backward(
    layer: GatedNorm,
    y: &[f32],
    gate: Matrix,
    doutput: &[f32],
    dy: &mut [f32],
    dgate: Target,
    dgain: &mut [f32],
) {
    let (rows, width) = (gate.rows(), layer.gain.len());
    let tasks = rows.div_ceil(ROWS);
    let mut partial = Buffer::zeros(tasks * width);
    {
        let (dy, partial) = (Shared::new(dy), Shared::new(&mut partial));
        parallel::for_each(tasks, 48 * rows * width, |task| {
            // SAFETY: each task has sums of its own.
            let dgain = unsafe { partial.part(task * width..(task + 1) * width) };
            let mut normed = Buffer::any(width);
            for row in block(task, ROWS, rows) {
                let values = row * width..(row + 1) * width;
                let start = dgate.start + row * dgate.stride;
                // SAFETY: each row is one task's.
                let (dy, dgate) =
                    unsafe { (dy.part(values.clone()), dgate.shared.part(start..start + width)) };
                let inputs = [&y[values.clone()], gate.row(row), &doutput[values]];
                dispatch!(backward_row(layer, inputs, &mut normed, dy, dgate, dgain));
            }
        });
    }
    add_up(&partial, dgain);
}

#[inline(always)]
fn backward_row<S: Simd>(
    simd: S,
    layer: GatedNorm,
    [y, gate, doutput]: [&[f32]; 3],
    normed: &mut [f32],
    dy: &mut [f32],
    dgate: &mut [f32],
    dgain: &mut [f32],
) {
    let scale = simd.splat(gated(simd, layer, y, gate, normed));
    let mut projection = simd.splat(0.0);
    each_vector(
        simd,
        [doutput, layer.gain],
        [&mut *normed, dgain],
        0.0,
        #[inline(always)]
        |[d, gain], [x, sum]| {
            let normed = simd.mul(x, scale);
            let product = simd.mul(d, normed);
            projection = simd.mul_add(product, gain, projection);
            [normed, simd.add(sum, product)]
        },
    );
    let mean = simd.splat(-simd.sum(projection) / gate.len() as f32);
    let one = simd.splat(1.0);
    each_vector(
        simd,
        [y, gate, doutput, layer.gain, normed],
        [dy, dgate],
        0.0,
        #[inline(always)]
        |[y, gate, d, gain, normed], _| {
            let gradient = simd.mul(scale, simd.mul_add(normed, mean, simd.mul(d, gain)));
            let sigma = simd.sigmoid(gate);
            let slope = simd.mul(sigma, simd.mul_add(gate, simd.sub(one, sigma), one));
            [
                simd.mul(gradient, simd.mul(gate, sigma)),
                simd.mul(simd.mul(gradient, y), slope),
            ]
        },
    );
}
