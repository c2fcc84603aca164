//! Products of `f32` matrices, stored anyhow, without copying a transposed one.
//!
//! Blocks as in Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008): the
//! right-hand side is packed into panels of 32 columns and `DEPTH` rows that stay in the first-level
//! cache; a register tile of `Simd::TILE_ROWS` rows runs over it.
//!
//! Each value of the result is a sum over depth blocks in order, in each of which it is one chain of
//! fused multiply-adds in order. It does not depend on where the value lies or on the number of threads.

use crate::memory::Buffer;
use crate::parallel::{self, Shared};
use crate::simd::{LANES, Simd, dispatch};

/// Columns of a panel.
const PANEL: usize = 2 * LANES;

/// Rows of a panel: 32 KiB.
const DEPTH: usize = 256;

/// Columns of the right-hand side packed at a time: 1 MiB.
const WIDTH: usize = 1024;

/// Rows of the left-hand side that run over one panel before the next: at most 512 KiB.
const HEIGHT: usize = 504;

/// A matrix in a slice: the element (i, j) is at `i × row_stride + j × column_stride`.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// A matrix stored row by row.
    ///
    /// # Panics
    /// If there are fewer values than `rows × columns`.
    pub fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::strided(values, rows, columns, columns)
    }

    /// A matrix stored row by row, its rows `stride` values apart.
    ///
    /// # Panics
    /// If the last row ends beyond the values.
    pub fn strided(values: &'a [f32], rows: usize, columns: usize, stride: usize) -> Self {
        let end = if rows == 0 || columns == 0 {
            0
        } else {
            (rows - 1) * stride + columns
        };
        assert!(
            end <= values.len(),
            "a {rows} × {columns} matrix needs {end} values, not {}",
            values.len()
        );
        Self {
            values,
            rows,
            columns,
            row_stride: stride,
            column_stride: 1,
        }
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The transposed matrix, of the same values.
    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// The rows and columns from (`row`, `column`) on, `rows` and `columns` of them.
    pub(super) fn part(self, row: usize, rows: usize, column: usize, columns: usize) -> Self {
        debug_assert!(row + rows <= self.rows && column + columns <= self.columns);
        let start = row * self.row_stride + column * self.column_stride;
        Self {
            values: &self.values[start.min(self.values.len())..],
            rows,
            columns,
            ..self
        }
    }
}

/// `c = a × b`, or `c += a × b`, with the rows of `c` `stride` values apart.
///
/// # Panics
/// If the shapes do not agree or `c` is too short.
pub fn multiply(a: Matrix, b: Matrix, c: &mut [f32], stride: usize, accumulate: bool) {
    assert_eq!(a.columns, b.rows, "the inner dimensions of a matrix product");
    let (rows, depth, columns) = (a.rows, a.columns, b.columns);
    if rows == 0 || columns == 0 {
        return;
    }
    assert!(
        stride >= columns && (rows - 1) * stride + columns <= c.len(),
        "the result of a matrix product"
    );
    let work = 2 * rows * depth * columns;
    let (tall, wide) = block_shape(rows, columns, work);
    let across = columns.div_ceil(wide);
    let shared = Shared::new(c);
    parallel::for_each(rows.div_ceil(tall) * across, work, |block| {
        let i = parallel::block(block / across, tall, rows);
        let j = parallel::block(block % across, wide, columns);
        let a = a.part(i.start, i.len(), 0, depth);
        let b = b.part(0, depth, j.start, j.len());
        let target = Target {
            shared,
            start: i.start * stride + j.start,
            stride,
        };
        dispatch!(multiply_block(a, b, target, accumulate));
    });
}

/// Rows and columns of the blocks that threads share: any cut gives the same result.
fn block_shape(rows: usize, columns: usize, work: usize) -> (usize, usize) {
    let threads = rayon::current_num_threads();
    if !parallel::worthwhile(threads, work) {
        return (rows, columns);
    }
    // Cutting rows packs the right-hand side once a thread; cutting columns reads the left once a thread.
    if rows >= columns {
        (rows.div_ceil(threads).next_multiple_of(14), columns)
    } else {
        (rows, columns.div_ceil(threads).next_multiple_of(PANEL))
    }
}

/// Where a product goes: rows `stride` values apart, the first one from `start` on.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    shared: Shared<'a>,
    start: usize,
    stride: usize,
}

impl<'a> Target<'a> {
    /// All of the values, in rows of `stride`.
    pub(super) fn new(values: &'a mut [f32], stride: usize) -> Self {
        Self {
            shared: Shared::new(values),
            start: 0,
            stride,
        }
    }
}

#[inline(always)]
fn multiply_block<S: Simd>(simd: S, a: Matrix, b: Matrix, target: Target, accumulate: bool) {
    let mut panels = Buffer::any(panels_length(b.rows.min(DEPTH), b.columns.min(WIDTH)));
    for column in (0..b.columns).step_by(WIDTH) {
        let columns = WIDTH.min(b.columns - column);
        // A product without depth is zero.
        for first in (0..b.rows.max(1)).step_by(DEPTH) {
            let depth = DEPTH.min(b.rows - first);
            let packed = pack(simd, b.part(first, depth, column, columns), &mut panels);
            for row in (0..a.rows).step_by(HEIGHT) {
                let rows = HEIGHT.min(a.rows - row);
                let target = Target {
                    start: target.start + row * target.stride + column,
                    ..target
                };
                let a = a.part(row, rows, first, depth);
                multiply_packed(simd, a, packed, columns, target, accumulate || first > 0);
            }
        }
    }
}

/// A right-hand side in panels of 32 columns, the last one of 16 if that is enough, filled up with zeros.
#[derive(Clone, Copy)]
pub(super) struct Packed<'a> {
    panels: &'a [f32],
    depth: usize,
    columns: usize,
}

/// The values that [`pack`] needs.
pub(super) fn panels_length(depth: usize, columns: usize) -> usize {
    depth * columns.next_multiple_of(LANES)
}

/// Copies a right-hand side into panels.
#[inline(never)]
pub(super) fn pack<'a, S: Simd>(simd: S, b: Matrix, panels: &'a mut [f32]) -> Packed<'a> {
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
    let mut start = 0;
    for column in (0..b.columns).step_by(PANEL) {
        let columns = PANEL.min(b.columns - column);
        let width = columns.next_multiple_of(LANES);
        let panel = &mut panels[start..start + b.rows * width];
        start += panel.len();
        if b.column_stride == 1 {
            for (row, line) in panel.chunks_exact_mut(width).enumerate() {
                let from = row * b.row_stride + column;
                let from = &b.values[from..from + columns];
                for (to, from) in line.chunks_exact_mut(LANES).zip(from.chunks(LANES)) {
                    let values = simd.load_partial(from, 0.0);
                    simd.store_partial(values, to);
                }
            }
        } else {
            if columns < width {
                panel.fill(0.0);
            }
            for j in 0..columns {
                let from = &b.values[(column + j) * b.column_stride..];
                for (row, line) in panel.chunks_exact_mut(width).enumerate() {
                    line[j] = from[row * b.row_stride];
                }
            }
        }
    }
}

/// The product with the first `columns` columns and the first `a.columns` rows of a packed right-hand side.
#[inline(never)]
pub(super) fn multiply_packed<S: Simd>(
    simd: S,
    a: Matrix,
    packed: Packed,
    columns: usize,
    target: Target,
    accumulate: bool,
) {
    simd.call(
        #[inline(always)]
        || multiply_panels(simd, a, packed, columns, target, accumulate),
    );
}

#[inline(always)]
fn multiply_panels<S: Simd>(
    simd: S,
    a: Matrix,
    packed: Packed,
    columns: usize,
    target: Target,
    accumulate: bool,
) {
    debug_assert!(columns <= packed.columns && a.columns <= packed.depth);
    let mut start = 0;
    for column in (0..columns).step_by(PANEL) {
        let width = (packed.columns - column).min(PANEL);
        let panel = &packed.panels[start..start + panels_length(packed.depth, width)];
        start += panel.len();
        let used = width.min(columns - column);
        let target = Target {
            start: target.start + column,
            ..target
        };
        if width > LANES {
            rows_of_tiles::<S, 2>(simd, a, panel, used, target, accumulate);
        } else {
            rows_of_tiles::<S, 1>(simd, a, panel, used, target, accumulate);
        }
    }
}

#[inline(always)]
fn rows_of_tiles<S: Simd, const N: usize>(
    simd: S,
    a: Matrix,
    panel: &[f32],
    columns: usize,
    target: Target,
    accumulate: bool,
) {
    let mut row = 0;
    macro_rules! tiles {
        ($($rows:literal)+) => {$(
            #[allow(clippy::int_plus_one)] // The rows are one in the last of the expansions only.
            if $rows <= S::TILE_ROWS {
                while row + $rows <= a.rows {
                    let a = a.part(row, $rows, 0, a.columns);
                    let target = Target { start: target.start + row * target.stride, ..target };
                    tile::<S, $rows, N>(simd, a, panel, columns, target, accumulate);
                    row += $rows;
                }
            }
        )+};
    }
    tiles!(14 8 4 3 2 1);
}

/// `M` rows and `N × 16` columns of the result, held in registers.
#[inline(always)]
fn tile<S: Simd, const M: usize, const N: usize>(
    simd: S,
    a: Matrix,
    panel: &[f32],
    columns: usize,
    target: Target,
    accumulate: bool,
) {
    let depth = a.columns;
    let reach = if depth == 0 {
        0
    } else {
        (M - 1) * a.row_stride + (depth - 1) * a.column_stride + 1
    };
    assert!(
        reach <= a.values.len() && depth * N * LANES <= panel.len(),
        "a tile inside its operands"
    );
    let mut sums = [[simd.splat(0.0); N]; M];
    let mut left = a.values.as_ptr();
    let mut right = panel.as_ptr();
    for _ in 0..depth {
        // SAFETY: the assertion above bounds both operands: row i of column k of the tile is at
        // i × row_stride + k × column_stride < reach, and row k of the panel ends at (k + 1) × N × 16.
        unsafe {
            let b: [S::Floats; N] = std::array::from_fn(|j| simd.load_pointer(right.add(j * LANES)));
            for (i, sums) in sums.iter_mut().enumerate() {
                let a = simd.splat(*left.add(i * a.row_stride));
                for j in 0..N {
                    sums[j] = simd.mul_add(a, b[j], sums[j]);
                }
            }
            left = left.wrapping_add(a.column_stride);
            right = right.add(N * LANES);
        }
    }
    // Through the stack, for the compiler keeps the sums in registers only if nothing indexes them.
    let mut rows = [[[0.0; LANES]; N]; M];
    for i in 0..M {
        for j in 0..N {
            simd.store(sums[i][j], &mut rows[i][j]);
        }
    }
    write_rows(simd, rows.as_flattened(), N, columns, target, accumulate);
}

/// Writes the rows of a tile, `vectors` vectors each.
#[inline(always)]
fn write_rows<S: Simd>(
    simd: S,
    tile: &[[f32; LANES]],
    vectors: usize,
    columns: usize,
    target: Target,
    accumulate: bool,
) {
    for (i, from) in tile.chunks_exact(vectors).enumerate() {
        let start = target.start + i * target.stride;
        // SAFETY: blocks, row strips and panels cut the result without overlap, one task each.
        let row = unsafe { target.shared.part(start..start + columns) };
        for (to, from) in row.chunks_mut(LANES).zip(from) {
            let sum = simd.load(from);
            if let Ok(to) = <&mut [f32; LANES]>::try_from(&mut *to) {
                simd.store(
                    if accumulate {
                        simd.add(simd.load(to), sum)
                    } else {
                        sum
                    },
                    to,
                );
            } else {
                let sum = if accumulate {
                    simd.add(simd.load_partial(to, 0.0), sum)
                } else {
                    sum
                };
                simd.store_partial(sum, to);
            }
        }
    }
}
