//! Left-hand sides whose values are far apart, copied side by side.

use super::pack::copy_turned;
use crate::cpu::matrix::Matrix;
use crate::memory::Buffer;
use crate::simd::{LANES, Simd};

/// Strips gathered at a time, if the matrix is stored by columns: 256 KiB.
const GATHERED: usize = 16;

/// Strips of the left-hand side copied so that their values lie side by side: `depth × 16` values each.
pub(super) struct Gathered {
    values: Buffer,
    /// The rows whose strips they are.
    rows: std::ops::Range<usize>,
}

impl Gathered {
    /// Space for gathering, if that pays: if strips are read often, or their values lie so far apart that
    /// they compete for few places of the cache.
    pub(super) fn new<S: Simd>(a: Matrix, columns: usize) -> Option<Self> {
        let panels = columns.div_ceil(S::TILE.columns);
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
    pub(super) fn strip<S: Simd>(&mut self, simd: S, a: Matrix, row: usize, rows: usize) -> Matrix<'_> {
        let space = LANES * a.columns;
        if !self.rows.contains(&row) {
            let most = (self.values.len() / space.max(1)).max(1);
            let strips = if rows == S::TILE.rows {
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

/// All strips of some rows, copied so that the values of each lie side by side in the order of their use:
/// `depth × Tile::rows` values, and room for what the last vector holds beyond them.
pub(super) struct Strips {
    values: Buffer,
    depth: usize,
}

impl Strips {
    /// The strips, if copying them pays.
    #[inline(always)]
    pub(super) fn new<S: Simd>(simd: S, a: Matrix, columns: usize) -> Option<Self> {
        // Rows a multiple of 4 KiB apart lie in the same places of the first-level cache.
        let pays = a.row_stride == 1 || a.row_stride.is_multiple_of(1024);
        if !pays || columns <= S::TILE.columns {
            return None;
        }
        let strips = a.rows.div_ceil(S::TILE.rows);
        let mut all = Self {
            values: Buffer::any(strips * Self::space::<S>(a.columns)),
            depth: a.columns,
        };
        if a.row_stride == 1 {
            all.copy_columns(simd, a);
        } else {
            all.copy_rows(simd, a);
        }
        Some(all)
    }

    fn space<S: Simd>(depth: usize) -> usize {
        depth * S::TILE.rows + LANES
    }

    /// The `rows` rows from `row` on, a multiple of a tile's.
    #[inline(always)]
    pub(super) fn strip<S: Simd>(&self, row: usize, rows: usize) -> Matrix<'_> {
        let space = Self::space::<S>(self.depth);
        let start = row / S::TILE.rows * space;
        Matrix {
            values: &self.values[start..start + space],
            rows,
            columns: self.depth,
            row_stride: 1,
            column_stride: S::TILE.rows,
        }
    }

    /// Copies rows stored by columns, column by column, so that the reads are one stream.
    #[inline(always)]
    fn copy_columns<S: Simd>(&mut self, simd: S, a: Matrix) {
        let (space, tall) = (Self::space::<S>(a.columns), S::TILE.rows);
        for column in 0..a.columns {
            let from = &a.values[column * a.column_stride..];
            let mut to = column * tall;
            // Values of other rows do no harm: the next column is written over them.
            for row in (0..a.rows).step_by(tall) {
                let from = &from[row..];
                match (from.first_chunk::<8>(), self.values[to..].first_chunk_mut::<8>()) {
                    (Some(from), Some(to)) if tall <= 8 => *to = *from,
                    _ => {
                        let values = simd.load_partial(&from[..LANES.min(from.len())], 0.0);
                        simd.store_partial(values, &mut self.values[to..to + LANES]);
                    }
                }
                to += space;
            }
        }
    }

    /// Copies rows stored as rows.
    #[inline(always)]
    fn copy_rows<S: Simd>(&mut self, simd: S, a: Matrix) {
        let space = Self::space::<S>(a.columns);
        for (strip, row) in (0..a.rows).step_by(S::TILE.rows).enumerate() {
            let to = &mut self.values[strip * space..][..space];
            let a = a.part(row, S::TILE.rows.min(a.rows - row), 0, a.columns);
            copy_turned(simd, a, S::TILE.rows, to, S::TILE.rows);
        }
    }
}
