//! Buffers that are used again from step to step.
//!
//! A training step asks for the same sizes each time. Memory from the operating system comes zeroed, a
//! page fault at a time; memory from here was written a step ago, so it is in the cache and needs neither.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One cache line: the alignment of every buffer.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// The free buffers, by size class, and how many lines they and the lent ones have.
struct Pool {
    free: Vec<Vec<Vec<Line>>>,
    free_lines: usize,
    lent_lines: usize,
    /// The most that was lent at a time since buffers were last given back.
    most_lent_lines: usize,
}

static POOL: Mutex<Pool> = Mutex::new(Pool {
    free: Vec::new(),
    free_lines: 0,
    lent_lines: 0,
    most_lent_lines: 0,
});

fn pool() -> MutexGuard<'static, Pool> {
    // Every change below is complete before anything could panic.
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The class of the least size with room for `lines`: eight classes between powers of two.
fn class_of(lines: usize) -> usize {
    if lines <= 16 {
        return lines;
    }
    let shift = (lines - 1).ilog2() - 3;
    let steps = ((lines - 1) >> shift) + 1;
    shift as usize * 8 + steps
}

/// The lines a buffer of the class has.
fn lines_of(class: usize) -> usize {
    if class <= 16 {
        return class;
    }
    let shift = (class - 9) / 8;
    (class - shift * 8) << shift
}

/// Values that go back to the pool when dropped. They start as whatever they held before.
pub struct Buffer {
    lines: Vec<Line>,
    length: usize,
}

impl Buffer {
    /// A buffer of `length` values, of any content.
    pub fn any(length: usize) -> Self {
        let class = class_of(length.div_ceil(16));
        let lines = lines_of(class);
        let mut discarded = Vec::new();
        let mut pool = pool();
        pool.lent_lines += lines;
        pool.most_lent_lines = pool.most_lent_lines.max(pool.lent_lines);
        let reused = pool.free.get_mut(class).and_then(Vec::pop);
        match reused {
            Some(_) => pool.free_lines -= lines,
            // The sizes asked for have changed: give back what work of one kind never leaves unused.
            None if pool.free_lines + pool.lent_lines > pool.most_lent_lines * 3 / 2 => {
                discarded = std::mem::take(&mut pool.free);
                pool.free_lines = 0;
                pool.most_lent_lines = pool.lent_lines;
            }
            None => {}
        }
        drop(pool);
        drop(discarded);
        let lines = reused.unwrap_or_else(|| vec![Line([0.0; 16]); lines]);
        Self { lines, length }
    }

    /// A buffer of `length` zeros.
    pub fn zeros(length: usize) -> Self {
        let mut buffer = Self::any(length);
        buffer.fill(0.0);
        buffer
    }

    /// A buffer with the values of `from`.
    pub fn copy_of(from: &[f32]) -> Self {
        let mut buffer = Self::any(from.len());
        buffer.copy_from_slice(from);
        buffer
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        let (count, class) = (lines.len(), class_of(lines.len()));
        let mut pool = pool();
        pool.lent_lines -= count;
        pool.free_lines += count;
        if pool.free.len() <= class {
            pool.free.resize_with(class + 1, Vec::new);
        }
        pool.free[class].push(lines);
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: the lines are sixteen f32 each without padding, and `any` took enough of them.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.length) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as in `deref`; the borrow of `self` is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.length) }
    }
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Buffer of {} values", self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_hold_their_sizes_and_waste_little() {
        let mut previous = 0;
        for lines in 0..100_000 {
            let class = class_of(lines);
            assert!(class == previous || class == previous + 1, "{lines}");
            previous = class;
            let held = lines_of(class);
            assert!(held >= lines && held * 8 <= lines * 9 + 8, "{lines} {held}");
            assert_eq!(class_of(held), class);
        }
    }

    #[test]
    fn buffers_are_aligned_and_hold_values() {
        for length in [0, 1, 15, 16, 17, 1000] {
            let buffer = Buffer::zeros(length);
            assert_eq!(buffer.as_ptr() as usize % 64, 0);
            assert_eq!(*buffer, vec![0.0; length]);
            assert_eq!(*Buffer::copy_of(&vec![2.5; length]), vec![2.5; length]);
        }
    }
}
