//! Loops over rows, blocks of which are tasks. What is summed over rows is summed within blocks, then over them in order.

use std::ops::Range;

use crate::memory::Buffer;
use crate::parallel::{self, Shared, block};

/// Rows of a block: a multiple of what products pack at a time.
pub(super) const ROWS: usize = 64;

/// Calls `task` for each block of rows, on any threads.
pub(super) fn for_each_block(rows: usize, work: usize, task: impl Fn(Range<usize>) + Sync + Send) {
    parallel::for_each(rows.div_ceil(ROWS), work, |index| task(block(index, ROWS, rows)));
}

/// As [`for_each_block`], with sums to which the task adds those of its rows; writes those of all rows into `sums`.
pub(super) fn sum_over_blocks(
    rows: usize,
    work: usize,
    sums: &mut [f32],
    task: impl Fn(Range<usize>, &mut [f32]) + Sync + Send,
) {
    let size = sums.len();
    let mut partial = Buffer::zeros(rows.div_ceil(ROWS) * size);
    {
        let partial = Shared::new(&mut partial);
        for_each_block(rows, work, |rows| {
            let index = rows.start / ROWS;
            // SAFETY: each block has sums of its own.
            task(rows, unsafe { partial.part(index * size..(index + 1) * size) });
        });
    }
    add_up(&partial, sums);
}

/// Adds up the sums that each task has of its own, in order.
pub(super) fn add_up(partial: &[f32], sums: &mut [f32]) {
    assert!(
        partial.len().is_multiple_of(sums.len().max(1)),
        "a sum for each column"
    );
    sums.fill(0.0);
    for partial in partial.chunks_exact(sums.len().max(1)) {
        sums.iter_mut()
            .zip(partial)
            .for_each(|(sum, value)| *sum += value);
    }
}
