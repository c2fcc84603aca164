//! Products of small matrices on one thread, such as the tiles of attention.

use super::strips::{Strips, multiply};
use super::unit::{Form, Running, Unit};
use super::{BLOCK, SIDE, block_of, pack_left};
use crate::Precision;
use crate::cpu::matrix::{Matrix, Target};
use crate::memory::Buffer;

/// A unit at work on this thread.
#[derive(Clone, Copy)]
pub(in crate::cpu) struct Small<'a> {
    unit: Unit,
    running: &'a Running,
}

/// A right-hand side in blocks.
#[derive(Clone, Copy)]
pub(in crate::cpu) struct Packed<'a>(Strips<'a>);

/// The values that [`Small::pack`] needs.
pub(in crate::cpu) fn blocks_length(depth: usize, columns: usize) -> usize {
    depth.div_ceil(SIDE) * columns.div_ceil(SIDE) * BLOCK
}

impl Small<'_> {
    /// Calls `work` with a unit, if the precision asks for one and the processor has it.
    pub(in crate::cpu) fn start<R>(precision: Precision, work: impl FnOnce(Option<Small>) -> R) -> R {
        let unit = match precision {
            Precision::BFloat16 => Unit::detect(),
            Precision::Float32 => None,
        };
        match unit {
            Some(unit) => {
                let running = &unit.start();
                work(Some(Small { unit, running }))
            }
            None => work(None),
        }
    }

    /// Packs a right-hand side.
    pub(in crate::cpu) fn pack<'a>(self, b: Matrix, space: &'a mut [f32]) -> Packed<'a> {
        let deep = b.rows().div_ceil(SIDE);
        let lanes = b.transposed();
        for first in 0..deep {
            for strip in 0..b.columns().div_ceil(SIDE) {
                let block = &mut space[(strip * deep + first) * BLOCK..][..BLOCK];
                self.unit.pack(block_of(lanes, strip, first), Form::Pairs, block);
            }
        }
        Packed(Strips {
            values: space,
            deep,
        })
    }

    /// The product with the first `columns` columns and the first `a.columns` rows (more than none) of a
    /// packed right-hand side.
    pub(in crate::cpu) fn multiply(
        self,
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
        multiply(self.running, [left, b.0], steps, size, target, accumulate);
    }
}
