//! Strips of Q4_K and Q5_K: of 256 inputs a scale and a scale of minima in half precision, of each group of 32 a byte for
//! either.

use super::strip::{
    CODES, HALVES, Layout, NIBBLES, ONES, Strip, VECTORS, four, nibbles, put_fifths, put_half, put_nibbles,
    with_fifth,
};
use crate::formats::k;
use crate::lanes::{BYTES, Lanes, ROWS};

/// Groups of a block.
const GROUPS: usize = 8;

/// Bytes of a group's scales and minima.
const SMALL: usize = 2 * ROWS;

/// Q4_K, or Q5_K, whose codes have a fifth bit.
pub(crate) struct K<const FIFTH: bool>;

/// Where a block of a strip begins, and a group within it, whose bytes are `of_group`.
#[inline(always)]
fn place(group: usize, of_group: usize) -> (usize, usize) {
    let block = group / GROUPS * (2 * HALVES + GROUPS * of_group);
    (block, block + 2 * HALVES + group % GROUPS * of_group)
}

/// The scales of a group.
///
/// # Safety
/// The group must be in the strip.
#[inline(always)]
unsafe fn scale<L: Lanes>(lanes: L, strip: *const u8, group: usize, of_group: usize) -> L::Eight {
    let (block, group) = place(group, of_group);
    // SAFETY: the caller promises both.
    unsafe {
        let own = lanes.eight_bytes(strip.add(group));
        lanes.times(lanes.eight_halves(strip.add(block).cast()), own)
    }
}

/// The minima of a group.
///
/// # Safety
/// The group must be in the strip.
#[inline(always)]
unsafe fn minimum<L: Lanes>(lanes: L, strip: *const u8, group: usize, of_group: usize) -> L::Eight {
    let (block, group) = place(group, of_group);
    // SAFETY: the caller promises both.
    unsafe {
        let own = lanes.times(lanes.eight(-1.0), lanes.eight_bytes(strip.add(group + ROWS)));
        lanes.times(lanes.eight_halves(strip.add(block + HALVES).cast()), own)
    }
}

/// Writes rows: blocks of `bytes`, of which `head` come before four bits an input, and the fifth bits, where there are any,
/// between.
fn pack(rows: &[&[u8]], strip: &mut [u8], bytes: usize, of_group: usize) {
    let nibbles_at = bytes - 128;
    for (row, blocks) in rows.iter().enumerate() {
        for (index, block) in blocks.chunks_exact(bytes).enumerate() {
            let (first, _) = place(index * GROUPS, of_group);
            put_half(&mut strip[first..first + HALVES], row, block);
            put_half(&mut strip[first + HALVES..first + 2 * HALVES], row, &block[2..]);
            for group in 0..GROUPS {
                let (_, at) = place(index * GROUPS + group, of_group);
                let own = &mut strip[at..at + of_group];
                [own[row], own[ROWS + row]] = k::unpack_head(block, group);
                let (codes, fifths) = own[SMALL..].split_at_mut(CODES / 2);
                let both = &block[nibbles_at + group / 2 * k::PART..];
                for vector in 0..VECTORS {
                    let four_codes = four(both, vector) >> (group % 2 * 4) & NIBBLES;
                    put_nibbles(codes, vector, row, four_codes);
                    if !fifths.is_empty() {
                        put_fifths(
                            fifths,
                            vector,
                            row,
                            four(&block[k::HEAD..], vector) >> group & ONES,
                        );
                    }
                }
            }
        }
    }
}

impl<const FIFTH: bool> K<FIFTH> {
    const BLOCK_BYTES: usize = k::HEAD + if FIFTH { 32 } else { 0 } + 128;

    const GROUP_BYTES: usize = SMALL + CODES / 2 + if FIFTH { BYTES } else { 0 };
}

impl<const FIFTH: bool> Layout for K<FIFTH> {
    fn bytes(groups: usize) -> usize {
        place(groups, Self::GROUP_BYTES).0
    }

    fn pack(rows: &[&[u8]], _groups: usize, strip: &mut [u8]) {
        pack(rows, strip, Self::BLOCK_BYTES, Self::GROUP_BYTES);
    }
}

impl<const FIFTH: bool> Strip for K<FIFTH> {
    const PARTS: usize = 1;
    const TOGETHER: usize = if FIFTH { 4 } else { 8 };
    const DIRECT: usize = 2;
    const MINIMA: bool = true;

    #[inline(always)]
    unsafe fn codes<L: Lanes>(lanes: L, strip: *const u8, group: usize, _: usize, vector: usize) -> L::Codes {
        // SAFETY: the group is in the strip.
        unsafe {
            let low = strip.add(place(group, Self::GROUP_BYTES).1 + SMALL);
            let codes = nibbles(lanes, low, vector);
            match FIFTH {
                true => with_fifth(lanes, codes, low.add(CODES / 2), vector),
                false => codes,
            }
        }
    }

    #[inline(always)]
    unsafe fn scale<L: Lanes>(lanes: L, strip: *const u8, group: usize, _: usize, _: usize) -> L::Eight {
        // SAFETY: the group is in the strip.
        unsafe { scale(lanes, strip, group, Self::GROUP_BYTES) }
    }

    #[inline(always)]
    unsafe fn minimum<L: Lanes>(
        lanes: L,
        strip: *const u8,
        group: usize,
        _: usize,
        _: usize,
        _: L::Eight,
    ) -> L::Eight {
        // SAFETY: the group is in the strip.
        unsafe { minimum(lanes, strip, group, Self::GROUP_BYTES) }
    }
}
