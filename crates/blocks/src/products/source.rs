//! A strip as it lies, or taken apart once for many columns: where a kernel has codes and scales from.

use super::strip::{CODES, Strip, VECTORS};
use crate::lanes::{BYTES, Lanes, ROWS, Vectors};

/// Bytes of a group that was taken apart: its codes, and scales and minima of at most two parts.
const APART: usize = CODES + 4 * 4 * ROWS;

/// A strip, or one that was taken apart.
pub(super) trait Source<L: Lanes>: Copy {
    unsafe fn codes(self, lanes: L, group: usize, vector: usize) -> L::Codes;
    unsafe fn numbers(self, lanes: L, group: usize, part: usize) -> [L::Eight; 2];
}

/// The vectors of a group of a source.
#[derive(Clone, Copy)]
pub(super) struct OfGroup<F> {
    pub(super) from: F,
    pub(super) group: usize,
}

impl<F> OfGroup<F> {
    /// All of them.
    ///
    /// # Safety
    /// The source must have the group.
    #[inline(always)]
    pub(super) unsafe fn read<L: Lanes>(self, lanes: L) -> Read<L::Codes>
    where
        F: Source<L>,
    {
        // SAFETY: the caller promises the group, which has as many.
        unsafe {
            let mut read = [self.vector(lanes, 0); VECTORS];
            let mut vector = 1;
            while vector < VECTORS {
                read[vector] = self.vector(lanes, vector);
                vector += 1;
            }
            Read(read)
        }
    }
}

impl<L: Lanes, F: Source<L>> Vectors<L> for OfGroup<F> {
    #[inline(always)]
    unsafe fn vector(self, lanes: L, vector: usize) -> L::Codes {
        // SAFETY: the caller promises the vector.
        unsafe { self.from.codes(lanes, self.group, vector) }
    }
}

/// Vectors that were read before: beside the sums of a few columns there are registers for them, which is faster.
#[derive(Clone, Copy)]
pub(super) struct Read<C>([C; VECTORS]);

impl<L: Lanes> Vectors<L> for Read<L::Codes> {
    #[inline(always)]
    unsafe fn vector(self, _: L, vector: usize) -> L::Codes {
        self.0[vector]
    }
}

/// The vectors of the second half of a group.
#[derive(Clone, Copy)]
pub(super) struct SecondHalf<V>(pub(super) V);

impl<L: Lanes, V: Vectors<L>> Vectors<L> for SecondHalf<V> {
    #[inline(always)]
    unsafe fn vector(self, lanes: L, vector: usize) -> L::Codes {
        // SAFETY: the caller promises the vector.
        unsafe { self.0.vector(lanes, VECTORS / 2 + vector) }
    }
}

/// A strip as it lies.
pub(super) struct Packed<S> {
    strip: *const u8,
    groups: usize,
    format: std::marker::PhantomData<S>,
}

impl<S> Packed<S> {
    /// A strip of so many groups.
    #[inline(always)]
    pub(super) fn new(strip: &[u8], groups: usize) -> Self {
        Self {
            strip: strip.as_ptr(),
            groups,
            format: std::marker::PhantomData,
        }
    }
}

impl<S> Clone for Packed<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Packed<S> {}

impl<L: Lanes, S: Strip> Source<L> for Packed<S> {
    #[inline(always)]
    unsafe fn codes(self, lanes: L, group: usize, vector: usize) -> L::Codes {
        // SAFETY: the caller promises the group.
        unsafe { S::codes(lanes, self.strip, group, self.groups, vector) }
    }

    #[inline(always)]
    unsafe fn numbers(self, lanes: L, group: usize, part: usize) -> [L::Eight; 2] {
        // SAFETY: the caller promises the group.
        unsafe {
            let scale = S::scale(lanes, self.strip, group, self.groups, part);
            [
                scale,
                S::minimum(lanes, self.strip, group, self.groups, part, scale),
            ]
        }
    }
}

/// A strip that was taken apart, once for all columns.
#[derive(Clone, Copy)]
pub(super) struct Apart(*const u8);

impl<L: Lanes> Source<L> for Apart {
    #[inline(always)]
    unsafe fn codes(self, lanes: L, group: usize, vector: usize) -> L::Codes {
        // SAFETY: the caller promises the group.
        unsafe { lanes.codes(self.0.add(group * APART + vector * BYTES)) }
    }

    #[inline(always)]
    unsafe fn numbers(self, lanes: L, group: usize, part: usize) -> [L::Eight; 2] {
        // SAFETY: the caller promises the group.
        unsafe {
            let numbers = self
                .0
                .add(group * APART + CODES)
                .cast::<f32>()
                .add(2 * part * ROWS);
            [lanes.eight_at(numbers), lanes.eight_at(numbers.add(ROWS))]
        }
    }
}

/// Takes a strip apart.
///
/// # Safety
/// The strip must have the groups, `to` be as long as they are apart, and stay as it is as long as what is returned is read.
#[inline(always)]
pub(super) unsafe fn take_apart<L: Lanes, S: Strip>(lanes: L, from: Packed<S>, to: &mut [u8]) -> Apart {
    let mut group = 0;
    while group < from.groups {
        let to = to[group * APART..][..APART].as_mut_ptr();
        // SAFETY: the caller promises the group; a group apart has room for all that is written.
        unsafe {
            let mut vector = 0;
            while vector < VECTORS {
                let codes = Source::<L>::codes(from, lanes, group, vector);
                lanes.put_codes(codes, to.add(vector * BYTES));
                vector += 1;
            }
            let mut part = 0;
            while part < S::PARTS {
                let [scale, minimum] = from.numbers(lanes, group, part);
                let numbers = to.add(CODES).cast::<f32>().add(2 * part * ROWS);
                lanes.put_eight(scale, numbers);
                lanes.put_eight(minimum, numbers.add(ROWS));
                part += 1;
            }
        }
        group += 1;
    }
    Apart(to.as_ptr())
}

/// Bytes of scratch that a strip of so many groups needs.
pub(super) fn apart(groups: usize) -> usize {
    groups * APART
}
