//! Products of operands that are packed already.

use super::unit::Running;
use super::{BLOCK, SIDE};
use crate::cpu::matrix::Target;

/// Blocks of depth whose products are summed at a time.
const DEPTH: usize = 32;

/// Blocks of the right-hand side that pass by before the next strip of the left: 1 MiB.
const RIGHT: usize = 512;

/// Strips of 32 lanes of an operand, each its blocks of depth in order.
#[derive(Clone, Copy)]
pub(super) struct Strips<'a> {
    pub(super) values: &'a [f32],
    /// Blocks from a strip to the next.
    pub(super) deep: usize,
}

impl<'a> Strips<'a> {
    /// The same from a block of depth on.
    fn from(self, first: usize) -> Self {
        Self {
            values: &self.values[first * BLOCK..],
            ..self
        }
    }

    fn strip(self, index: usize, steps: usize) -> &'a [f32] {
        &self.values[index * self.deep * BLOCK..][..steps * BLOCK]
    }
}

/// `target = left × right`, or `target += left × right`, on this thread: `steps` blocks of depth.
pub(super) fn multiply(
    running: &Running,
    [left, right]: [Strips; 2],
    steps: usize,
    (rows, columns): (usize, usize),
    target: Target,
    accumulate: bool,
) {
    if steps == 0 && !accumulate {
        zero(target, (rows, columns));
    }
    let step = step_of(steps);
    let (down, across) = (rows.div_ceil(SIDE), columns.div_ceil(SIDE));
    for first in (0..steps).step_by(step) {
        let (step, accumulate) = (step.min(steps - first), accumulate || first > 0);
        let (left, right) = (left.from(first), right.from(first));
        let group = (RIGHT / step).max(1);
        for near in (0..across).step_by(group) {
            for strip in 0..down {
                let left = left.strip(strip, step);
                for column in near..(near + group).min(across) {
                    let right = right.strip(column, step);
                    let (row, column) = (strip * SIDE, column * SIDE);
                    let size = (SIDE.min(rows - row), SIDE.min(columns - column));
                    write(running, left, right, target.from(row, column), size, accumulate);
                }
            }
        }
    }
}

/// Blocks of depth at a time, out of so many: one even of none, for a product without depth is zero.
pub(super) fn step_of(steps: usize) -> usize {
    steps.div_ceil(steps.div_ceil(DEPTH).max(1)).max(1)
}

/// The product without depth.
fn zero(target: Target, (rows, columns): (usize, usize)) {
    for row in 0..rows {
        let start = target.from(row, 0).start;
        // SAFETY: the rows of the target are this call's alone.
        unsafe { target.shared.part(start..start + columns) }.fill(0.0);
    }
}

/// Multiplies a strip of each operand into a block of the result, of at most 32 rows and columns.
fn write(
    running: &Running,
    left: &[f32],
    right: &[f32],
    target: Target,
    (rows, columns): (usize, usize),
    accumulate: bool,
) {
    let Target {
        shared,
        start,
        stride,
    } = target;
    if (rows, columns) == (SIDE, SIDE) {
        let end = start + (SIDE - 1) * stride + SIDE;
        // SAFETY: no other task writes this block; the range holds all of it.
        unsafe { running.multiply(left, right, shared.start_of(start..end), stride, accumulate) };
    } else {
        write_part(running, left, right, target, (rows, columns), accumulate);
    }
}

/// [`write`], by way of a whole block.
#[cold]
#[inline(never)]
fn write_part(
    running: &Running,
    left: &[f32],
    right: &[f32],
    target: Target,
    (rows, columns): (usize, usize),
    accumulate: bool,
) {
    let mut whole = [0.0f32; SIDE * SIDE];
    // SAFETY: the block is as large as the unit writes.
    unsafe { running.multiply(left, right, whole.as_mut_ptr(), SIDE, false) };
    for (row, from) in whole.chunks_exact(SIDE).enumerate().take(rows) {
        let start = target.from(row, 0).start;
        // SAFETY: no other task writes this block.
        let to = unsafe { target.shared.part(start..start + columns) };
        for (to, from) in to.iter_mut().zip(from) {
            *to = if accumulate { *to + from } else { *from };
        }
    }
}
