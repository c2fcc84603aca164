//! Right-hand sides in panels.

use super::PANEL;
use crate::cpu::matrix::Matrix;
use crate::simd::{LANES, Simd, each_vector};

/// A right-hand side in panels of 32 columns, the last one of 16 if that is enough, filled up with zeros.
#[derive(Clone, Copy)]
pub(in crate::cpu) struct Packed<'a> {
    pub(super) panels: &'a [f32],
    pub(super) depth: usize,
    pub(super) columns: usize,
}

/// The values that [`pack`] needs.
pub(in crate::cpu) fn panels_length(depth: usize, columns: usize) -> usize {
    depth * columns.next_multiple_of(LANES)
}

/// Copies a right-hand side into panels.
#[inline(never)]
pub(in crate::cpu) fn pack<'a, S: Simd>(simd: S, b: Matrix, panels: &'a mut [f32]) -> Packed<'a> {
    simd.call(
        #[inline(always)]
        || pack_panels(simd, b, panels),
    );
    Packed {
        panels,
        depth: b.rows,
        columns: b.columns,
    }
}

#[inline(always)]
fn pack_panels<S: Simd>(simd: S, b: Matrix, panels: &mut [f32]) {
    if b.is_stored_by_rows() {
        // Row by row, so that the reads are one stream.
        for row in 0..b.rows {
            let mut from = b.row(row);
            let mut panel = 0;
            while !from.is_empty() {
                let (part, rest) = from.split_at(from.len().min(PANEL));
                let width = part.len().next_multiple_of(LANES);
                let to = &mut panels[panel + row * width..][..width];
                copy_filled(simd, part, to);
                (from, panel) = (rest, panel + b.rows * width);
            }
        }
        return;
    }
    let mut start = 0;
    for column in (0..b.columns).step_by(PANEL) {
        let columns = PANEL.min(b.columns - column);
        let width = columns.next_multiple_of(LANES);
        let panel = &mut panels[start..start + b.rows * width];
        start += panel.len();
        if columns < width {
            panel.fill(0.0);
        }
        transpose_into(
            simd,
            b.part(0, b.rows, column, columns).transposed(),
            panel,
            width,
        );
    }
}

/// Copies values to whole vectors, filled up with zeros.
#[inline(always)]
pub(super) fn copy_filled<S: Simd>(simd: S, from: &[f32], to: &mut [f32]) {
    let whole = from.len() / LANES * LANES;
    each_vector(
        simd,
        [&from[..whole]],
        [&mut to[..whole]],
        0.0,
        #[inline(always)]
        |x, _| x,
    );
    if whole < from.len() {
        let last = simd.load_partial(&from[whole..], 0.0);
        simd.store_partial(last, &mut to[whole..whole + LANES]);
    }
}

/// Writes the transposed matrix, its rows `stride` values apart. Fast where the rows of `from` are stored as
/// rows.
#[inline(always)]
fn transpose_into<S: Simd>(simd: S, from: Matrix, to: &mut [f32], stride: usize) {
    let (rows, columns) = (from.rows, from.columns);
    let whole = if from.column_stride == 1 {
        rows / LANES * LANES
    } else {
        0
    };
    for column in (0..columns).step_by(LANES) {
        let width = LANES.min(columns - column);
        for row in (0..whole).step_by(LANES) {
            let mut vectors = [simd.splat(0.0); LANES];
            for (i, vector) in vectors.iter_mut().enumerate() {
                let start = (row + i) * from.row_stride + column;
                *vector = simd.load_partial(&from.values[start..start + width], 0.0);
            }
            for (j, vector) in simd.transpose(vectors).into_iter().enumerate().take(width) {
                let start = (column + j) * stride + row;
                simd.store_partial(vector, &mut to[start..start + LANES]);
            }
        }
    }
    for row in whole..rows {
        for column in 0..columns {
            to[column * stride + row] = from.values[row * from.row_stride + column * from.column_stride];
        }
    }
}
