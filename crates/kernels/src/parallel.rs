//! One level of parallel loops over the shared thread pool.
//!
//! Where sums are cut, they are cut by the shape of the work and never by the number of threads, so results do not
//! depend on it. Loops that are too small to share, or have one thread, run where they are called.

use std::ops::Range;

use rayon::prelude::*;

use crate::{Implementation, Precision, profile};

/// The work, in floating-point operations or values moved, below which a loop is not shared.
const SMALL: usize = 60_000;

/// Whether to share a loop of `count` turns and `work` operations in all.
pub fn worthwhile(count: usize, work: usize) -> bool {
    count > 1 && work > SMALL && rayon::current_num_threads() > 1
}

/// Calls `task` for each of `0..count`, in any order, on any threads.
pub fn for_each(count: usize, work: usize, task: impl Fn(usize) + Sync + Send) {
    // Compiled once for all tasks: generic, it would hold each task twice, with all its kernels.
    fn run(count: usize, work: usize, task: &(dyn Fn(usize) + Sync)) {
        if worthwhile(count, work) {
            (0..count).into_par_iter().with_max_len(1).for_each(task);
        } else {
            (0..count).for_each(task);
        }
    }
    run(count, work, &task);
}

/// What `task` makes of each item, in order, on any threads.
pub fn map<T: Send, R: Send>(items: Vec<T>, work: usize, task: impl Fn(T) -> R + Sync + Send) -> Vec<R> {
    if worthwhile(items.len(), work) {
        items.into_par_iter().map(task).collect()
    } else {
        items.into_iter().map(task).collect()
    }
}

/// Runs `work` on a thread of the pool, with this thread's choices of how to compute. Any other thread would hand
/// the turns of each loop to the pool and sleep until they are done; one of the pool's takes part.
pub fn inside<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    let (implementation, precision) = (Implementation::current(), Precision::current());
    rayon::scope(|_| profile::apart(|| implementation.run(|| precision.run(work))))
}

/// The `index`-th block of `size` out of `0..length` (the last may be shorter).
pub fn block(index: usize, size: usize, length: usize) -> Range<usize> {
    (index * size).min(length)..((index + 1) * size).min(length)
}

/// Values that several threads write, each its own part.
#[derive(Clone, Copy)]
pub struct Shared<'a> {
    start: *mut f32,
    length: usize,
    borrow: std::marker::PhantomData<&'a mut [f32]>,
}

// SAFETY: the parts handed out do not overlap (the contract of `part` and `pointer`).
unsafe impl Send for Shared<'_> {}
// SAFETY: as above.
unsafe impl Sync for Shared<'_> {}

impl<'a> Shared<'a> {
    /// Shares the values for the time of the borrow.
    pub fn new(values: &'a mut [f32]) -> Self {
        Self {
            start: values.as_mut_ptr(),
            length: values.len(),
            borrow: std::marker::PhantomData,
        }
    }

    /// The values of a range.
    ///
    /// # Safety
    /// While the part lives, nothing else may touch the range.
    ///
    /// # Panics
    /// If the range is not inside the values.
    pub unsafe fn part(self, range: Range<usize>) -> &'a mut [f32] {
        assert!(
            range.start <= range.end && range.end <= self.length,
            "a part of the shared values"
        );
        // SAFETY: the range is inside the values; the caller promises it is not aliased.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }

    /// Where a value is, or would be, to prefetch it.
    pub fn address(self, index: usize) -> *const f32 {
        self.start.wrapping_add(index)
    }

    /// The first value of a range, to write parts of the range through.
    ///
    /// # Safety
    /// Nothing else may touch the values written while they are written.
    ///
    /// # Panics
    /// If the range is not inside the values.
    pub unsafe fn start_of(self, range: Range<usize>) -> *mut f32 {
        assert!(
            range.start <= range.end && range.end <= self.length,
            "a part of the shared values"
        );
        self.start.wrapping_add(range.start)
    }
}
