//! Strips of Q4_0 and Q4_1: scales in half precision, perhaps minima, and four bits an input.

use super::strip::{CODES, GROUP, HALVES, Layout, Strip, VECTORS, nibbles, put_half, put_nibble};
use crate::lanes::Lanes;

/// Q4_0: codes around 8.
pub(crate) struct Q4_0;

/// Q4_1: codes above a minimum.
pub(crate) struct Q4_1;

/// Writes the nibbles of a row's block.
fn pack_nibbles(codes: &mut [u8], row: usize, block: &[u8]) {
    for (byte, &both) in block.iter().enumerate() {
        put_nibble(codes, row, byte, both & 15);
        put_nibble(codes, row, byte + GROUP / 2, both >> 4);
    }
}

impl Q4_0 {
    const GROUP_BYTES: usize = HALVES + CODES / 2;
}

impl Layout for Q4_0 {
    fn bytes(groups: usize) -> usize {
        groups * Self::GROUP_BYTES
    }

    fn pack(rows: &[&[u8]], _groups: usize, strip: &mut [u8]) {
        for (row, blocks) in rows.iter().enumerate() {
            let groups = strip.chunks_exact_mut(Self::GROUP_BYTES);
            for (block, group) in blocks.chunks_exact(18).zip(groups) {
                let (scales, codes) = group.split_at_mut(HALVES);
                put_half(scales, row, block);
                pack_nibbles(codes, row, &block[2..]);
            }
        }
    }
}

impl Strip for Q4_0 {
    const PARTS: usize = 1;
    const TOGETHER: usize = 8;
    const MINIMA: bool = true;

    #[inline(always)]
    unsafe fn codes<L: Lanes>(lanes: L, strip: *const u8, group: usize, _: usize) -> [L::Codes; VECTORS] {
        // SAFETY: the group is in the strip.
        unsafe { nibbles(lanes, strip.add(group * Self::GROUP_BYTES + HALVES)) }
    }

    #[inline(always)]
    unsafe fn scale<L: Lanes>(lanes: L, strip: *const u8, group: usize, _: usize, _: usize) -> L::Eight {
        // SAFETY: the group is in the strip.
        unsafe { lanes.eight_halves(strip.add(group * Self::GROUP_BYTES).cast()) }
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
        lanes.times(lanes.eight(-8.0), scale)
    }
}

impl Q4_1 {
    const GROUP_BYTES: usize = 2 * HALVES + CODES / 2;
}

impl Layout for Q4_1 {
    fn bytes(groups: usize) -> usize {
        groups * Self::GROUP_BYTES
    }

    fn pack(rows: &[&[u8]], _groups: usize, strip: &mut [u8]) {
        for (row, blocks) in rows.iter().enumerate() {
            let groups = strip.chunks_exact_mut(Self::GROUP_BYTES);
            for (block, group) in blocks.chunks_exact(20).zip(groups) {
                let (numbers, codes) = group.split_at_mut(2 * HALVES);
                let (scales, minima) = numbers.split_at_mut(HALVES);
                put_half(scales, row, block);
                put_half(minima, row, &block[2..]);
                pack_nibbles(codes, row, &block[4..]);
            }
        }
    }
}

impl Strip for Q4_1 {
    const PARTS: usize = 1;
    const TOGETHER: usize = 8;
    const MINIMA: bool = true;

    #[inline(always)]
    unsafe fn codes<L: Lanes>(lanes: L, strip: *const u8, group: usize, _: usize) -> [L::Codes; VECTORS] {
        // SAFETY: the group is in the strip.
        unsafe { nibbles(lanes, strip.add(group * Self::GROUP_BYTES + 2 * HALVES)) }
    }

    #[inline(always)]
    unsafe fn scale<L: Lanes>(lanes: L, strip: *const u8, group: usize, _: usize, _: usize) -> L::Eight {
        // SAFETY: the group is in the strip.
        unsafe { lanes.eight_halves(strip.add(group * Self::GROUP_BYTES).cast()) }
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
        unsafe { lanes.eight_halves(strip.add(group * Self::GROUP_BYTES + HALVES).cast()) }
    }
}
