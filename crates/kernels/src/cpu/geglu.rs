//! The gate of a gated feed-forward layer, GeGLU (Shazeer 2020, equation 6), with a bias: `gelu(gate + bias) × (up + bias)`,
//! GELU in the form with `tanh`. Gate and up are the two halves of each row (`rows × 2 width`), and of the bias.

use super::gelu::{Form, distribution};
use super::rows::{for_each_block, sum_over_blocks};
use crate::parallel::Shared;
use crate::simd::{Simd, dispatch, each_vector};

fn check(gate_up: &[f32], bias: &[f32], y: &[f32]) -> [usize; 2] {
    let width = bias.len() / 2;
    let rows = y.len().checked_div(width).unwrap_or(0);
    assert!(
        bias.len() == 2 * width && y.len() == rows * width && gate_up.len() == 2 * y.len(),
        "a gate and an up for each of rows of {width} values, and a bias of each"
    );
    [rows, width]
}

/// Writes the gated rows into `y` (`rows × width`).
///
/// # Panics
/// If the lengths do not agree.
pub fn forward(gate_up: &[f32], bias: &[f32], y: &mut [f32]) {
    let [rows, width] = check(gate_up, bias, y);
    let y = Shared::new(y);
    for_each_block(rows, 28 * rows * width, |mine| {
        for row in mine {
            // SAFETY: rows do not overlap.
            let y = unsafe { y.part(row * width..(row + 1) * width) };
            dispatch!(forward_row(
                &gate_up[2 * row * width..2 * (row + 1) * width],
                bias,
                y
            ));
        }
    });
}

#[inline(always)]
fn forward_row<S: Simd>(simd: S, row: &[f32], bias: &[f32], y: &mut [f32]) {
    let ((gate, up), (gate_bias, up_bias)) = (row.split_at(y.len()), bias.split_at(y.len()));
    each_vector(
        simd,
        [gate, up, gate_bias, up_bias],
        [y],
        0.0,
        #[inline(always)]
        |[gate, up, gate_bias, up_bias], _| {
            let (gate, up) = (simd.add(gate, gate_bias), simd.add(up, up_bias));
            let [distribution, _] = distribution(simd, Form::Tanh, gate);
            [simd.mul(simd.mul(gate, distribution), up)]
        },
    );
}

/// From the gradient of `y`, writes those of gate and up, and of the bias.
///
/// # Panics
/// If the lengths do not agree.
pub fn backward(gate_up: &[f32], bias: &[f32], dy: &[f32], dgate_up: &mut [f32], dbias: &mut [f32]) {
    let [rows, width] = check(gate_up, bias, dy);
    assert!(
        dgate_up.len() == gate_up.len() && dbias.len() == bias.len(),
        "a gradient for each gate and up, and for their bias"
    );
    let dgate_up = Shared::new(dgate_up);
    sum_over_blocks(rows, 36 * rows * width, dbias, |mine, dbias| {
        for row in mine {
            let both = 2 * row * width..2 * (row + 1) * width;
            // SAFETY: rows do not overlap.
            let gradient = unsafe { dgate_up.part(both.clone()) };
            let dy = &dy[row * width..(row + 1) * width];
            dispatch!(backward_row(&gate_up[both], bias, dy, gradient, dbias));
        }
    });
}

#[inline(always)]
fn backward_row<S: Simd>(
    simd: S,
    row: &[f32],
    bias: &[f32],
    dy: &[f32],
    gradient: &mut [f32],
    dbias: &mut [f32],
) {
    let width = dy.len();
    let ((gate, up), (gate_bias, up_bias)) = (row.split_at(width), bias.split_at(width));
    let ((dgate, dup), (dgate_bias, dup_bias)) = (gradient.split_at_mut(width), dbias.split_at_mut(width));
    each_vector(
        simd,
        [gate, up, gate_bias, up_bias, dy],
        [dgate, dup, dgate_bias, dup_bias],
        0.0,
        #[inline(always)]
        |[gate, up, gate_bias, up_bias, dy], [_, _, dgate_bias, dup_bias]| {
            let (gate, up) = (simd.add(gate, gate_bias), simd.add(up, up_bias));
            let [distribution, density] = distribution(simd, Form::Tanh, gate);
            let slope = simd.mul_add(gate, density, distribution);
            let dgate = simd.mul(simd.mul(dy, up), slope);
            let dup = simd.mul(dy, simd.mul(gate, distribution));
            [dgate, dup, simd.add(dgate_bias, dgate), simd.add(dup_bias, dup)]
        },
    );
}
