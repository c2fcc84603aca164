//! Products of a strip with columns, in one order of sums however many columns there are and however they are cut.
//!
//! In eight bits, the sum of a row and a column goes group by group: the products of each part's codes, a whole number,
//! times both scales, then each part's minimum times the sum of its inputs. In single precision it is four sums, of every
//! fourth input, that are added in pairs.

use super::strip::{CODES, GROUP, Strip, VECTORS};
use super::weights::Values;
use crate::activations::Panel;
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
    for (group, to) in to.chunks_exact_mut(APART).take(from.groups).enumerate() {
        // SAFETY: the caller promises the group; a group apart has room for all that is written.
        unsafe {
            let codes = Source::<L>::codes(from, lanes, group);
            let to = to.as_mut_ptr();
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
) -> [L::Eight; COLUMNS] {
    let (x, scales) = (panel.codes.as_ptr(), panel.scales.as_ptr());
    let mut sums = [lanes.eight(0.0); COLUMNS];
    for group in 0..groups {
        // SAFETY: the caller promises the group in the source and in the panel.
        unsafe {
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
    }
    sums
}

/// Whether taking a strip apart pays for so many panels: signed codes are as they are multiplied.
fn pays(panels: usize, together: usize) -> bool {
    panels > 1 && together > 0
}

/// Calls `put` with the products of a strip's rows and each panel's columns in eight bits.
///
/// # Safety
/// The strip must have the groups.
#[inline(always)]
pub(super) unsafe fn eight<'a, L: Lanes, S: Strip>(
    lanes: L,
    strip: &[u8],
    groups: usize,
    panels: impl Iterator<Item = Panel<'a>> + ExactSizeIterator,
    scratch: &mut Vec<u8>,
    mut put: impl FnMut(usize, L::Eight),
) {
    let from = Packed::<S> {
        strip: strip.as_ptr(),
        groups,
        format: std::marker::PhantomData,
    };
    macro_rules! each {
        ($from:expr) => {{
            let mut first = 0;
            for panel in panels {
                assert!(panel.scales.len() == groups * panel.width && panel.codes.len() == groups * panel.width * GROUP);
                macro_rules! of {
                    ($columns:literal) => {{
                        // SAFETY: the caller promises the groups of the strip, the assertion those of the panel.
                        let sums = unsafe { columns::<L, S, $columns>(lanes, $from, groups, panel) };
                        let mut column = 0;
                        while column < $columns {
                            put(first + column, sums[column]);
                            column += 1;
                        }
                    }};
                }
                match panel.width {
                    1 => of!(1),
                    2 => of!(2),
                    3 => of!(3),
                    _ => of!(4),
                }
                first += panel.width;
            }
        }};
    }
    if pays(panels.len(), S::TOGETHER) {
        scratch.resize(groups * APART, 0);
        // SAFETY: the caller promises the groups, and there is room for them.
        unsafe { take_apart::<L, S>(lanes, from, scratch) };
        each!(Apart(scratch.as_ptr()))
    } else {
        each!(from)
    }
}

/// Calls `put` with the products of a strip's rows and each panel's columns in single precision.
///
/// # Safety
/// The strip must have the groups.
#[inline(always)]
pub(super) unsafe fn single<'a, L: Lanes, V: Values>(
    lanes: L,
    strip: &[u8],
    groups: usize,
    panels: impl Iterator<Item = Panel<'a>>,
    scratch: &mut Vec<f32>,
    mut put: impl FnMut(usize, L::Eight),
) {
    scratch.resize(groups * GROUP * ROWS, 0.0);
    for (group, values) in scratch.chunks_exact_mut(GROUP * ROWS).enumerate() {
        // SAFETY: the caller promises the groups, and there is room for each.
        unsafe { V::values(lanes, strip.as_ptr(), group, groups, values.as_mut_ptr()) };
    }
    let mut first = 0;
    for panel in panels {
        assert_eq!(
            panel.values.len(),
            groups * panel.width * GROUP,
            "a panel of as many groups"
        );
        for column in 0..panel.width {
            let mut sums = [lanes.eight(0.0); 4];
            for group in 0..groups {
                // SAFETY: both have the group, as asserted and made.
                unsafe {
                    let weights = scratch.as_ptr().add(group * GROUP * ROWS);
                    let x = panel.values.as_ptr().add((group * panel.width + column) * GROUP);
                    let mut input = 0;
                    while input < GROUP {
                        let mut fourth = 0;
                        while fourth < 4 {
                            let weight = lanes.eight_at(weights.add((input + fourth) * ROWS));
                            let x = lanes.eight(*x.add(input + fourth));
                            sums[fourth] = lanes.times_plus(weight, x, sums[fourth]);
                            fourth += 1;
                        }
                        input += 4;
                    }
                }
            }
            let [a, b, c, d] = sums;
            put(first + column, lanes.plus(lanes.plus(a, b), lanes.plus(c, d)));
        }
        first += panel.width;
    }
}
