//! Right-hand sides in panels.

use crate::cpu::matrix::Matrix;
use crate::simd::{LANES, Simd, each_vector};

/// A right-hand side in panels of the columns of a tile, the last one of 16 if that is enough, filled up with zeros.
#[derive(Clone, Copy)]
pub(in crate::cpu) struct Packed<'a> {
    pub(super) panels: &'a [f32],
    pub(super) depth: usize,
    pub(super) columns: usize,
}

/// A panel of a right-hand side.
#[derive(Clone, Copy)]
pub(super) struct Panel<'a> {
    pub(super) values: &'a [f32],
    /// Its first column.
    pub(super) column: usize,
    /// The columns it holds, those that fill it up included: a multiple of 16.
    pub(super) width: usize,
    /// The columns that are wanted.
    pub(super) used: usize,
}

impl<'a> Packed<'a> {
    /// The panels that hold the first `columns` columns.
    #[inline(always)]
    pub(super) fn panels<S: Simd>(self, columns: usize) -> impl Iterator<Item = Panel<'a>> {
        (0..columns).step_by(S::TILE.columns).map(move |column| {
            let width = S::TILE.columns.min(self.columns - column).next_multiple_of(LANES);
            // All panels before this one are as wide as a tile.
            let start = column * self.depth;
            Panel {
                values: &self.panels[start..start + self.depth * width],
                column,
                width,
                used: S::TILE.columns.min(columns - column),
            }
        })
    }
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
                let (part, rest) = from.split_at(from.len().min(S::TILE.columns));
                let width = part.len().next_multiple_of(LANES);
                let to = &mut panels[panel + row * width..][..width];
                copy_filled(simd, part, to);
                (from, panel) = (rest, panel + b.rows * width);
            }
        }
        return;
    }
    let mut start = 0;
    for column in (0..b.columns).step_by(S::TILE.columns) {
        let columns = S::TILE.columns.min(b.columns - column);
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
    for row in (0..whole).step_by(LANES) {
        let block = from.part(row, LANES, 0, columns);
        copy_turned(simd, block, LANES, &mut to[row..], stride);
    }
    for row in whole..rows {
        for column in 0..columns {
            to[column * stride + row] = from.values[row * from.row_stride + column * from.column_stride];
        }
    }
}

/// Copies at most `tall` rows, itself sixteen at most, stored as rows, to columns: each column is sixteen values,
/// those beyond the rows of any content, `stride` values after the one before, which it may overlap.
#[inline(always)]
#[expect(
    clippy::needless_range_loop,
    reason = "unrolled, so that the vectors stay in registers"
)]
pub(super) fn copy_turned<S: Simd>(simd: S, from: Matrix, tall: usize, to: &mut [f32], stride: usize) {
    assert!(
        0 < from.rows && from.rows <= tall && tall <= LANES && from.is_stored_by_rows(),
        "rows of a block"
    );
    let rows: [usize; LANES] = std::array::from_fn(|row| row.min(from.rows - 1) * from.row_stride);
    let whole = from.columns / LANES * LANES;
    assert!(
        whole == 0
            || rows[LANES - 1] + whole <= from.values.len() && (whole - 1) * stride + LANES <= to.len(),
        "a block inside its operands"
    );
    for column in (0..whole).step_by(LANES) {
        // SAFETY: sixteen values of each row end at most at `rows[row] + whole`, the last of sixteen columns at
        // `(whole - 1) × stride + 16`, both asserted above.
        unsafe {
            let from = from.values.as_ptr().add(column);
            // Plain loops: what is passed to a library function may be compiled without the instructions.
            let mut vectors = [simd.splat(0.0); LANES];
            for row in 0..LANES {
                if row < tall {
                    vectors[row] = simd.load_pointer(from.add(rows[row]));
                }
            }
            let turned = simd.transpose(vectors);
            let to = to.as_mut_ptr().add(column * stride);
            for index in 0..LANES {
                simd.store_pointer(turned[index], to.add(index * stride));
            }
        }
    }
    if whole == from.columns {
        return;
    }
    let mut vectors = [simd.splat(0.0); LANES];
    for row in 0..tall {
        let start = rows[row] + whole;
        vectors[row] = simd.load_partial(&from.values[start..start + from.columns - whole], 0.0);
    }
    let turned = simd.transpose(vectors);
    for (vector, column) in turned.into_iter().zip(whole..from.columns) {
        simd.store_partial(vector, &mut to[column * stride..][..LANES]);
    }
}
