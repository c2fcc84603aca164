//! Strips of Q5_0 and Q5_1: as those of four bits, with a byte of fifth bits for each place of a vector.

use super::strip::{
    CODES, GROUP, HALVES, Layout, Strip, VECTORS, nibbles, put_fifth, put_half, put_nibble, with_fifth,
};
use crate::lanes::{BYTES, Lanes};

/// Q5_0: codes around 16.
pub(crate) struct Q5_0;

/// Q5_1: codes above a minimum.
pub(crate) struct Q5_1;

/// Writes the nibbles and fifth bits of a row's block: four bytes of bits, then the nibbles.
fn pack_codes(codes: &mut [u8], row: usize, block: &[u8]) {
    let (nibbles, fifths) = codes.split_at_mut(CODES / 2);
    for input in 0..GROUP {
        let both = block[4 + input % (GROUP / 2)];
        let code = if input < GROUP / 2 { both & 15 } else { both >> 4 };
        put_nibble(nibbles, row, input, code);
        put_fifth(fifths, row, input, block[input / 8] >> (input % 8));
    }
}

/// The codes of a group.
///
/// # Safety
/// Its nibbles and fifth bits must be readable.
#[inline(always)]
unsafe fn codes<L: Lanes>(lanes: L, from: *const u8) -> [L::Codes; VECTORS] {
    // SAFETY: the caller promises both.
    unsafe { with_fifth(lanes, nibbles(lanes, from), from.add(CODES / 2)) }
}

impl Q5_0 {
    const GROUP_BYTES: usize = HALVES + CODES / 2 + BYTES;
}

impl Layout for Q5_0 {
    fn bytes(groups: usize) -> usize {
        groups * Self::GROUP_BYTES
    }

    fn pack(rows: &[&[u8]], _groups: usize, strip: &mut [u8]) {
        for (row, blocks) in rows.iter().enumerate() {
            let groups = strip.chunks_exact_mut(Self::GROUP_BYTES);
            for (block, group) in blocks.chunks_exact(22).zip(groups) {
                let (scales, codes) = group.split_at_mut(HALVES);
                put_half(scales, row, block);
                pack_codes(codes, row, &block[2..]);
            }
        }
    }
}

impl Strip for Q5_0 {
    const PARTS: usize = 1;
    const TOGETHER: usize = 4;
    const MINIMA: bool = true;

    #[inline(always)]
    unsafe fn codes<L: Lanes>(lanes: L, strip: *const u8, group: usize, _: usize) -> [L::Codes; VECTORS] {
        // SAFETY: the group is in the strip.
        unsafe { codes(lanes, strip.add(group * Self::GROUP_BYTES + HALVES)) }
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
        lanes.times(lanes.eight(-16.0), scale)
    }
}

impl Q5_1 {
    const GROUP_BYTES: usize = 2 * HALVES + CODES / 2 + BYTES;
}

impl Layout for Q5_1 {
    fn bytes(groups: usize) -> usize {
        groups * Self::GROUP_BYTES
    }

    fn pack(rows: &[&[u8]], _groups: usize, strip: &mut [u8]) {
        for (row, blocks) in rows.iter().enumerate() {
            let groups = strip.chunks_exact_mut(Self::GROUP_BYTES);
            for (block, group) in blocks.chunks_exact(24).zip(groups) {
                let (numbers, codes) = group.split_at_mut(2 * HALVES);
                let (scales, minima) = numbers.split_at_mut(HALVES);
                put_half(scales, row, block);
                put_half(minima, row, &block[2..]);
                pack_codes(codes, row, &block[4..]);
            }
        }
    }
}

impl Strip for Q5_1 {
    const PARTS: usize = 1;
    const TOGETHER: usize = 4;
    const MINIMA: bool = true;

    #[inline(always)]
    unsafe fn codes<L: Lanes>(lanes: L, strip: *const u8, group: usize, _: usize) -> [L::Codes; VECTORS] {
        // SAFETY: the group is in the strip.
        unsafe { codes(lanes, strip.add(group * Self::GROUP_BYTES + 2 * HALVES)) }
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
