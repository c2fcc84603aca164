//! Whole right-hand sides.

use super::pack::{copy_filled, pack, panels_length};
use super::{BLOCK, DEPTH, Packed, multiply_packed};
use crate::cpu::matrix::{Matrix, Target};
use crate::memory::Buffer;
use crate::parallel::{self, Shared};
use crate::simd::{LANES, Level, Simd, Tile, dispatch_at};

/// A whole right-hand side in blocks of panels, for any number of left-hand sides.
pub(in crate::cpu) struct Panels {
    values: Buffer,
    layout: Layout,
}

/// How an instruction set cuts products.
fn tile<S: Simd>(_: S) -> Tile {
    S::TILE
}

/// Where the blocks of a right-hand side lie.
#[derive(Clone, Copy)]
struct Layout {
    /// What packs them and multiplies by them.
    level: Level,
    /// Columns of a panel.
    panel: usize,
    depth: usize,
    columns: usize,
    /// Rows of a block.
    step: usize,
    /// Columns of a block.
    wide: usize,
}

impl Panels {
    /// Panels to be packed by rows.
    pub(in crate::cpu) fn any(depth: usize, columns: usize) -> Self {
        // Blocks of equal depth; one even without any, for a product without depth is zero.
        let step = depth.div_ceil(depth.div_ceil(DEPTH).max(1)).max(1);
        let level = Level::current();
        let panel = dispatch_at!(level, tile()).columns;
        let layout = Layout {
            level,
            panel,
            depth,
            columns,
            step,
            wide: BLOCK / step / panel * panel,
        };
        Self {
            values: Buffer::any(panels_length(depth, columns)),
            layout,
        }
    }

    /// Packs a right-hand side, on all threads.
    pub(in crate::cpu) fn of(b: Matrix) -> Self {
        let mut panels = Self::any(b.rows, b.columns);
        let Layout {
            level,
            depth,
            columns,
            step,
            wide,
            ..
        } = panels.layout;
        let deep = depth.div_ceil(step);
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
            dispatch_at!(level, pack(part, space));
        });
        panels
    }

    /// The rows, for several threads to pack.
    pub(in crate::cpu) fn packing(&mut self) -> PanelsPacking<'_> {
        PanelsPacking {
            values: Shared::new(&mut self.values),
            layout: self.layout,
        }
    }

    /// Rows of the right-hand side.
    pub(in crate::cpu) fn depth(&self) -> usize {
        self.layout.depth
    }

    /// Rows of the tiles that its products are cut into.
    pub(in crate::cpu) fn tile_rows(&self) -> usize {
        dispatch_at!(self.layout.level, tile()).rows
    }

    /// Columns of the right-hand side.
    pub(in crate::cpu) fn columns(&self) -> usize {
        self.layout.columns
    }

    /// `target = a × b`, or `target += a × b`, on this thread.
    pub(in crate::cpu) fn multiply(&self, a: Matrix, target: Target, accumulate: bool) {
        let layout = self.layout;
        for column in (0..layout.columns).step_by(layout.wide) {
            let columns = layout.wide.min(layout.columns - column);
            for first in (0..layout.depth.max(1)).step_by(layout.step) {
                let depth = layout.step.min(layout.depth - first);
                let start = block_start(layout.depth, column, columns, first);
                let packed = Packed {
                    panels: &self.values[start..start + panels_length(depth, columns)],
                    depth,
                    columns,
                };
                let (a, target) = (a.part(0, a.rows, first, depth), target.from(0, column));
                let accumulate = accumulate || first > 0;
                dispatch_at!(
                    layout.level,
                    multiply_packed(a, packed, columns, target, accumulate)
                );
            }
        }
    }
}

/// Where the block of `columns` columns from `column` on and the rows from `row` on starts.
fn block_start(depth: usize, column: usize, columns: usize, row: usize) -> usize {
    column * depth + panels_length(row, columns)
}

/// Panels that several threads pack by rows.
#[derive(Clone, Copy)]
pub(in crate::cpu) struct PanelsPacking<'a> {
    values: Shared<'a>,
    layout: Layout,
}

impl PanelsPacking<'_> {
    /// Packs rows, stored by rows, as those from `first` on.
    ///
    /// # Safety
    /// Nothing else may touch these rows of the panels meanwhile.
    pub(in crate::cpu) unsafe fn pack(self, first: usize, rows: Matrix) {
        let Layout {
            level,
            depth,
            columns,
            ..
        } = self.layout;
        assert!(
            first + rows.rows <= depth && rows.columns == columns && rows.is_stored_by_rows(),
            "rows of a right-hand side"
        );
        dispatch_at!(level, pack_rows(self, first, rows));
    }
}

impl Layout {
    /// Where the panel that begins with `column` has its row, and those after it up to the end of the block, and how
    /// many values a row has.
    fn place(self, row: usize, column: usize) -> (std::ops::Range<usize>, usize) {
        let block = parallel::block(column / self.wide, self.wide, self.columns);
        let rows = parallel::block(row / self.step, self.step, self.depth);
        let width = self.panel.min(self.columns - column).next_multiple_of(LANES);
        let panel = block_start(self.depth, block.start, block.len(), rows.start)
            + (column - block.start) * rows.len();
        (
            panel + (row - rows.start) * width..panel + rows.len() * width,
            width,
        )
    }
}

#[inline(always)]
fn pack_rows<S: Simd>(simd: S, to: PanelsPacking, first: usize, rows: Matrix) {
    for column in (0..rows.columns).step_by(S::TILE.columns) {
        let used = S::TILE.columns.min(rows.columns - column);
        let mut row = 0;
        while row < rows.rows {
            let (place, width) = to.layout.place(first + row, column);
            let count = (place.len() / width).min(rows.rows - row);
            // SAFETY: the caller of `PanelsPacking::pack` promises that these rows are this call's alone.
            let place = unsafe { to.values.part(place.start..place.start + count * width) };
            for (index, to) in place.chunks_exact_mut(width).enumerate() {
                copy_filled(simd, &rows.row(row + index)[column..column + used], to);
            }
            row += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_packed_apart_are_those_packed_together() {
        for (depth, columns) in [(1, 1), (31, 40), (1000, 1100), (385, 2049), (3, 0), (0, 5)] {
            let values: Vec<f32> = (0..depth * columns).map(|index| index as f32).collect();
            let b = Matrix::new(&values, depth, columns);
            let mut panels = Panels::any(depth, columns);
            let packing = panels.packing();
            for first in (0..depth).step_by(32) {
                let rows = b.part(first, 32.min(depth - first), 0, columns);
                // SAFETY: nothing else packs.
                unsafe { packing.pack(first, rows) };
            }
            assert!(
                *panels.values == *Panels::of(b).values,
                "{depth} rows of {columns}"
            );
        }
    }
}
