//! Products on one thread: of tiles, and of some rows with a whole right-hand side.

use std::ops::Range;

use super::blocks::Blocks;
use super::strips::{Strips, multiply};
use super::unit::{Form, Running, Unit};
use super::{BLOCK, SIDE, block_of, pack_left, strips};
use crate::cpu::matrix::{Matrix, Target};
use crate::memory::Buffer;

/// A unit at work on this thread.
pub(in crate::cpu) struct Work {
    unit: Unit,
    running: Running,
}

/// A right-hand side in blocks.
#[derive(Clone, Copy)]
pub(in crate::cpu) struct Packed<'a>(Strips<'a>);

/// Some rows of a left-hand side in blocks.
pub(in crate::cpu) struct Left {
    unit: Unit,
    values: Buffer,
    rows: usize,
    depth: usize,
}

/// The values that [`Work::pack`] needs.
pub(in crate::cpu) fn blocks_length(depth: usize, columns: usize) -> usize {
    depth.div_ceil(SIDE) * columns.div_ceil(SIDE) * BLOCK
}

impl Left {
    /// Space for `rows` rows.
    pub(in crate::cpu) fn new(unit: Unit, rows: usize, depth: usize) -> Self {
        let values = Buffer::any(blocks_length(depth, rows));
        Self {
            unit,
            values,
            rows,
            depth,
        }
    }

    /// All of these rows, stored by rows.
    pub(in crate::cpu) fn of(unit: Unit, rows: Matrix) -> Self {
        Self::of_each(unit, rows, |_, _| ())
    }

    /// The same, and in the same reading calls `also` with each 32 rows and their number.
    pub(in crate::cpu) fn of_each(unit: Unit, rows: Matrix, mut also: impl FnMut(usize, Matrix)) -> Self {
        let mut left = Self::new(unit, rows.rows(), rows.columns());
        for (strip, rows) in strips(rows) {
            left.pack(strip, rows);
            also(strip, rows);
        }
        left
    }

    /// Values of a row.
    pub(in crate::cpu) fn depth(&self) -> usize {
        self.depth
    }

    /// What packed it.
    pub(in crate::cpu) fn unit(&self) -> Unit {
        self.unit
    }

    fn strips(&self) -> Strips<'_> {
        Strips {
            values: &self.values,
            deep: self.deep(),
        }
    }

    /// Blocks of depth.
    fn deep(&self) -> usize {
        self.depth.div_ceil(SIDE)
    }

    /// Packs 32 rows, the `strip`-th, or at the end fewer.
    ///
    /// # Panics
    /// If they are more, or not stored by rows of the depth.
    pub(in crate::cpu) fn pack(&mut self, strip: usize, rows: Matrix) {
        assert_eq!(rows.columns(), self.depth, "the depth of a left-hand side");
        let length = blocks_length(self.depth, SIDE);
        let to = &mut self.values[strip * length..(strip + 1) * length];
        self.unit.pack_rows(rows, to);
    }
}

impl Work {
    /// Makes the unit ready on this thread.
    pub(in crate::cpu) fn start(unit: Unit) -> Self {
        let running = unit.start();
        Self { unit, running }
    }

    pub(super) fn running(&self) -> &Running {
        &self.running
    }

    /// `target = left × right`, or `target += left × right`.
    pub(in crate::cpu) fn multiply_rows(
        &self,
        left: &Left,
        right: &Blocks,
        target: Target,
        accumulate: bool,
    ) {
        assert_eq!(
            left.depth,
            right.depth(),
            "the inner dimensions of a matrix product"
        );
        self.multiply_left(left, right.strips(0, 0), right.lanes(), target, accumulate);
    }

    /// `target = left × right` for some columns of `right`, the first of them a multiple of 32.
    pub(in crate::cpu) fn multiply_columns(
        &self,
        left: &Left,
        right: &Blocks,
        columns: Range<usize>,
        target: Target,
    ) {
        assert_eq!(
            left.depth,
            right.depth(),
            "the inner dimensions of a matrix product"
        );
        let right = right.strips(columns.start / SIDE, 0);
        self.multiply_left(left, right, columns.len(), target, false);
    }

    /// `target = left × right`, or `target += left × right`, for the depth of `right` from its `below`-th 32 on that
    /// `left` has.
    pub(in crate::cpu) fn multiply_depth(
        &self,
        left: &Left,
        right: &Blocks,
        below: usize,
        target: Target,
        accumulate: bool,
    ) {
        let (columns, right) = (right.lanes(), right.strips(0, below));
        assert!(
            below + left.deep() <= right.deep,
            "the inner dimensions of a matrix product"
        );
        self.multiply_left(left, right, columns, target, accumulate);
    }

    fn multiply_left(&self, left: &Left, right: Strips, columns: usize, target: Target, accumulate: bool) {
        let (operands, size) = ([left.strips(), right], (left.rows, columns));
        multiply(&self.running, operands, left.deep(), size, target, accumulate);
    }

    /// Packs a right-hand side.
    pub(in crate::cpu) fn pack<'a>(&self, b: Matrix, space: &'a mut [f32]) -> Packed<'a> {
        let deep = b.rows().div_ceil(SIDE);
        let lanes = b.transposed();
        for below in 0..deep {
            for strip in 0..b.columns().div_ceil(SIDE) {
                let block = &mut space[(strip * deep + below) * BLOCK..][..BLOCK];
                self.unit.pack(block_of(lanes, strip, below), Form::Pairs, block);
            }
        }
        Packed(Strips { values: space, deep })
    }

    /// The product with the first `columns` columns and the first `a.columns` rows (more than none) of a
    /// packed right-hand side.
    pub(in crate::cpu) fn multiply(
        &self,
        a: Matrix,
        b: Packed,
        columns: usize,
        target: Target,
        accumulate: bool,
    ) {
        let (rows, steps) = (a.rows(), a.columns().div_ceil(SIDE));
        let mut left = Buffer::any(blocks_length(a.columns(), rows));
        let left = Strips {
            values: pack_left(self.unit, a, &mut left),
            deep: steps,
        };
        let size = (rows, columns);
        multiply(&self.running, [left, b.0], steps, size, target, accumulate);
    }
}
