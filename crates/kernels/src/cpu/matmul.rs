//! Products of `f32` matrices, stored anyhow, without copying a transposed one.
//!
//! Blocks as in Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008): the
//! right-hand side is packed into panels of 32 columns and at most `DEPTH` rows that stay in the
//! second-level cache; a strip of `Simd::TILE_ROWS` rows of the left-hand side stays in the first-level
//! cache while all panels pass by.
//!
//! Each value of the result is a sum over depth blocks in order, in each of which it is one chain of
//! fused multiply-adds in order. It does not depend on where the value lies or on the number of threads.

use crate::memory::Buffer;
use crate::parallel::{self, Shared};
use crate::simd::{LANES, Simd, dispatch};

/// Columns of a panel.
const PANEL: usize = 2 * LANES;

/// Rows of a panel at most: 32 KiB.
const DEPTH: usize = 256;

/// Columns of the right-hand side packed at a time: 1 MiB.
const WIDTH: usize = 1024;

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

    /// Whether the values of a row lie side by side.
    pub(super) fn is_stored_by_rows(&self) -> bool {
        self.column_stride == 1
    }

    /// A row of a matrix that is stored by rows.
    #[inline(always)]
    pub(super) fn row(self, index: usize) -> &'a [f32] {
        debug_assert!(self.is_stored_by_rows());
        &self.values[index * self.row_stride..][..self.columns]
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

/// The rows, depth and columns of a product.
///
/// # Panics
/// If the shapes do not agree or `c` is too short.
pub(super) fn check_product(a: Matrix, b: Matrix, c: &[f32], stride: usize) -> (usize, usize, usize) {
    assert_eq!(a.columns, b.rows, "the inner dimensions of a matrix product");
    let end = if a.rows == 0 || b.columns == 0 {
        0
    } else {
        (a.rows - 1) * stride + b.columns
    };
    assert!(
        stride >= b.columns && end <= c.len(),
        "the result of a matrix product"
    );
    (a.rows, a.columns, b.columns)
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
    // Blocks of equal depth; one even without any, for a product without depth is zero.
    let step = b.rows.div_ceil(b.rows.div_ceil(DEPTH).max(1)).max(1);
    for column in (0..b.columns).step_by(WIDTH) {
        let columns = WIDTH.min(b.columns - column);
        for first in (0..b.rows.max(1)).step_by(step) {
            let depth = step.min(b.rows - first);
            let packed = pack(simd, b.part(first, depth, column, columns), &mut panels);
            let target = Target {
                start: target.start + column,
                ..target
            };
            let a = a.part(0, a.rows, first, depth);
            multiply_packed(simd, a, packed, columns, target, accumulate || first > 0);
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
            let b = b.part(0, b.rows, column, columns).transposed();
            transpose_into(simd, b, panel, width);
        }
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
    let mut gathered = worth_gathering(a, columns).then(|| Buffer::any(LANES * a.columns));
    let mut row = 0;
    macro_rules! strips {
        ($($rows:literal)+) => {$(
            #[allow(clippy::int_plus_one)] // The rows are one in the last of the expansions only.
            if $rows <= S::TILE_ROWS {
                while row + $rows <= a.rows {
                    let a = a.part(row, $rows, 0, a.columns);
                    let target = Target { start: target.start + row * target.stride, ..target };
                    // Twice, for the strides of what was gathered are constants.
                    match &mut gathered {
                        Some(space) => {
                            let a = gather(simd, a, space);
                            strip::<S, $rows>(simd, a, packed, columns, target, accumulate);
                        }
                        None => strip::<S, $rows>(simd, a, packed, columns, target, accumulate),
                    }
                    row += $rows;
                }
            }
        )+};
    }
    strips!(14 8 4 3 2 1);
}

/// `M` rows of the result. They stay in the first-level cache while the panels pass by.
#[inline(always)]
fn strip<S: Simd, const M: usize>(
    simd: S,
    a: Matrix,
    packed: Packed,
    columns: usize,
    target: Target,
    accumulate: bool,
) {
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
            tile::<S, M, 2>(simd, a, panel, used, target, accumulate);
        } else {
            tile::<S, M, 1>(simd, a, panel, used, target, accumulate);
        }
    }
}

/// Whether strips should be gathered, which pays if they are read often, or if their values lie so far apart
/// that they compete for few places of the cache.
#[inline(always)]
fn worth_gathering(a: Matrix, columns: usize) -> bool {
    let (panels, crowded) = (
        columns.div_ceil(PANEL),
        a.row_stride.max(a.column_stride).is_multiple_of(512),
    );
    if a.row_stride == 1 {
        panels > 3 || panels > 1 && crowded
    } else {
        a.column_stride == 1 && (panels >= 8 || panels > 2 && crowded)
    }
}

/// Copies a strip column by column, the columns sixteen values apart.
#[inline(always)]
fn gather<'a, S: Simd>(simd: S, a: Matrix, gathered: &'a mut [f32]) -> Matrix<'a> {
    if a.row_stride == 1 {
        for (column, to) in gathered.chunks_exact_mut(LANES).take(a.columns).enumerate() {
            let start = column * a.column_stride;
            let values = simd.load_partial(&a.values[start..start + a.rows], 0.0);
            simd.store_partial(values, to);
        }
    } else {
        for column in (0..a.columns).step_by(LANES) {
            let width = LANES.min(a.columns - column);
            let mut vectors = [simd.splat(0.0); LANES];
            for (row, vector) in vectors.iter_mut().enumerate() {
                let start = row.min(a.rows - 1) * a.row_stride + column;
                *vector = simd.load_partial(&a.values[start..start + width], 0.0);
            }
            let to = gathered[column * LANES..].chunks_exact_mut(LANES);
            for (vector, to) in simd.transpose(vectors).into_iter().zip(to).take(width) {
                simd.store_partial(vector, to);
            }
        }
    }
    Matrix {
        values: gathered,
        row_stride: 1,
        column_stride: LANES,
        ..a
    }
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
    let end = target.start + (M - 1) * target.stride + columns;
    // SAFETY: blocks, strips and panels cut the result without overlap, one task each; the range is inside
    // the result, and this tile writes its own columns of it only.
    let to = unsafe { target.shared.start_of(target.start..end) };
    if accumulate {
        for i in 0..M {
            for j in 0..N {
                simd.prefetch(to.wrapping_add(i * target.stride + j * LANES));
            }
        }
    }
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
    if columns == N * LANES {
        // SAFETY: row i of the tile ends at i × stride + columns, inside the range checked above.
        unsafe {
            if accumulate {
                for (i, sums) in sums.iter_mut().enumerate() {
                    for (j, sum) in sums.iter_mut().enumerate() {
                        *sum = simd.add(simd.load_pointer(to.add(i * target.stride + j * LANES)), *sum);
                    }
                }
            }
            for (i, sums) in sums.iter().enumerate() {
                for (j, &sum) in sums.iter().enumerate() {
                    simd.store_pointer(sum, to.add(i * target.stride + j * LANES));
                }
            }
        }
        return;
    }
    let mut rows = [[[0.0; LANES]; N]; M];
    for (sums, to) in sums.iter().zip(&mut rows) {
        for (&sum, to) in sums.iter().zip(to) {
            simd.store(sum, to);
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
