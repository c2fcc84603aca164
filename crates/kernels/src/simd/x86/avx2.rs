//! AVX2, two vectors of eight lanes at a time.

use std::arch::x86_64::*;

use super::{largest_of_eight, sum_of_eight};
use crate::simd::{LANES, Simd, Stays, Tile};

/// Proof that the processor has AVX2, FMA and F16C.
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

impl Avx2 {
    /// The proof, if the processor has it.
    pub fn detect() -> Option<Self> {
        let has = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c");
        has.then_some(Self(()))
    }

    /// # Safety
    /// [`Avx2::detect`] must have succeeded on this processor.
    #[inline(always)]
    pub(in crate::simd) unsafe fn assume() -> Self {
        Self(())
    }
}

/// Methods that do one instruction on each half.
macro_rules! two_instructions {
    ($($name:ident($($argument:ident),+) = $instruction:expr;)+) => {$(
        #[inline(always)]
        fn $name(self, $($argument: Self::Floats),+) -> Self::Floats {
            // SAFETY: `self` proves that the processor has the instruction.
            unsafe { [$instruction($($argument[0]),+), $instruction($($argument[1]),+)] }
        }
    )+};
}

impl Simd for Avx2 {
    type Floats = [__m256; 2];

    // 6 × 2 sums, 2 vectors of the right-hand side and 1 of the left of 16 registers of eight lanes.
    const TILE: Tile = Tile {
        rows: 6,
        columns: LANES,
        stays: Stays::Panel,
    };

    two_instructions! {
        add(a, b) = _mm256_add_ps;
        sub(a, b) = _mm256_sub_ps;
        mul(a, b) = _mm256_mul_ps;
        div(a, b) = _mm256_div_ps;
        mul_add(a, b, c) = _mm256_fmadd_ps;
        minimum(a, b) = _mm256_min_ps;
        maximum(a, b) = _mm256_max_ps;
        sqrt(a) = _mm256_sqrt_ps;
        scale(a, power) = scale_half;
    }

    #[inline(always)]
    fn call<R>(self, kernel: impl FnOnce() -> R) -> R {
        #[target_feature(enable = "avx2,fma,f16c")]
        fn call<R>(kernel: impl FnOnce() -> R) -> R {
            kernel()
        }
        // SAFETY: `self` proves that the processor has these features.
        unsafe { call(kernel) }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Self::Floats {
        // SAFETY: `self` proves that the processor has the instruction.
        unsafe { [_mm256_set1_ps(value); 2] }
    }

    #[inline(always)]
    fn prefetch(self, address: *const f32) {
        // SAFETY: every processor with AVX has the instruction, and it ignores addresses it may not read.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
    }

    #[inline(always)]
    fn load_partial(self, from: &[f32], fill: f32) -> Self::Floats {
        if let Some(from) = from.first_chunk() {
            return self.load(from);
        }
        let count = from.len();
        if let Some(eight) = from.first_chunk::<8>().filter(|_| count == 8) {
            // SAFETY: the reference is to eight readable values; `self` proves the instructions.
            return unsafe { [_mm256_loadu_ps(eight.as_ptr()), _mm256_set1_ps(fill)] };
        }
        // SAFETY: lanes outside the masks are not read, and the first `count` lanes lie inside the slice; `self`
        // proves the instructions.
        unsafe {
            let fill = _mm256_set1_ps(fill);
            let mask = MASKS.as_ptr().add(LANES - count);
            let (low, high) = (
                _mm256_loadu_si256(mask.cast()),
                _mm256_loadu_si256(mask.add(8).cast()),
            );
            let first = _mm256_maskload_ps(from.as_ptr(), low);
            let second = _mm256_maskload_ps(from.as_ptr().wrapping_add(8), high);
            [
                _mm256_blendv_ps(fill, first, _mm256_castsi256_ps(low)),
                _mm256_blendv_ps(fill, second, _mm256_castsi256_ps(high)),
            ]
        }
    }

    #[inline(always)]
    fn store_partial(self, value: Self::Floats, to: &mut [f32]) {
        if let Some(to) = to.first_chunk_mut() {
            return self.store(value, to);
        }
        // Not by masks: some processors take twenty cycles to store by them.
        let [mut rest, high] = value;
        let (mut at, count, to) = (0, to.len(), to.as_mut_ptr());
        // SAFETY: each store ends at most at `count`; `self` proves the instructions.
        unsafe {
            if count >= 8 {
                _mm256_storeu_ps(to, rest);
                (rest, at) = (high, 8);
            }
            let mut four = _mm256_castps256_ps128(rest);
            if count - at >= 4 {
                _mm_storeu_ps(to.add(at), four);
                (four, at) = (_mm256_extractf128_ps::<1>(rest), at + 4);
            }
            if count - at >= 2 {
                _mm_storel_pd(to.add(at).cast(), _mm_castps_pd(four));
                (four, at) = (_mm_movehl_ps(four, four), at + 2);
            }
            if count > at {
                _mm_store_ss(to.add(at), four);
            }
        }
    }

    #[inline(always)]
    fn transpose(self, rows: [Self::Floats; LANES]) -> [Self::Floats; LANES] {
        macro_rules! quarter {
            ($half:literal: $($row:literal)+) => {
                // SAFETY: `self` proves AVX2.
                unsafe { transpose_eight($(rows[$row][$half]),+) }
            };
        }
        let [a0, a1, a2, a3, a4, a5, a6, a7] = quarter!(0: 0 1 2 3 4 5 6 7);
        let [b0, b1, b2, b3, b4, b5, b6, b7] = quarter!(0: 8 9 10 11 12 13 14 15);
        let [c0, c1, c2, c3, c4, c5, c6, c7] = quarter!(1: 0 1 2 3 4 5 6 7);
        let [d0, d1, d2, d3, d4, d5, d6, d7] = quarter!(1: 8 9 10 11 12 13 14 15);
        [
            [a0, b0],
            [a1, b1],
            [a2, b2],
            [a3, b3],
            [a4, b4],
            [a5, b5],
            [a6, b6],
            [a7, b7],
            [c0, d0],
            [c1, d1],
            [c2, d2],
            [c3, d3],
            [c4, d4],
            [c5, d5],
            [c6, d6],
            [c7, d7],
        ]
    }

    #[inline(always)]
    fn sum(self, value: Self::Floats) -> f32 {
        // SAFETY: `self` proves AVX2.
        unsafe { sum_of_eight(_mm256_add_ps(value[0], value[1])) }
    }

    #[inline(always)]
    fn largest(self, value: Self::Floats) -> f32 {
        // SAFETY: `self` proves AVX2.
        unsafe { largest_of_eight(_mm256_max_ps(value[0], value[1])) }
    }

    #[inline(always)]
    unsafe fn load_pointer(self, from: *const f32) -> Self::Floats {
        // SAFETY: the caller promises sixteen readable values; `self` proves the instruction.
        unsafe { [_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))] }
    }

    #[inline(always)]
    unsafe fn store_pointer(self, value: Self::Floats, to: *mut f32) {
        // SAFETY: the caller promises sixteen writable values; `self` proves the instruction.
        unsafe {
            _mm256_storeu_ps(to, value[0]);
            _mm256_storeu_ps(to.add(8), value[1]);
        }
    }

    #[inline(always)]
    unsafe fn load_half(self, from: *const u16) -> Self::Floats {
        // SAFETY: the caller promises sixteen readable values; `self` proves the instructions.
        unsafe {
            [
                _mm256_cvtph_ps(_mm_loadu_si128(from.cast())),
                _mm256_cvtph_ps(_mm_loadu_si128(from.add(8).cast())),
            ]
        }
    }

    #[inline(always)]
    unsafe fn store_half(self, value: Self::Floats, to: *mut u16) {
        const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT;
        // SAFETY: the caller promises sixteen writable values; `self` proves the instructions.
        unsafe {
            _mm_storeu_si128(to.cast(), _mm256_cvtps_ph::<NEAREST>(value[0]));
            _mm_storeu_si128(to.add(8).cast(), _mm256_cvtps_ph::<NEAREST>(value[1]));
        }
    }
}

/// Sixteen lanes that are, then sixteen that are not: a window on it masks all beyond some count.
static MASKS: [i32; 2 * LANES] = {
    let mut masks = [0; 2 * LANES];
    let mut lane = 0;
    while lane < LANES {
        masks[lane] = -1;
        lane += 1;
    }
    masks
};

/// Exchanges rows and columns of eight vectors.
///
/// # Safety
/// The processor must have AVX2.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "one a register")]
unsafe fn transpose_eight(
    a: __m256,
    b: __m256,
    c: __m256,
    d: __m256,
    e: __m256,
    f: __m256,
    g: __m256,
    h: __m256,
) -> [__m256; 8] {
    // SAFETY: the caller proves AVX2.
    unsafe {
        let (ab, cd, ef, gh) = (
            [_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b)],
            [_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d)],
            [_mm256_unpacklo_ps(e, f), _mm256_unpackhi_ps(e, f)],
            [_mm256_unpacklo_ps(g, h), _mm256_unpackhi_ps(g, h)],
        );
        macro_rules! fours {
            ($low:ident, $high:ident) => {
                [
                    _mm256_shuffle_ps::<0x44>($low[0], $high[0]),
                    _mm256_shuffle_ps::<0xee>($low[0], $high[0]),
                    _mm256_shuffle_ps::<0x44>($low[1], $high[1]),
                    _mm256_shuffle_ps::<0xee>($low[1], $high[1]),
                ]
            };
        }
        let ([a, b, c, d], [e, f, g, h]) = (fours!(ab, cd), fours!(ef, gh));
        [
            _mm256_permute2f128_ps::<0x20>(a, e),
            _mm256_permute2f128_ps::<0x20>(b, f),
            _mm256_permute2f128_ps::<0x20>(c, g),
            _mm256_permute2f128_ps::<0x20>(d, h),
            _mm256_permute2f128_ps::<0x31>(a, e),
            _mm256_permute2f128_ps::<0x31>(b, f),
            _mm256_permute2f128_ps::<0x31>(c, g),
            _mm256_permute2f128_ps::<0x31>(d, h),
        ]
    }
}

/// `a × 2^power`, in two steps, so that results below the normal range round as they should.
///
/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn scale_half(a: __m256, power: __m256) -> __m256 {
    // SAFETY: the caller proves AVX2.
    unsafe {
        let power = _mm256_cvtps_epi32(power);
        let first = _mm256_srai_epi32::<1>(power);
        let second = _mm256_sub_epi32(power, first);
        let bias = _mm256_set1_epi32(127);
        let factor = |power| _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_add_epi32(power, bias)));
        _mm256_mul_ps(_mm256_mul_ps(a, factor(first)), factor(second))
    }
}
