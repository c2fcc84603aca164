//! Strips of Q6_K: of 256 inputs a scale in half precision, of each 16 a signed byte, and six bits an input.

use super::strip::{
    CODES, HALVES, Layout, NIBBLES, ONES, Strip, VECTORS, four, nibbles, put_four, put_half, put_nibbles,
};
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
                    for vector in 0..VECTORS {
                        // Four numbers that follow one another lie in four bytes that do.
                        let [lower, upper] = q6_k::place(32 * group + 4 * vector)
                            .map(|(byte, shift)| four(&block[byte..], 0) >> shift);
                        put_nibbles(low, vector, row, lower & NIBBLES);
                        put_four(high, vector / 4, row, (upper & (3 * ONES)) << (2 * (vector % 4)));
                    }
                }
            }
        }
    }
}

impl Strip for Q6K {
    const PARTS: usize = 2;
    const TOGETHER: usize = 2;
    const DIRECT: usize = 2;
    const MINIMA: bool = true;

    #[inline(always)]
    unsafe fn codes<L: Lanes>(lanes: L, strip: *const u8, group: usize, _: usize, vector: usize) -> L::Codes {
        // SAFETY: the group is in the strip.
        unsafe {
            let low = strip.add(at(group).1 + SMALL);
            let codes = nibbles(lanes, low, vector);
            let bits = lanes.codes(low.add(CODES / 2 + vector / 4 * BYTES));
            match vector % 4 {
                0 => lanes.above::<0, 3, 4>(codes, bits),
                1 => lanes.above::<2, 3, 4>(codes, bits),
                2 => lanes.above::<4, 3, 4>(codes, bits),
                _ => lanes.above::<6, 3, 4>(codes, bits),
            }
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
