//! A gate by SiLU and a normalisation, in either order, of the rows that a recurrent mixer reads.

use super::matrix::{Matrix, Target};
use super::rows::{for_each_block, sum_over_blocks};
use crate::parallel::Shared;
use crate::simd::{Simd, dispatch};

/// What is done to a row.
pub(super) trait RowGate: Copy + Sync {
    /// Writes the gated and normalised row into `output`.
    fn forward<S: Simd>(self, simd: S, y: &[f32], gate: &[f32], output: &mut [f32]);

    /// From `y`, the gate and the gradient of the output, writes those of `y` and of the gate, and adds that of the gain.
    fn backward<S: Simd>(
        self,
        simd: S,
        inputs: [&[f32]; 3],
        dy: &mut [f32],
        dgate: &mut [f32],
        dgain: &mut [f32],
    );
}

/// Writes the gated and normalised rows into `output`.
pub(super) fn forward(layer: impl RowGate, y: &[f32], gate: Matrix, output: &mut [f32]) {
    let (rows, width) = (gate.rows(), gate.columns());
    let output = Shared::new(output);
    for_each_block(rows, 24 * rows * width, |rows| {
        for row in rows {
            let values = row * width..(row + 1) * width;
            // SAFETY: each row is one task's.
            let output = unsafe { output.part(values.clone()) };
            dispatch!(forward_row(layer, &y[values.clone()], gate.row(row), output));
        }
    });
}

#[inline(always)]
fn forward_row<S: Simd>(simd: S, layer: impl RowGate, y: &[f32], gate: &[f32], output: &mut [f32]) {
    layer.forward(simd, y, gate, output);
}

/// From the gradient of the output, writes those of `y`, of the gate and of the gain.
pub(super) fn backward(
    layer: impl RowGate,
    y: &[f32],
    gate: Matrix,
    doutput: &[f32],
    dy: &mut [f32],
    dgate: Target,
    dgain: &mut [f32],
) {
    let (rows, width) = (gate.rows(), gate.columns());
    let dy = Shared::new(dy);
    sum_over_blocks(rows, 48 * rows * width, dgain, |rows, dgain| {
        for row in rows {
            let values = row * width..(row + 1) * width;
            let start = dgate.start + row * dgate.stride;
            // SAFETY: each row is one task's.
            let (dy, dgate) = unsafe { (dy.part(values.clone()), dgate.shared.part(start..start + width)) };
            let inputs = [&y[values.clone()], gate.row(row), &doutput[values]];
            dispatch!(backward_row(layer, inputs, dy, dgate, dgain));
        }
    });
}

#[inline(always)]
fn backward_row<S: Simd>(
    simd: S,
    layer: impl RowGate,
    inputs: [&[f32]; 3],
    dy: &mut [f32],
    dgate: &mut [f32],
    dgain: &mut [f32],
) {
    layer.backward(simd, inputs, dy, dgate, dgain);
}
