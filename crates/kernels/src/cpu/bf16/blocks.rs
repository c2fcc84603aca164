//! Whole operands in blocks.

use super::strips::{Strips, multiply, step_of};
use super::unit::{Form, Unit};
use super::work::{Work, blocks_length};
use super::{BLOCK, SIDE, block_of, pack_left};
use crate::cpu::matrix::{Matrix, Target};
use crate::memory::Buffer;
use crate::parallel::{self, Shared};

/// Blocks of the left-hand side that are packed at a time: 256 KiB.
const LEFT: usize = 128;

/// An operand in blocks: a left-hand side, whose lanes are its rows, or a right one, whose lanes are its columns.
pub(in crate::cpu) struct Blocks {
    unit: Unit,
    form: Form,
    values: Buffer,
    depth: usize,
    lanes: usize,
}

/// Blocks that several threads pack.
#[derive(Clone, Copy)]
pub(in crate::cpu) struct Packing<'a> {
    unit: Unit,
    form: Form,
    values: Shared<'a>,
    deep: usize,
}

impl Packing<'_> {
    /// Packs 32 of depth, the `below`-th, of the lanes from the `strip`-th 32 on: the rows of `depth`.
    ///
    /// # Safety
    /// Nothing else may touch these blocks meanwhile.
    pub(in crate::cpu) unsafe fn pack(self, below: usize, strip: usize, depth: Matrix) {
        let lanes = depth.transposed();
        for index in 0..lanes.rows().div_ceil(SIDE) {
            let start = ((strip + index) * self.deep + below) * BLOCK;
            // SAFETY: the caller's promise.
            let block = unsafe { self.values.part(start..start + BLOCK) };
            self.unit.pack(block_of(lanes, index, 0), self.form, block);
        }
    }
}

impl Blocks {
    /// Blocks of a left-hand side with these rows, to be packed.
    pub(in crate::cpu) fn left(unit: Unit, rows: usize, depth: usize) -> Self {
        Self::any(unit, Form::Lanes, rows, depth)
    }

    /// Blocks of a right-hand side with these columns, to be packed.
    pub(in crate::cpu) fn right(unit: Unit, columns: usize, depth: usize) -> Self {
        Self::any(unit, Form::Pairs, columns, depth)
    }

    fn any(unit: Unit, form: Form, lanes: usize, depth: usize) -> Self {
        let values = Buffer::any(blocks_length(depth, lanes));
        Self {
            unit,
            form,
            values,
            depth,
            lanes,
        }
    }

    /// Packs a right-hand side, on all threads.
    pub(in crate::cpu) fn of(unit: Unit, b: Matrix) -> Self {
        let mut blocks = Self::right(unit, b.columns(), b.rows());
        blocks.fill(b);
        blocks
    }

    /// Packs a left-hand side whose depth are these rows, on all threads.
    pub(in crate::cpu) fn left_of(unit: Unit, depth: Matrix) -> Self {
        let mut blocks = Self::left(unit, depth.columns(), depth.rows());
        blocks.fill(depth);
        blocks
    }

    /// Packs all rows of the depth.
    fn fill(&mut self, rows: Matrix) {
        let (depth, lanes, packing) = (rows.rows(), rows.columns(), self.packing());
        // A block of depth at a time over all lanes: of a matrix stored by rows, the reads are one stream.
        parallel::for_each(packing.deep, 2 * depth * lanes, |below| {
            let mine = parallel::block(below, SIDE, depth);
            // SAFETY: each task packs blocks of depth of its own.
            unsafe { packing.pack(below, 0, rows.part(mine.start, mine.len(), 0, lanes)) };
        });
    }

    /// The blocks, for several threads to pack.
    pub(in crate::cpu) fn packing(&mut self) -> Packing<'_> {
        Packing {
            unit: self.unit,
            form: self.form,
            values: Shared::new(&mut self.values),
            deep: self.depth.div_ceil(SIDE),
        }
    }

    /// The inner dimension.
    pub(in crate::cpu) fn depth(&self) -> usize {
        self.depth
    }

    /// Columns of a right-hand side.
    pub(in crate::cpu) fn lanes(&self) -> usize {
        self.lanes
    }

    /// From a block of depth of a strip of lanes on.
    pub(super) fn strips(&self, strip: usize, below: usize) -> Strips<'_> {
        let deep = self.depth.div_ceil(SIDE);
        Strips {
            values: &self.values[(strip * deep + below) * BLOCK..],
            deep,
        }
    }

    /// `target = a × b`, or `target += a × b`, on this thread, for these blocks as `b`.
    pub(in crate::cpu) fn multiply(&self, a: Matrix, target: Target, accumulate: bool) {
        let deep = self.depth.div_ceil(SIDE);
        let step = step_of(deep);
        let tall = (LEFT / step).max(1) * SIDE;
        let mut left = Buffer::any(tall.min(a.rows().next_multiple_of(SIDE)) / SIDE * step * BLOCK);
        let work = Work::start(self.unit);
        for row in (0..a.rows()).step_by(tall) {
            for first in (0..deep.max(1)).step_by(step) {
                let (rows, steps) = (tall.min(a.rows() - row), step.min(deep - first));
                let columns = (steps * SIDE).min(self.depth - first * SIDE);
                let part = a.part(row, rows, first * SIDE, columns);
                let left = Strips {
                    values: pack_left(self.unit, part, &mut left),
                    deep: steps,
                };
                let operands = [left, self.strips(0, first)];
                let (size, target) = ((rows, self.lanes), target.from(row, 0));
                multiply(
                    work.running(),
                    operands,
                    steps,
                    size,
                    target,
                    accumulate || first > 0,
                );
            }
        }
    }

    /// `product = left × right`, or `product += left × right`, of `left` and these blocks as `right`, on all
    /// threads.
    pub(in crate::cpu) fn multiply_blocks(&self, left: &Self, product: &mut [f32], accumulate: bool) {
        let (rows, columns, steps) = (left.lanes, self.lanes, self.depth.div_ceil(SIDE));
        assert!(
            left.depth == self.depth && product.len() == rows * columns,
            "the sizes of a product"
        );
        let target = Target::new(product, columns);
        let tall = rows.div_ceil(rayon::current_num_threads()).next_multiple_of(SIDE);
        parallel::for_each(
            rows.div_ceil(tall.max(1)),
            2 * rows * columns * self.depth,
            |task| {
                let mine = parallel::block(task, tall, rows);
                let operands = [left.strips(mine.start / SIDE, 0), self.strips(0, 0)];
                let (size, target) = ((mine.len(), columns), target.from(mine.start, 0));
                multiply(
                    Work::start(self.unit).running(),
                    operands,
                    steps,
                    size,
                    target,
                    accumulate,
                );
            },
        );
    }
}
