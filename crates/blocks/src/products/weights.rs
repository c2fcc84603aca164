//! Strips as numbers: what multiplies in single precision.

use super::strip::{GROUP, Layout, Strip, VECTORS};
use crate::lanes::{Lanes, ROWS};

/// A strip whose groups are numbers, `[32, 8]`: eight rows of each input.
pub(crate) trait Values: Layout {
    /// Writes the numbers of a group.
    ///
    /// # Safety
    /// The group must be in the strip, and `to` have room for it.
    unsafe fn values<L: Lanes>(lanes: L, strip: *const u8, group: usize, groups: usize, to: *mut f32);
}

impl<S: Strip> Values for S {
    #[inline(always)]
    unsafe fn values<L: Lanes>(lanes: L, strip: *const u8, group: usize, groups: usize, to: *mut f32) {
        // SAFETY: the caller promises the group and room for it.
        unsafe {
            let mut vector = 0;
            while vector < VECTORS {
                let part = vector * S::PARTS / VECTORS;
                let scale = S::scale(lanes, strip, group, groups, part);
                let minimum = S::minimum(lanes, strip, group, groups, part, scale);
                let codes = S::codes(lanes, strip, group, groups, vector);
                let numbers = match S::TOGETHER {
                    0 => four::<L, true>(lanes, codes),
                    _ => four::<L, false>(lanes, codes),
                };
                let mut input = 0;
                while input < 4 {
                    let value = match S::MINIMA {
                        true => lanes.times_plus(numbers[input], scale, minimum),
                        false => lanes.times(numbers[input], scale),
                    };
                    lanes.put_eight(value, to.add((4 * vector + input) * ROWS));
                    input += 1;
                }
                vector += 1;
            }
        }
    }
}

/// The codes of four inputs.
#[inline(always)]
fn four<L: Lanes, const SIGNED: bool>(lanes: L, codes: L::Codes) -> [L::Eight; 4] {
    [
        lanes.code::<0, SIGNED>(codes),
        lanes.code::<1, SIGNED>(codes),
        lanes.code::<2, SIGNED>(codes),
        lanes.code::<3, SIGNED>(codes),
    ]
}

/// Rows of numbers of a few bytes each; inputs beyond the last are zeros.
macro_rules! numbers {
    ($($(#[$about:meta])+ $Name:ident of $bytes:literal by $read:ident;)+) => {$(
        $(#[$about])+
        pub(crate) struct $Name;

        impl Layout for $Name {
            fn bytes(groups: usize) -> usize {
                groups * GROUP * ROWS * $bytes
            }

            fn pack(rows: &[&[u8]], _groups: usize, strip: &mut [u8]) {
                for (row, values) in rows.iter().enumerate() {
                    for (input, value) in values.chunks_exact($bytes).enumerate() {
                        strip[(input * ROWS + row) * $bytes..][..$bytes].copy_from_slice(value);
                    }
                }
            }
        }

        impl Values for $Name {
            #[inline(always)]
            unsafe fn values<L: Lanes>(lanes: L, strip: *const u8, group: usize, _: usize, to: *mut f32) {
                // SAFETY: the caller promises the group and room for it.
                unsafe {
                    let from = strip.add(group * GROUP * ROWS * $bytes);
                    let mut input = 0;
                    while input < GROUP {
                        let value = lanes.$read(from.add(input * ROWS * $bytes).cast());
                        lanes.put_eight(value, to.add(input * ROWS));
                        input += 1;
                    }
                }
            }
        }
    )+};
}

numbers! {
    /// Single precision.
    F32 of 4 by eight_at;
    /// Half precision.
    F16 of 2 by eight_halves;
    /// The upper half of single precision.
    Bf16 of 2 by eight_brain;
}
