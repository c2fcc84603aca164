//! Strips of Q4_0, Q4_1, Q5_0 and Q5_1: of each group scales in half precision, perhaps minima, four bits an input, and
//! perhaps a byte of fifth bits for each place of a vector.

use super::strip::{
    CODES, GROUP, HALVES, Layout, NIBBLES, ONES, Strip, VECTORS, four, nibbles, put_fifths, put_half,
    put_nibbles, with_fifth,
};
use crate::lanes::{BYTES, Lanes};

/// Codes of four bits, or of five, around `ZERO`, or above minima that are stored where it is 0.
pub(crate) struct Affine<const FIFTH: bool, const ZERO: u8>;

impl<const FIFTH: bool, const ZERO: u8> Affine<FIFTH, ZERO> {
    /// Numbers in half precision of a row's group: a scale, and a minimum if it is stored.
    const NUMBERS: usize = if ZERO == 0 { 2 } else { 1 };

    /// Bytes of a row's block before its nibbles.
    const HEAD: usize = 2 * Self::NUMBERS + if FIFTH { 4 } else { 0 };

    /// Bytes of a row's block.
    const BLOCK_BYTES: usize = Self::HEAD + GROUP / 2;

    const GROUP_BYTES: usize = Self::NUMBERS * HALVES + CODES / 2 + if FIFTH { BYTES } else { 0 };
}

/// The lowest four bits, each the lowest of a byte.
fn apart(bits: u32) -> u32 {
    // Four copies, of which each byte keeps the bit that came to its lowest place.
    ((bits & 15) * (1 | 1 << 7 | 1 << 14 | 1 << 21)) & ONES
}

impl<const FIFTH: bool, const ZERO: u8> Layout for Affine<FIFTH, ZERO> {
    fn bytes(groups: usize) -> usize {
        groups * Self::GROUP_BYTES
    }

    fn pack(rows: &[&[u8]], _groups: usize, strip: &mut [u8]) {
        for (row, blocks) in rows.iter().enumerate() {
            let groups = strip.chunks_exact_mut(Self::GROUP_BYTES);
            for (block, group) in blocks.chunks_exact(Self::BLOCK_BYTES).zip(groups) {
                let (numbers, codes) = group.split_at_mut(Self::NUMBERS * HALVES);
                for (number, halves) in numbers.chunks_exact_mut(HALVES).enumerate() {
                    put_half(halves, row, &block[2 * number..]);
                }
                let (low, fifths) = codes.split_at_mut(CODES / 2);
                for vector in 0..VECTORS {
                    let both = four(&block[Self::HEAD..], vector % (VECTORS / 2));
                    put_nibbles(low, vector, row, both >> (vector / (VECTORS / 2) * 4) & NIBBLES);
                    if FIFTH {
                        let bits = four(&block[2 * Self::NUMBERS..], 0);
                        put_fifths(fifths, vector, row, apart(bits >> (4 * vector)));
                    }
                }
            }
        }
    }
}

impl<const FIFTH: bool, const ZERO: u8> Strip for Affine<FIFTH, ZERO> {
    const PARTS: usize = 1;
    const TOGETHER: usize = if FIFTH { 4 } else { 8 };
    const DIRECT: usize = if FIFTH { 2 } else { usize::MAX };
    const MINIMA: bool = true;

    #[inline(always)]
    unsafe fn codes<L: Lanes>(lanes: L, strip: *const u8, group: usize, _: usize, vector: usize) -> L::Codes {
        // SAFETY: the group is in the strip.
        unsafe {
            let low = strip.add(group * Self::GROUP_BYTES + Self::NUMBERS * HALVES);
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
        unsafe { lanes.eight_halves(strip.add(group * Self::GROUP_BYTES).cast()) }
    }

    #[inline(always)]
    unsafe fn minimum<L: Lanes>(
        lanes: L,
        strip: *const u8,
        group: usize,
        _: usize,
        _: usize,
        scale: L::Eight,
    ) -> L::Eight {
        match ZERO {
            // SAFETY: the group is in the strip, and has minima.
            0 => unsafe { lanes.eight_halves(strip.add(group * Self::GROUP_BYTES + HALVES).cast()) },
            zero => lanes.times(lanes.eight(-f32::from(zero)), scale),
        }
    }
}
