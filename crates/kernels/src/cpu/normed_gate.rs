//! A normalisation of each head and a gate after it: `norm(y) ∘ gain ∘ silu(gate)`.

use super::matrix::{Matrix, Target};
use super::rms_norm::add_up;
use crate::memory::Buffer;
use crate::parallel::{self, Shared, block};
use crate::simd::{Simd, dispatch, each_vector, fold_vectors};

/// Rows of a task.
const ROWS: usize = 64;

/// The normalisation's gain, which all heads share, and ε.
#[derive(Clone, Copy)]
pub(super) struct NormedGate<'a> {
    pub(super) gain: &'a [f32],
    pub(super) epsilon: f32,
}

/// Writes the normalised and gated rows into `output`.
pub(super) fn forward(layer: NormedGate, y: &[f32], gate: Matrix, output: &mut [f32]) {
    let (rows, width) = (gate.rows(), gate.columns());
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
fn forward_row<S: Simd>(simd: S, layer: NormedGate, y: &[f32], gate: &[f32], output: &mut [f32]) {
    let size = layer.gain.len();
    let heads = y.chunks_exact(size).zip(gate.chunks_exact(size));
    for ((y, gate), output) in heads.zip(output.chunks_exact_mut(size)) {
        let scale = simd.splat(scale(simd, layer, y));
        each_vector(
            simd,
            [y, gate, layer.gain],
            [output],
            0.0,
            #[inline(always)]
            |[y, gate, gain], _| {
                let normed = simd.mul(simd.mul(y, scale), gain);
                [simd.mul(normed, simd.mul(gate, simd.sigmoid(gate)))]
            },
        );
    }
}

/// `1 ÷ √(mean of the squares + ε)`
#[inline(always)]
fn scale<S: Simd>(simd: S, layer: NormedGate, y: &[f32]) -> f32 {
    let squares = fold_vectors(
        simd,
        [y],
        0.0,
        0.0,
        #[inline(always)]
        |sum, [y]| simd.mul_add(y, y, sum),
    );
    1.0 / (simd.sum(squares) / y.len() as f32 + layer.epsilon).sqrt()
}

/// From the gradient of the output, writes those of `y`, of the gate and of the gain.
///
/// With `s` the scale of a head, `n = y s` and `g = doutput × gain × silu(gate)`: the gradient of `y` is
/// `s (g - n mean(g n))`.
pub(super) fn backward(
    layer: NormedGate,
    y: &[f32],
    gate: Matrix,
    doutput: &[f32],
    dy: &mut [f32],
    dgate: Target,
    dgain: &mut [f32],
) {
    let (rows, width, size) = (gate.rows(), gate.columns(), layer.gain.len());
    let tasks = rows.div_ceil(ROWS);
    let mut partial = Buffer::zeros(tasks * size);
    {
        let (dy, partial) = (Shared::new(dy), Shared::new(&mut partial));
        parallel::for_each(tasks, 48 * rows * width, |task| {
            // SAFETY: each task has sums of its own.
            let dgain = unsafe { partial.part(task * size..(task + 1) * size) };
            for row in block(task, ROWS, rows) {
                let values = row * width..(row + 1) * width;
                let start = dgate.start + row * dgate.stride;
                // SAFETY: each row is one task's.
                let (dy, dgate) =
                    unsafe { (dy.part(values.clone()), dgate.shared.part(start..start + width)) };
                let inputs = [&y[values.clone()], gate.row(row), &doutput[values]];
                dispatch!(backward_row(layer, inputs, dy, dgate, dgain));
            }
        });
    }
    add_up(&partial, dgain);
}

#[inline(always)]
fn backward_row<S: Simd>(
    simd: S,
    layer: NormedGate,
    inputs: [&[f32]; 3],
    dy: &mut [f32],
    dgate: &mut [f32],
    dgain: &mut [f32],
) {
    let (size, one) = (layer.gain.len(), simd.splat(1.0));
    for (head, (dy, dgate)) in dy
        .chunks_exact_mut(size)
        .zip(dgate.chunks_exact_mut(size))
        .enumerate()
    {
        let [y, gate, doutput] = inputs.map(|input| &input[head * size..(head + 1) * size]);
        let scale = simd.splat(scale(simd, layer, y));
        let mut projection = simd.splat(0.0);
        // `dy` is `g` at first.
        each_vector(
            simd,
            [y, gate, doutput, layer.gain],
            [&mut *dy, dgate, &mut *dgain],
            0.0,
            #[inline(always)]
            |[y, gate, d, gain], [_, _, sum]| {
                let (normed, sigma) = (simd.mul(y, scale), simd.sigmoid(gate));
                let (silu, slope) = (
                    simd.mul(gate, sigma),
                    simd.mul(sigma, simd.mul_add(gate, simd.sub(one, sigma), one)),
                );
                let (gained, product) = (simd.mul(d, gain), simd.mul(d, normed));
                let g = simd.mul(gained, silu);
                projection = simd.mul_add(g, normed, projection);
                [
                    g,
                    simd.mul(simd.mul(gained, normed), slope),
                    simd.mul_add(product, silu, sum),
                ]
            },
        );
        let mean = simd.splat(-simd.sum(projection) / size as f32);
        each_vector(
            simd,
            [y],
            [dy],
            0.0,
            #[inline(always)]
            |[y], [g]| [simd.mul(scale, simd.mul_add(simd.mul(y, scale), mean, g))],
        );
    }
}
