//! Strips of Q8_0: signed bytes and scales in half precision.

use super::strip::{CODES, HALVES, Layout, Strip, VECTORS, four, put_four, put_half};
use crate::lanes::{BYTES, Lanes};

/// Q8_0: the scales of all groups, then the codes of each.
pub(crate) struct Q8_0;

impl Layout for Q8_0 {
    fn bytes(groups: usize) -> usize {
        groups * (HALVES + CODES)
    }

    fn pack(rows: &[&[u8]], groups: usize, strip: &mut [u8]) {
        let (scales, codes) = strip.split_at_mut(groups * HALVES);
        for (row, blocks) in rows.iter().enumerate() {
            let groups = scales.chunks_exact_mut(HALVES).zip(codes.chunks_exact_mut(CODES));
            for (block, (scales, codes)) in blocks.chunks_exact(34).zip(groups) {
                put_half(scales, row, block);
                for vector in 0..VECTORS {
                    put_four(codes, vector, row, four(&block[2..], vector));
                }
            }
        }
    }
}

impl Strip for Q8_0 {
    const PARTS: usize = 1;
    const TOGETHER: usize = 0;
    const DIRECT: usize = usize::MAX;
    const MINIMA: bool = false;

    #[inline(always)]
    unsafe fn codes<L: Lanes>(
        lanes: L,
        strip: *const u8,
        group: usize,
        groups: usize,
        vector: usize,
    ) -> L::Codes {
        // SAFETY: the group is in the strip.
        unsafe { lanes.codes(strip.add(groups * HALVES + group * CODES + vector * BYTES)) }
    }

    #[inline(always)]
    unsafe fn scale<L: Lanes>(lanes: L, strip: *const u8, group: usize, _: usize, _: usize) -> L::Eight {
        // SAFETY: the group is in the strip.
        unsafe { lanes.eight_halves(strip.add(group * HALVES).cast()) }
    }

    #[inline(always)]
    unsafe fn minimum<L: Lanes>(
        lanes: L,
        _: *const u8,
        _: usize,
        _: usize,
        _: usize,
        _: L::Eight,
    ) -> L::Eight {
        lanes.eight(0.0)
    }
}
