//! AVX2 with F16C, which processors with AVX-512 have, too.

use std::arch::asm;
use std::arch::x86_64::*;

use triaxis_kernels::simd::{Avx2, Avx512};

use super::{Lanes, Vectors};

/// Four bytes in every lane.
///
/// # Safety
/// The processor must have AVX2, and the pointer be valid for reading four bytes.
#[inline(always)]
unsafe fn four(x: *const i8) -> __m256i {
    // SAFETY: the caller proves both.
    unsafe { _mm256_set1_epi32(x.cast::<i32>().read_unaligned()) }
}

/// A sum as it is, in a register: sums of whole numbers may be put into any order, and a compiler that does so keeps more
/// products and inputs than there are registers, and writes the rest to memory, which takes a fifth of the time of all.
///
/// # Safety
/// The processor must have AVX2.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn settled(mut sum: __m256i) -> __m256i {
    // SAFETY: there is no instruction.
    unsafe { asm!("/* {} */", inout(ymm_reg) sum, options(nomem, nostack, preserves_flags)) };
    sum
}

/// Sixteen whole numbers as bytes.
///
/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn bytes(low: __m256, high: __m256) -> __m128i {
    // SAFETY: the caller proves the instructions.
    unsafe {
        let words = _mm256_packs_epi32(_mm256_cvtps_epi32(low), _mm256_cvtps_epi32(high));
        // Packing goes by halves: the quarters are 0, 2, 1, 3.
        let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(words);
        _mm_packs_epi16(
            _mm256_castsi256_si128(words),
            _mm256_extracti128_si256::<1>(words),
        )
    }
}

macro_rules! lanes_of_avx2 {
    ($($proof:ty: |$floats:ident| $halves:expr;)+) => {$(
        impl Lanes for $proof {
            type Eight = __m256;
            type Codes = __m256i;
            type Sums = __m256i;

            #[inline(always)]
            fn eight(self, value: f32) -> __m256 {
                // SAFETY: `self` proves the instruction, as in all that follows.
                unsafe { _mm256_set1_ps(value) }
            }

            #[inline(always)]
            unsafe fn eight_at(self, from: *const f32) -> __m256 {
                // SAFETY: the caller promises eight readable values.
                unsafe { _mm256_loadu_ps(from) }
            }

            #[inline(always)]
            unsafe fn eight_halves(self, from: *const u16) -> __m256 {
                // SAFETY: the caller promises eight readable values.
                unsafe { _mm256_cvtph_ps(_mm_loadu_si128(from.cast())) }
            }

            #[inline(always)]
            unsafe fn eight_brain(self, from: *const u16) -> __m256 {
                // SAFETY: the caller promises eight readable values.
                unsafe {
                    let wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(from.cast()));
                    _mm256_castsi256_ps(_mm256_slli_epi32::<16>(wide))
                }
            }

            #[inline(always)]
            unsafe fn eight_bytes(self, from: *const u8) -> __m256 {
                // SAFETY: the caller promises eight readable values.
                unsafe { _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(from.cast()))) }
            }

            #[inline(always)]
            unsafe fn eight_signed(self, from: *const u8) -> __m256 {
                // SAFETY: the caller promises eight readable values.
                unsafe { _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(from.cast()))) }
            }

            #[inline(always)]
            unsafe fn put_eight(self, value: __m256, to: *mut f32) {
                // SAFETY: the caller promises eight writable values.
                unsafe { _mm256_storeu_ps(to, value) }
            }

            #[inline(always)]
            fn plus(self, a: __m256, b: __m256) -> __m256 {
                // SAFETY: as above.
                unsafe { _mm256_add_ps(a, b) }
            }

            #[inline(always)]
            fn times(self, a: __m256, b: __m256) -> __m256 {
                // SAFETY: as above.
                unsafe { _mm256_mul_ps(a, b) }
            }

            #[inline(always)]
            fn times_plus(self, a: __m256, b: __m256, c: __m256) -> __m256 {
                // SAFETY: as above.
                unsafe { _mm256_fmadd_ps(a, b, c) }
            }

            #[inline(always)]
            fn numbers(self, sums: __m256i) -> __m256 {
                // SAFETY: as above.
                unsafe { _mm256_cvtepi32_ps(sums) }
            }

            #[inline(always)]
            unsafe fn put_whole(self, $floats: Self::Floats, to: *mut i8) {
                // SAFETY: the caller promises sixteen writable bytes.
                unsafe {
                    let [low, high] = $halves;
                    _mm_storeu_si128(to.cast(), bytes(low, high));
                }
            }

            #[inline(always)]
            unsafe fn codes(self, from: *const u8) -> __m256i {
                // SAFETY: the caller promises thirty-two readable bytes.
                unsafe { _mm256_loadu_si256(from.cast()) }
            }

            #[inline(always)]
            unsafe fn put_codes(self, codes: __m256i, to: *mut u8) {
                // SAFETY: the caller promises thirty-two writable bytes.
                unsafe { _mm256_storeu_si256(to.cast(), codes) }
            }

            #[inline(always)]
            fn low(self, codes: __m256i) -> __m256i {
                // SAFETY: as above.
                unsafe { _mm256_and_si256(codes, _mm256_set1_epi8(15)) }
            }

            #[inline(always)]
            fn high(self, codes: __m256i) -> __m256i {
                // SAFETY: as above.
                unsafe { _mm256_and_si256(_mm256_srli_epi16::<4>(codes), _mm256_set1_epi8(15)) }
            }

            #[inline(always)]
            fn above<const SHIFT: i32, const MASK: u8, const BELOW: i32>(
                self,
                codes: __m256i,
                bits: __m256i,
            ) -> __m256i {
                // SAFETY: as above. What a shift of 16 bits takes over from the neighbouring byte the mask removes.
                unsafe {
                    let bits = _mm256_srli_epi16::<SHIFT>(bits);
                    let bits = _mm256_and_si256(bits, _mm256_set1_epi8(MASK as i8));
                    _mm256_or_si256(codes, _mm256_slli_epi16::<BELOW>(bits))
                }
            }

            #[inline(always)]
            fn code<const INDEX: usize, const SIGNED: bool>(self, codes: __m256i) -> __m256 {
                // SAFETY: as above.
                unsafe {
                    let top = match INDEX {
                        0 => _mm256_slli_epi32::<24>(codes),
                        1 => _mm256_slli_epi32::<16>(codes),
                        2 => _mm256_slli_epi32::<8>(codes),
                        _ => codes,
                    };
                    _mm256_cvtepi32_ps(match SIGNED {
                        true => _mm256_srai_epi32::<24>(top),
                        false => _mm256_srli_epi32::<24>(top),
                    })
                }
            }

            #[inline(always)]
            unsafe fn unsigned<const COLUMNS: usize, const VECTORS: usize, const TOGETHER: usize>(
                self,
                codes: impl Vectors<Self>,
                x: [*const i8; COLUMNS],
            ) -> [__m256i; COLUMNS] {
                // SAFETY: the caller promises the vectors, and four readable bytes for each. Two products of 63 and 127 are 16,002, and
                // as many pairs as are added together stay below 32,768.
                unsafe {
                    let ones = _mm256_set1_epi16(1);
                    let mut sums = [_mm256_setzero_si256(); COLUMNS];
                    let mut first = 0;
                    while first < VECTORS {
                        let mut pairs = [_mm256_setzero_si256(); COLUMNS];
                        let mut vector = first;
                        while vector < first + TOGETHER {
                            let codes = codes.vector(self, vector);
                            let mut column = 0;
                            while column < COLUMNS {
                                let x = four(x[column].add(4 * vector));
                                let products = _mm256_maddubs_epi16(codes, x);
                                pairs[column] = settled(_mm256_add_epi16(pairs[column], products));
                                column += 1;
                            }
                            vector += 1;
                        }
                        let mut column = 0;
                        while column < COLUMNS {
                            let fours = _mm256_madd_epi16(pairs[column], ones);
                            sums[column] = _mm256_add_epi32(sums[column], fours);
                            column += 1;
                        }
                        first += TOGETHER;
                    }
                    sums
                }
            }

            #[inline(always)]
            unsafe fn signed<const COLUMNS: usize, const VECTORS: usize>(
                self,
                codes: impl Vectors<Self>,
                x: [*const i8; COLUMNS],
            ) -> [__m256i; COLUMNS] {
                // SAFETY: the caller promises the vectors, and four readable bytes for each. The size of a code is at
                // most 128, so that two products are at most 32,512; an input of -128, which has no opposite, is only
                // where all products are no numbers anyway.
                unsafe {
                    let ones = _mm256_set1_epi16(1);
                    let mut sums = [_mm256_setzero_si256(); COLUMNS];
                    let mut vector = 0;
                    while vector < VECTORS {
                        let codes = codes.vector(self, vector);
                        let size = _mm256_abs_epi8(codes);
                        let mut column = 0;
                        while column < COLUMNS {
                            let x = _mm256_sign_epi8(four(x[column].add(4 * vector)), codes);
                            let fours = _mm256_madd_epi16(_mm256_maddubs_epi16(size, x), ones);
                            sums[column] = settled(_mm256_add_epi32(sums[column], fours));
                            column += 1;
                        }
                        vector += 1;
                    }
                    sums
                }
            }
        }
    )+};
}

lanes_of_avx2! {
    Avx2: |floats| floats;
    Avx512: |floats| [_mm512_castps512_ps256(floats), _mm512_extractf32x8_ps::<1>(floats)];
}
