//! Strips of Q6_K: of 256 inputs a scale in half precision, of each 16 a signed byte, and six bits an input.

use super::strip::{CODES, HALVES, Layout, Strip, VECTORS, nibbles, place, put_half, put_nibble};
use crate::formats::q6_k;
use crate::lanes::{BYTES, Lanes, ROWS};

/// Groups of a block.
const GROUPS: usize = 8;

/// Bytes of a group's scales: a vector of eight for either half of it.
const SMALL: usize = 2 * ROWS;

/// Bytes of a group: its scales, the lower four bits of its codes, and the upper two.
const GROUP_BYTES: usize = SMALL + CODES / 2 + 2 * BYTES;

/// Q6_K: codes around 32.
pub(crate) struct Q6K;

/// Where a block of a strip begins, and a group within it.
#[inline(always)]
fn at(group: usize) -> (usize, usize) {
    let block = group / GROUPS * (HALVES + GROUPS * GROUP_BYTES);
    (block, block + HALVES + group % GROUPS * GROUP_BYTES)
}

impl Layout for Q6K {
    fn bytes(groups: usize) -> usize {
        at(groups).0
    }

    fn pack(rows: &[&[u8]], _groups: usize, strip: &mut [u8]) {
        for (row, blocks) in rows.iter().enumerate() {
            for (index, block) in blocks.as_chunks().0.iter().enumerate() {
                let (first, _) = at(index * GROUPS);
                let (scales, scale) = q6_k::scales(block);
                put_half(&mut strip[first..first + HALVES], row, scale);
                for group in 0..GROUPS {
                    let (_, first) = at(index * GROUPS + group);
                    let own = &mut strip[first..first + GROUP_BYTES];
                    for part in 0..2 {
                        own[part * ROWS + row] = scales[2 * group + part];
                    }
                    let (low, high) = own[SMALL..].split_at_mut(CODES / 2);
                    for input in 0..32 {
                        let code = q6_k::code(block, 32 * group + input);
                        put_nibble(low, row, input, code);
                        let vector = input / 4;
                        high[vector / 4 * BYTES + place(row, input % 4)] |= code >> 4 << (2 * (vector % 4));
                    }
                }
            }
        }
    }
}

impl Strip for Q6K {
    const PARTS: usize = 2;
    const TOGETHER: usize = 2;
    const DIRECT: usize = 1;
    const MINIMA: bool = true;

    #[inline(always)]
    unsafe fn codes<L: Lanes>(lanes: L, strip: *const u8, group: usize, _: usize) -> [L::Codes; VECTORS] {
        // SAFETY: the group is in the strip.
        unsafe {
            let low = strip.add(at(group).1 + SMALL);
            let [a, b, c, d, e, f, g, h] = nibbles(lanes, low);
            let first = lanes.codes(low.add(CODES / 2));
            let second = lanes.codes(low.add(CODES / 2 + BYTES));
            [
                lanes.above::<0, 3, 4>(a, first),
                lanes.above::<2, 3, 4>(b, first),
                lanes.above::<4, 3, 4>(c, first),
                lanes.above::<6, 3, 4>(d, first),
                lanes.above::<0, 3, 4>(e, second),
                lanes.above::<2, 3, 4>(f, second),
                lanes.above::<4, 3, 4>(g, second),
                lanes.above::<6, 3, 4>(h, second),
            ]
        }
    }

    #[inline(always)]
    unsafe fn scale<L: Lanes>(lanes: L, strip: *const u8, group: usize, _: usize, part: usize) -> L::Eight {
        let (block, group) = at(group);
        // SAFETY: the group is in the strip.
        unsafe {
            let own = lanes.eight_signed(strip.add(group + part * ROWS));
            lanes.times(lanes.eight_halves(strip.add(block).cast()), own)
        }
    }

    #[inline(always)]
    unsafe fn minimum<L: Lanes>(
        lanes: L,
        _: *const u8,
        _: usize,
        _: usize,
        _: usize,
        scale: L::Eight,
    ) -> L::Eight {
        lanes.times(lanes.eight(-32.0), scale)
    }
}
