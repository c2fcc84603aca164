//! AVX-512.

use std::arch::x86_64::*;

use super::{Avx2, largest_of_eight, sum_of_eight};
use crate::simd::{LANES, Simd, Stays, Tile};

/// Proof that the processor has AVX-512 F, BW, DQ, VL, AVX2 and FMA.
#[derive(Clone, Copy, Debug)]
pub struct Avx512(());

impl Avx512 {
    /// The proof, if the processor has it.
    pub fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl");
        (found && Avx2::detect().is_some()).then_some(Self(()))
    }

    /// # Safety
    /// [`Avx512::detect`] must have succeeded on this processor.
    #[inline(always)]
    pub(in crate::simd) unsafe fn assume() -> Self {
        Self(())
    }
}

/// Methods of one instruction each: the proof `self` makes the call sound.
macro_rules! one_instruction {
    ($($name:ident($($argument:ident),+) = $instruction:expr;)+) => {$(
        #[inline(always)]
        fn $name(self, $($argument: Self::Floats),+) -> Self::Floats {
            // SAFETY: `self` proves that the processor has the instruction.
            unsafe { $instruction($($argument),+) }
        }
    )+};
}

impl Simd for Avx512 {
    type Floats = __m512;

    // 14 × 2 sums, 2 vectors of the right-hand side and 1 of the left of 32 registers.
    const TILE: Tile = Tile {
        rows: 14,
        columns: 2 * LANES,
        stays: Stays::Strip,
    };

    one_instruction! {
        add(a, b) = _mm512_add_ps;
        sub(a, b) = _mm512_sub_ps;
        mul(a, b) = _mm512_mul_ps;
        div(a, b) = _mm512_div_ps;
        mul_add(a, b, c) = _mm512_fmadd_ps;
        minimum(a, b) = _mm512_min_ps;
        maximum(a, b) = _mm512_max_ps;
        sqrt(a) = _mm512_sqrt_ps;
        scale(a, power) = _mm512_scalef_ps;
    }

    #[inline(always)]
    fn call<R>(self, kernel: impl FnOnce() -> R) -> R {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")]
        fn call<R>(kernel: impl FnOnce() -> R) -> R {
            kernel()
        }
        // SAFETY: `self` proves that the processor has these features.
        unsafe { call(kernel) }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Self::Floats {
        // SAFETY: `self` proves that the processor has the instruction.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    fn prefetch(self, address: *const f32) {
        // SAFETY: every processor with AVX has the instruction, and it ignores addresses it may not read.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
    }

    #[inline(always)]
    unsafe fn load_pointer(self, from: *const f32) -> Self::Floats {
        // SAFETY: the caller promises sixteen readable values; `self` proves the instruction.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store_pointer(self, value: Self::Floats, to: *mut f32) {
        // SAFETY: the caller promises sixteen writable values; `self` proves the instruction.
        unsafe { _mm512_storeu_ps(to, value) }
    }

    #[inline(always)]
    unsafe fn load_half(self, from: *const u16) -> Self::Floats {
        // SAFETY: the caller promises sixteen readable values; `self` proves the instruction.
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(from.cast())) }
    }

    #[inline(always)]
    unsafe fn store_half(self, value: Self::Floats, to: *mut u16) {
        // SAFETY: the caller promises sixteen writable values; `self` proves the instruction.
        unsafe { _mm256_storeu_si256(to.cast(), _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(value)) }
    }

    #[inline(always)]
    fn transpose(self, rows: [Self::Floats; LANES]) -> [Self::Floats; LANES] {
        // Plain loops: what is passed to a library function may be compiled without these instructions.
        let (mut fours, mut columns) = (rows, rows);
        // SAFETY: `self` proves that the processor has the instructions.
        unsafe {
            // Afterwards fours[4 f + c] holds, in quarter q, rows 4 f to 4 f + 3 of column 4 q + c.
            for four in 0..4 {
                let [a, b, c, d] = [
                    rows[4 * four],
                    rows[4 * four + 1],
                    rows[4 * four + 2],
                    rows[4 * four + 3],
                ];
                let low = [
                    _mm512_castps_pd(_mm512_unpacklo_ps(a, b)),
                    _mm512_castps_pd(_mm512_unpacklo_ps(c, d)),
                ];
                let high = [
                    _mm512_castps_pd(_mm512_unpackhi_ps(a, b)),
                    _mm512_castps_pd(_mm512_unpackhi_ps(c, d)),
                ];
                fours[4 * four] = _mm512_castpd_ps(_mm512_unpacklo_pd(low[0], low[1]));
                fours[4 * four + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low[0], low[1]));
                fours[4 * four + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(high[0], high[1]));
                fours[4 * four + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(high[0], high[1]));
            }
            for c in 0..4 {
                let [w, x, y, z] = [fours[c], fours[4 + c], fours[8 + c], fours[12 + c]];
                let even = [
                    _mm512_shuffle_f32x4::<0x88>(w, x),
                    _mm512_shuffle_f32x4::<0x88>(y, z),
                ];
                let odd = [
                    _mm512_shuffle_f32x4::<0xdd>(w, x),
                    _mm512_shuffle_f32x4::<0xdd>(y, z),
                ];
                columns[c] = _mm512_shuffle_f32x4::<0x88>(even[0], even[1]);
                columns[4 + c] = _mm512_shuffle_f32x4::<0x88>(odd[0], odd[1]);
                columns[8 + c] = _mm512_shuffle_f32x4::<0xdd>(even[0], even[1]);
                columns[12 + c] = _mm512_shuffle_f32x4::<0xdd>(odd[0], odd[1]);
            }
        }
        columns
    }

    #[inline(always)]
    fn sum(self, value: Self::Floats) -> f32 {
        // SAFETY: `self` proves AVX-512 DQ and AVX2.
        unsafe {
            let high = _mm512_extractf32x8_ps::<1>(value);
            sum_of_eight(_mm256_add_ps(_mm512_castps512_ps256(value), high))
        }
    }

    #[inline(always)]
    fn largest(self, value: Self::Floats) -> f32 {
        // SAFETY: `self` proves AVX-512 DQ and AVX2.
        unsafe {
            let high = _mm512_extractf32x8_ps::<1>(value);
            largest_of_eight(_mm256_max_ps(_mm512_castps512_ps256(value), high))
        }
    }

    #[inline(always)]
    fn load_partial(self, from: &[f32], fill: f32) -> Self::Floats {
        if from.len() >= LANES {
            // SAFETY: as below.
            return unsafe { _mm512_loadu_ps(from.as_ptr()) };
        }
        let mask = lanes_below(from.len());
        // SAFETY: the mask keeps the read inside the slice; `self` proves the instruction.
        unsafe { _mm512_mask_loadu_ps(_mm512_set1_ps(fill), mask, from.as_ptr()) }
    }

    #[inline(always)]
    fn store_partial(self, value: Self::Floats, to: &mut [f32]) {
        if to.len() >= LANES {
            // SAFETY: as below.
            return unsafe { _mm512_storeu_ps(to.as_mut_ptr(), value) };
        }
        let mask = lanes_below(to.len());
        // SAFETY: the mask keeps the write inside the slice; `self` proves the instruction.
        unsafe { _mm512_mask_storeu_ps(to.as_mut_ptr(), mask, value) }
    }
}

/// The mask of the first `count` lanes (all of them from sixteen on).
#[inline(always)]
fn lanes_below(count: usize) -> __mmask16 {
    ((1u32 << count.min(LANES)) - 1) as __mmask16
}
