//! The gate of a gated feed-forward layer, SwiGLU (Shazeer 2020, equation 6): `silu(gate) × up`, with
//! `silu(x) = x ÷ (1 + e^-x)`.
//!
//! Gate and up are the two halves of each row (`rows × 2 width`), as one matrix product writes them.

use crate::parallel::{self, Shared, block};
use crate::simd::{LANES, Simd, dispatch, each_vector};

/// Values of the output a task does.
const VALUES: usize = 16_384;

/// Writes `silu(gate) × up` into `y` (`rows × width`).
///
/// # Panics
/// If the lengths do not agree.
pub fn forward(gate_up: &[f32], width: usize, y: &mut [f32]) {
    assert!(
        gate_up.len() == 2 * y.len(),
        "a gate and an up for each of {} values",
        y.len()
    );
    let rows = rows_of(y.len(), width);
    let step = (VALUES / width.max(1)).max(1);
    let y = Shared::new(y);
    parallel::for_each(rows.div_ceil(step), 24 * rows * width, |task| {
        let rows = block(task, step, rows);
        // SAFETY: blocks of rows do not overlap.
        let y = unsafe { y.part(rows.start * width..rows.end * width) };
        dispatch!(forward_rows(
            &gate_up[2 * rows.start * width..2 * rows.end * width],
            width,
            y
        ));
    });
}

/// Writes `silu(gate) × up` in the place of the gate, on this thread.
///
/// # Panics
/// If the lengths differ.
pub fn forward_in_place(gate: &mut [f32], up: &[f32]) {
    assert_eq!(gate.len(), up.len(), "a gate for each value");
    dispatch!(gate_in_place(gate, up));
}

#[inline(always)]
fn gate_in_place<S: Simd>(simd: S, gate: &mut [f32], up: &[f32]) {
    let mut first = 0;
    while first < gate.len() {
        let last = gate.len().min(first + LANES);
        let (gate, up) = (&mut gate[first..last], &up[first..last]);
        let value = simd.mul(
            simd.silu(simd.load_partial(gate, 0.0)),
            simd.load_partial(up, 0.0),
        );
        simd.store_partial(value, gate);
        first = last;
    }
}

fn rows_of(values: usize, width: usize) -> usize {
    let rows = values.checked_div(width).unwrap_or(0);
    assert_eq!(rows * width, values, "rows of {width} values");
    rows
}

#[inline(always)]
pub(super) fn forward_rows<S: Simd>(simd: S, gate_up: &[f32], width: usize, y: &mut [f32]) {
    for (row, y) in gate_up.chunks_exact(2 * width).zip(y.chunks_exact_mut(width)) {
        let (gate, up) = row.split_at(width);
        each_vector(
            simd,
            [gate, up],
            [y],
            0.0,
            #[inline(always)]
            |[gate, up], _| [simd.mul(simd.silu(gate), up)],
        );
    }
}

/// From the gradient of `y`, writes the gradient of gate and up.
///
/// With `σ = 1 ÷ (1 + e^-gate)`: `dgate = dy up σ (1 + gate (1 - σ))` and `dup = dy gate σ`.
///
/// # Panics
/// If the lengths do not agree.
pub fn backward(gate_up: &[f32], width: usize, dy: &[f32], dgate_up: &mut [f32]) {
    assert!(
        gate_up.len() == 2 * dy.len() && dgate_up.len() == gate_up.len(),
        "a gate and an up for each of {} values",
        dy.len()
    );
    let rows = rows_of(dy.len(), width);
    let step = (VALUES / width.max(1)).max(1);
    let dgate_up = Shared::new(dgate_up);
    parallel::for_each(rows.div_ceil(step), 32 * rows * width, |task| {
        let rows = block(task, step, rows);
        let both = 2 * rows.start * width..2 * rows.end * width;
        // SAFETY: blocks of rows do not overlap.
        let dgate_up = unsafe { dgate_up.part(both.clone()) };
        let dy = &dy[rows.start * width..rows.end * width];
        dispatch!(backward_rows(&gate_up[both], width, dy, dgate_up));
    });
}

#[inline(always)]
fn backward_rows<S: Simd>(simd: S, gate_up: &[f32], width: usize, dy: &[f32], dgate_up: &mut [f32]) {
    let rows = gate_up
        .chunks_exact(2 * width)
        .zip(dgate_up.chunks_exact_mut(2 * width));
    for ((row, gradient), dy) in rows.zip(dy.chunks_exact(width)) {
        let ((gate, up), (dgate, dup)) = (row.split_at(width), gradient.split_at_mut(width));
        each_vector(
            simd,
            [gate, up, dy],
            [dgate, dup],
            0.0,
            #[inline(always)]
            |[gate, up, dy], _| {
                let [_, dgate, dup] = gate_with_gradients(simd, gate, up, dy);
                [dgate, dup]
            },
        );
    }
}

/// The output and the gradients of both halves.
#[inline(always)]
fn gate_with_gradients<S: Simd>(simd: S, gate: S::Floats, up: S::Floats, dy: S::Floats) -> [S::Floats; 3] {
    let one = simd.splat(1.0);
    let sigma = simd.sigmoid(gate);
    let scaled = simd.mul(dy, sigma);
    let rest = simd.mul_add(gate, simd.sub(one, sigma), one);
    [
        simd.mul(simd.mul(gate, sigma), up),
        simd.mul(simd.mul(scaled, up), rest),
        simd.mul(scaled, gate),
    ]
}

/// [`forward_rows`] and [`backward_rows`] in one pass.
#[inline(always)]
pub(super) fn both_rows<S: Simd>(
    simd: S,
    gate_up: &[f32],
    width: usize,
    dy: &[f32],
    y: &mut [f32],
    dgate_up: &mut [f32],
) {
    let rows = gate_up
        .chunks_exact(2 * width)
        .zip(dgate_up.chunks_exact_mut(2 * width));
    let outputs = dy.chunks_exact(width).zip(y.chunks_exact_mut(width));
    for ((row, gradient), (dy, y)) in rows.zip(outputs) {
        let ((gate, up), (dgate, dup)) = (row.split_at(width), gradient.split_at_mut(width));
        each_vector(
            simd,
            [gate, up, dy],
            [y, dgate, dup],
            0.0,
            #[inline(always)]
            |[gate, up, dy], _| gate_with_gradients(simd, gate, up, dy),
        );
    }
}
