//! Products of a strip with columns, in one order of sums however many columns there are and however they are cut.
//!
//! In eight bits, the sum of a row and a column goes group by group: the products of each part's codes, a whole number,
//! times both scales, then each part's minimum times the sum of its inputs.
//!
//! Loops are plain ones: what is passed to a function of the library may be compiled without the vectors' instructions.

use std::ops::Range;

use super::source::{OfGroup, Packed, SecondHalf, Source, apart, take_apart};
use super::strip::{GROUP, Strip, VECTORS};
use crate::activations::{Activations, Panel};
use crate::lanes::{Lanes, ROWS, Vectors};

/// Columns of a panel, which lie side by side.
pub(crate) const PANEL: usize = 4;

/// Columns of two panels that are multiplied at a time, with a register for the sums of each.
const TWO: usize = 2 * PANEL;

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

/// The sums of products of each part of a group's codes with columns; those of one that is whole are there twice.
///
/// # Safety
/// There must be the vectors of a group, and its inputs of each column.
#[inline(always)]
unsafe fn dots<L: Lanes, S: Strip, const COLUMNS: usize>(
    lanes: L,
    codes: impl Vectors<L>,
    mut x: [*const i8; COLUMNS],
) -> [[L::Sums; COLUMNS]; 2] {
    // SAFETY: the caller promises all that is read.
    unsafe {
        match (S::PARTS, S::TOGETHER) {
            (1, 0) => [lanes.signed::<COLUMNS, VECTORS>(codes, x); 2],
            (1, 8) => [lanes.unsigned::<COLUMNS, VECTORS, 8>(codes, x); 2],
            (1, 4) => [lanes.unsigned::<COLUMNS, VECTORS, 4>(codes, x); 2],
            _ => {
                let first = lanes.unsigned::<COLUMNS, 4, 2>(codes, x);
                let mut column = 0;
                while column < COLUMNS {
                    x[column] = x[column].add(GROUP / 2);
                    column += 1;
                }
                [first, lanes.unsigned::<COLUMNS, 4, 2>(SecondHalf(codes), x)]
            }
        }
    }
}

/// Where a group of a column of panels of a width lies: the second panel follows the first.
#[inline(always)]
fn place(column: usize, group: usize, groups: usize, width: usize) -> usize {
    (column / PANEL * groups + group) * width + column % PANEL
}

/// The products of a strip's rows with the columns of a panel in eight bits, or of two whole ones.
///
/// # Safety
/// The source must have the groups, and the panels as many columns and groups.
#[inline(always)]
unsafe fn columns<L: Lanes, S: Strip, const COLUMNS: usize>(
    lanes: L,
    from: impl Source<L>,
    groups: usize,
    panel: Panel<'_>,
    ahead: Ahead,
) -> [L::Eight; COLUMNS] {
    let (x, scales) = (panel.codes.as_ptr(), panel.scales.as_ptr());
    let width = if COLUMNS < PANEL { COLUMNS } else { PANEL };
    let mut sums = [lanes.eight(0.0); COLUMNS];
    let mut group = 0;
    while group < groups {
        // SAFETY: the caller promises the group in the source and in the panel.
        unsafe {
            ahead.ask(lanes, group);
            let mut inputs = [x; COLUMNS];
            let mut column = 0;
            while column < COLUMNS {
                inputs[column] = x.add(place(column, group, groups, width) * GROUP);
                column += 1;
            }
            let codes = OfGroup { from, group };
            let dots = match COLUMNS < TWO {
                true => dots::<L, S, COLUMNS>(lanes, codes.read(lanes), inputs),
                false => dots::<L, S, COLUMNS>(lanes, codes, inputs),
            };
            let mut part = 0;
            while part < S::PARTS {
                let [scale, minimum] = from.numbers(lanes, group, part);
                let mut column = 0;
                while column < COLUMNS {
                    let own = &*scales.add(place(column, group, groups, width));
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
    pub(super) fn put<L: Lanes>(&mut self, lanes: L, column: usize, products: L::Eight) {
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
    let from = Packed::<S>::new(strip, groups);
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
            let from = take_apart(lanes, from, &mut scratch[..apart(groups)]);
            each_panel::<L, S>(lanes, from, x, panels, ahead, out);
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
        let at_once = match panel + 2 <= panels.end && (panel + 2) * PANEL <= x.columns() {
            true => 2,
            false => 1,
        };
        let columns_of = x.panels_from(panel, at_once);
        let is_last = panel + at_once == panels.end;
        let ahead = if is_last { ahead } else { Ahead::NOTHING };
        macro_rules! of {
            ($columns:literal) => {{
                // SAFETY: the caller promises the groups of the source; panels have all of their columns.
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
            4 => of!(4),
            _ => of!(8),
        }
        panel += at_once;
    }
}
