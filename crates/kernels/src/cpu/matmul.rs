//! Products of `f32` matrices in the registers and caches of one core.
//!
//! Blocks as in Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008): the
//! right-hand side is packed into panels of 32 columns and at most `DEPTH` rows that stay in the
//! second-level cache; a strip of `Simd::TILE_ROWS` rows of the left-hand side stays in the first-level
//! cache while all panels pass by.
//!
//! Each value of the result is a sum over depth blocks in order, in each of which it is one chain of
//! fused multiply-adds in order. It does not depend on where the value lies.

use super::matrix::{Matrix, Target};
use crate::memory::Buffer;
use crate::parallel::{self, Shared};
use crate::simd::{LANES, Simd, dispatch, each_vector};

/// Columns of a panel.
const PANEL: usize = 2 * LANES;

/// Rows of a panel at most: 48 KiB.
const DEPTH: usize = 384;

/// Values of the right-hand side that are used before the next: 1 MiB.
const BLOCK: usize = 256 << 10;

/// A whole right-hand side in blocks of panels, for any number of left-hand sides.
pub(super) struct Panels {
    values: Buffer,
    depth: usize,
    columns: usize,
    /// Rows of a block.
    step: usize,
    /// Columns of a block.
    wide: usize,
}

impl Panels {
    /// Packs a right-hand side, on all threads.
    pub(super) fn new(b: Matrix) -> Self {
        let (depth, columns) = (b.rows, b.columns);
        // Blocks of equal depth; one even without any, for a product without depth is zero.
        let step = depth.div_ceil(depth.div_ceil(DEPTH).max(1)).max(1);
        let mut panels = Self {
            values: Buffer::any(panels_length(depth, columns)),
            depth,
            columns,
            step,
            wide: BLOCK / step / PANEL * PANEL,
        };
        let (deep, wide) = (depth.div_ceil(step), panels.wide);
        let values = Shared::new(&mut panels.values);
        let blocks = columns.div_ceil(wide) * deep;
        parallel::for_each(blocks, 2 * depth * columns, |block| {
            let column = parallel::block(block / deep, wide, columns);
            let row = parallel::block(block % deep, step, depth);
            let start = block_start(depth, column.start, column.len(), row.start);
            let length = panels_length(row.len(), column.len());
            // SAFETY: blocks do not overlap.
            let space = unsafe { values.part(start..start + length) };
            let part = b.part(row.start, row.len(), column.start, column.len());
            dispatch!(pack(part, space));
        });
        panels
    }

    /// `target = a × b`, or `target += a × b`, on this thread.
    pub(super) fn multiply(&self, a: Matrix, target: Target, accumulate: bool) {
        for column in (0..self.columns).step_by(self.wide) {
            let columns = self.wide.min(self.columns - column);
            for first in (0..self.depth.max(1)).step_by(self.step) {
                let depth = self.step.min(self.depth - first);
                let start = block_start(self.depth, column, columns, first);
                let packed = Packed {
                    panels: &self.values[start..start + panels_length(depth, columns)],
                    depth,
                    columns,
                };
                let (a, target) = (a.part(0, a.rows, first, depth), target.from(0, column));
                dispatch!(multiply_packed(
                    a,
                    packed,
                    columns,
                    target,
                    accumulate || first > 0
                ));
            }
        }
    }
}

/// Where the block of `columns` columns from `column` on and the rows from `row` on starts.
fn block_start(depth: usize, column: usize, columns: usize, row: usize) -> usize {
    column * depth + panels_length(row, columns)
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
fn copy_filled<S: Simd>(simd: S, from: &[f32], to: &mut [f32]) {
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
    let mut gathered = Gathered::new(a, columns);
    let mut row = 0;
    macro_rules! strips {
        ($($rows:literal)+) => {$(
            #[allow(clippy::int_plus_one)] // The rows are one in the last of the expansions only.
            if $rows <= S::TILE_ROWS {
                while row + $rows <= a.rows {
                    let target = target.from(row, 0);
                    // Twice, for the strides of what was gathered are constants.
                    match &mut gathered {
                        Some(gathered) => {
                            let a = gathered.strip(simd, a, row, $rows);
                            strip::<S, $rows>(simd, a, packed, columns, target, accumulate);
                        }
                        None => {
                            let a = a.part(row, $rows, 0, a.columns);
                            strip::<S, $rows>(simd, a, packed, columns, target, accumulate);
                        }
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
        let target = target.from(0, column);
        if width > LANES {
            tile::<S, M, 2>(simd, a, panel, used, target, accumulate);
        } else {
            tile::<S, M, 1>(simd, a, panel, used, target, accumulate);
        }
    }
}

/// Strips gathered at a time, if the matrix is stored by columns: 256 KiB.
const GATHERED: usize = 16;

/// Strips of the left-hand side copied so that their values lie side by side: `depth × 16` values each.
struct Gathered {
    values: Buffer,
    /// The rows whose strips they are.
    rows: std::ops::Range<usize>,
}

impl Gathered {
    /// Space for gathering, if that pays: if strips are read often, or their values lie so far apart that
    /// they compete for few places of the cache.
    fn new(a: Matrix, columns: usize) -> Option<Self> {
        let panels = columns.div_ceil(PANEL);
        let crowded = a.row_stride.max(a.column_stride).is_multiple_of(512);
        let (pays, strips) = if a.row_stride == 1 {
            (panels > 3 || panels > 1 && crowded, GATHERED)
        } else {
            (a.column_stride == 1 && (panels >= 8 || panels > 2 && crowded), 1)
        };
        pays.then(|| Self {
            values: Buffer::any(strips * LANES * a.columns),
            rows: 0..0,
        })
    }

    /// The strip of `rows` rows from `row` on.
    #[inline(always)]
    fn strip<S: Simd>(&mut self, simd: S, a: Matrix, row: usize, rows: usize) -> Matrix<'_> {
        let space = LANES * a.columns;
        if !self.rows.contains(&row) {
            let most = self.values.len() / space.max(1);
            let strips = if rows == S::TILE_ROWS {
                ((a.rows - row) / rows).clamp(1, most)
            } else {
                1
            };
            self.rows = row..row + strips * rows;
            if a.row_stride == 1 {
                self.gather_columns(simd, a, rows);
            } else {
                self.gather_rows(simd, a.part(row, rows, 0, a.columns));
            }
        }
        let start = (row - self.rows.start) / rows * space;
        let values = &self.values[start..start + space];
        Matrix {
            values,
            rows,
            columns: a.columns,
            row_stride: 1,
            column_stride: LANES,
        }
    }

    /// Gathers strips of `rows` rows of a matrix stored by columns: column by column, so that the reads are
    /// one stream.
    #[inline(always)]
    fn gather_columns<S: Simd>(&mut self, simd: S, a: Matrix, rows: usize) {
        let space = LANES * a.columns;
        for column in 0..a.columns {
            let first = column * a.column_stride;
            for (strip, row) in self.rows.clone().step_by(rows).enumerate() {
                // Rows beyond the strip do no harm where there are any.
                let from = &a.values[first + row..(first + row + LANES).min(a.values.len())];
                let values = simd.load_partial(from, 0.0);
                simd.store_partial(
                    values,
                    &mut self.values[strip * space + column * LANES..][..LANES],
                );
            }
        }
    }

    /// Gathers a strip stored by rows.
    #[inline(always)]
    fn gather_rows<S: Simd>(&mut self, simd: S, a: Matrix) {
        for column in (0..a.columns).step_by(LANES) {
            let width = LANES.min(a.columns - column);
            let mut vectors = [simd.splat(0.0); LANES];
            for (row, vector) in vectors.iter_mut().enumerate() {
                let start = row.min(a.rows - 1) * a.row_stride + column;
                *vector = simd.load_partial(&a.values[start..start + width], 0.0);
            }
            let to = self.values[column * LANES..].chunks_exact_mut(LANES);
            for (vector, to) in simd.transpose(vectors).into_iter().zip(to).take(width) {
                simd.store_partial(vector, to);
            }
        }
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
