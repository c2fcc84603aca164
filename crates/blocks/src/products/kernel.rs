//! Products of a strip with columns, in one order of sums however many columns there are and however they are cut.
//!
//! In eight bits, the sum of a row and a column goes group by group: the products of each part's codes, a whole number,
//! times both scales, then each part's minimum times the sum of its inputs. In single precision it is four sums, of every
//! fourth input, that are added in pairs.
//!
//! Loops are plain ones: what is passed to a function of the library may be compiled without the vectors' instructions.

use std::ops::Range;

use super::strip::{CODES, GROUP, Strip, VECTORS};
use super::weights::Values;
use crate::activations::{Activations, Panel};
use crate::lanes::{BYTES, Lanes, ROWS};

/// Columns of a panel: as many as are multiplied at a time.
pub(crate) const PANEL: usize = 4;

/// Bytes of a group that was taken apart: its codes, and scales and minima of at most two parts.
const APART: usize = CODES + 4 * 4 * ROWS;

/// A strip, or one that was taken apart.
trait Source<L: Lanes>: Copy {
    unsafe fn codes(self, lanes: L, group: usize) -> [L::Codes; VECTORS];
    unsafe fn numbers(self, lanes: L, group: usize, part: usize) -> [L::Eight; 2];
}

/// Bytes that a single panel asks for ahead of those that it reads.
const AHEAD: usize = 2560;

/// What is asked of memory while groups are multiplied, so that neither waits for the other.
#[derive(Clone, Copy)]
struct Ahead {
    from: *const u8,
    /// Bytes of a group, about.
    bytes: usize,
}

impl Ahead {
    const NOTHING: Self = Self {
        from: std::ptr::null(),
        bytes: 0,
    };

    #[inline(always)]
    fn ask<L: Lanes>(self, lanes: L, group: usize) {
        let mut line = 0;
        while line < self.bytes {
            lanes.prefetch(self.from.wrapping_add(group * self.bytes + line).cast());
            line += 64;
        }
    }
}

/// A strip as it lies.
struct Packed<S> {
    strip: *const u8,
    groups: usize,
    format: std::marker::PhantomData<S>,
}

impl<S> Clone for Packed<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Packed<S> {}

impl<L: Lanes, S: Strip> Source<L> for Packed<S> {
    #[inline(always)]
    unsafe fn codes(self, lanes: L, group: usize) -> [L::Codes; VECTORS] {
        // SAFETY: the caller promises the group.
        unsafe { S::codes(lanes, self.strip, group, self.groups) }
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
struct Apart(*const u8);

impl<L: Lanes> Source<L> for Apart {
    #[inline(always)]
    unsafe fn codes(self, lanes: L, group: usize) -> [L::Codes; VECTORS] {
        // SAFETY: the caller promises the group.
        unsafe { super::bytes::whole(lanes, self.0.add(group * APART)) }
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
/// The strip must have the groups, and `to` be as long as they are apart.
#[inline(always)]
unsafe fn take_apart<L: Lanes, S: Strip>(lanes: L, from: Packed<S>, to: &mut [u8]) {
    let mut group = 0;
    while group < from.groups {
        let to = to[group * APART..][..APART].as_mut_ptr();
        // SAFETY: the caller promises the group; a group apart has room for all that is written.
        unsafe {
            let codes = Source::<L>::codes(from, lanes, group);
            let mut vector = 0;
            while vector < VECTORS {
                lanes.put_codes(codes[vector], to.add(vector * BYTES));
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
}

/// The products of a strip's rows with columns in eight bits that lie side by side.
///
/// # Safety
/// The source must have the groups, the panel as many columns and groups.
#[inline(always)]
unsafe fn columns<L: Lanes, S: Strip, const COLUMNS: usize>(
    lanes: L,
    from: impl Source<L>,
    groups: usize,
    panel: Panel<'_>,
    ahead: Ahead,
) -> [L::Eight; COLUMNS] {
    let (x, scales) = (panel.codes.as_ptr(), panel.scales.as_ptr());
    let mut sums = [lanes.eight(0.0); COLUMNS];
    let mut group = 0;
    while group < groups {
        // SAFETY: the caller promises the group in the source and in the panel.
        unsafe {
            ahead.ask(lanes, group);
            let codes = from.codes(lanes, group);
            let mut inputs = [x; COLUMNS];
            let mut column = 0;
            while column < COLUMNS {
                inputs[column] = x.add((group * COLUMNS + column) * GROUP);
                column += 1;
            }
            let [a, b, c, d, e, f, g, h] = codes;
            let dots = match (S::PARTS, S::TOGETHER) {
                (1, 0) => [lanes.signed(codes, inputs); 2],
                (1, 8) => [lanes.unsigned::<COLUMNS, VECTORS, 8>(codes, inputs); 2],
                (1, 4) => [lanes.unsigned::<COLUMNS, VECTORS, 4>(codes, inputs); 2],
                _ => {
                    let first = lanes.unsigned::<COLUMNS, 4, 2>([a, b, c, d], inputs);
                    let mut column = 0;
                    while column < COLUMNS {
                        inputs[column] = inputs[column].add(GROUP / 2);
                        column += 1;
                    }
                    [first, lanes.unsigned::<COLUMNS, 4, 2>([e, f, g, h], inputs)]
                }
            };
            let mut part = 0;
            while part < S::PARTS {
                let [scale, minimum] = from.numbers(lanes, group, part);
                let mut column = 0;
                while column < COLUMNS {
                    let own = &*scales.add(group * COLUMNS + column);
                    let both = lanes.times(scale, lanes.eight(own.scale));
                    let dot = lanes.numbers(dots[part][column]);
                    sums[column] = lanes.times_plus(dot, both, sums[column]);
                    if S::MINIMA {
                        let sum = if S::PARTS == 1 { own.sum } else { own.halves[part] };
                        sums[column] = lanes.times_plus(minimum, lanes.eight(sum), sums[column]);
                    }
                    column += 1;
                }
                part += 1;
            }
        }
        group += 1;
    }
    sums
}

/// Where the products of a strip go: eight a column.
pub(super) struct Out<'a> {
    pub(super) products: &'a mut [f32],
    /// Whether they are added to what is there.
    pub(super) adds: bool,
}

impl Out<'_> {
    #[inline(always)]
    fn put<L: Lanes>(&mut self, lanes: L, column: usize, products: L::Eight) {
        let place = &mut self.products[column * ROWS..][..ROWS];
        // SAFETY: the place has room for eight numbers.
        unsafe {
            let sum = match self.adds {
                true => lanes.plus(lanes.eight_at(place.as_ptr()), products),
                false => products,
            };
            lanes.put_eight(sum, place.as_mut_ptr());
        }
    }
}

/// Puts the products of a strip's rows and the columns of some panels in eight bits.
///
/// # Safety
/// The strip must have as many groups as the columns.
#[inline(always)]
pub(super) unsafe fn eight<L: Lanes, S: Strip>(
    lanes: L,
    strip: &[u8],
    x: &Activations,
    panels: Range<usize>,
    scratch: &mut [u8],
    out: &mut Out<'_>,
) {
    let groups = x.groups();
    let from = Packed::<S> {
        strip: strip.as_ptr(),
        groups,
        format: std::marker::PhantomData,
    };
    // Of several panels the last one asks for the next strip: the first would wait for each of its groups otherwise, and
    // memory for the others.
    let distance = if panels.len() > 1 { strip.len() } else { AHEAD };
    let ahead = Ahead {
        from: strip.as_ptr().wrapping_add(distance),
        bytes: S::bytes(8) / 8,
    };
    // SAFETY: the caller promises the groups; there is room for them apart, which the slice checks.
    unsafe {
        if panels.len() > S::DIRECT {
            take_apart::<L, S>(lanes, from, &mut scratch[..groups * APART]);
            each_panel::<L, S>(lanes, Apart(scratch.as_ptr()), x, panels, ahead, out);
        } else {
            each_panel::<L, S>(lanes, from, x, panels, ahead, out);
        }
    }
}

/// Puts the products of a strip's rows, from one source of them.
///
/// # Safety
/// The source must have the groups of the columns.
#[inline(always)]
unsafe fn each_panel<L: Lanes, S: Strip>(
    lanes: L,
    from: impl Source<L>,
    x: &Activations,
    panels: Range<usize>,
    ahead: Ahead,
    out: &mut Out<'_>,
) {
    let mut panel = panels.start;
    while panel < panels.end {
        let columns_of = x.panel(panel);
        let is_last = panel + 1 == panels.end;
        let ahead = if is_last { ahead } else { Ahead::NOTHING };
        macro_rules! of {
            ($columns:literal) => {{
                // SAFETY: the caller promises the groups of the source; a panel has all of its columns.
                let sums = unsafe { columns::<L, S, $columns>(lanes, from, x.groups(), columns_of, ahead) };
                let mut column = 0;
                while column < $columns {
                    out.put(lanes, panel * PANEL + column, sums[column]);
                    column += 1;
                }
            }};
        }
        match columns_of.width {
            1 => of!(1),
            2 => of!(2),
            3 => of!(3),
            _ => of!(4),
        }
        panel += 1;
    }
}

/// Bytes of scratch that a strip of so many groups needs.
pub(super) fn apart(groups: usize) -> usize {
    groups * APART
}

/// Puts the products of a strip's rows and all columns in single precision.
///
/// # Safety
/// The strip must have as many groups as the columns.
#[inline(always)]
pub(super) unsafe fn single<L: Lanes, V: Values>(
    lanes: L,
    strip: &[u8],
    x: &Activations,
    scratch: &mut [f32],
    out: &mut Out<'_>,
) {
    let groups = x.groups();
    let scratch = &mut scratch[..groups * GROUP * ROWS];
    let mut group = 0;
    while group < groups {
        let values = &mut scratch[group * GROUP * ROWS..][..GROUP * ROWS];
        // SAFETY: the caller promises the groups, and there is room for each.
        unsafe { V::values(lanes, strip.as_ptr(), group, groups, values.as_mut_ptr()) };
        group += 1;
    }
    let mut column = 0;
    while column < x.columns() {
        let (panel, within) = (x.panel(column / PANEL), column % PANEL);
        // SAFETY: a panel has all of its columns and groups, and the scratch all groups.
        unsafe {
            if within + 1 < panel.width {
                let [first, second] = single_columns(lanes, scratch.as_ptr(), groups, panel, within);
                out.put(lanes, column, first);
                out.put(lanes, column + 1, second);
                column += 2;
            } else {
                let [only] = single_columns(lanes, scratch.as_ptr(), groups, panel, within);
                out.put(lanes, column, only);
                column += 1;
            }
        }
    }
}

/// The products of a strip's numbers with columns of a panel, from one on.
///
/// # Safety
/// Both must have the groups, and the panel the columns.
#[inline(always)]
unsafe fn single_columns<L: Lanes, const COLUMNS: usize>(
    lanes: L,
    weights: *const f32,
    groups: usize,
    panel: Panel<'_>,
    first: usize,
) -> [L::Eight; COLUMNS] {
    let mut sums = [[lanes.eight(0.0); 4]; COLUMNS];
    let mut group = 0;
    while group < groups {
        // SAFETY: the caller promises the group in both, and the columns.
        unsafe {
            let weights = weights.add(group * GROUP * ROWS);
            let x = panel.values.as_ptr().add((group * panel.width + first) * GROUP);
            let mut input = 0;
            while input < GROUP {
                let weight = lanes.eight_at(weights.add(input * ROWS));
                let mut column = 0;
                while column < COLUMNS {
                    let x = lanes.eight(*x.add(column * GROUP + input));
                    sums[column][input % 4] = lanes.times_plus(weight, x, sums[column][input % 4]);
                    column += 1;
                }
                input += 1;
            }
        }
        group += 1;
    }
    let mut products = [lanes.eight(0.0); COLUMNS];
    let mut column = 0;
    while column < COLUMNS {
        let [a, b, c, d] = sums[column];
        products[column] = lanes.plus(lanes.plus(a, b), lanes.plus(c, d));
        column += 1;
    }
    products
}
