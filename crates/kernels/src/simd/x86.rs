//! AVX-512 and AVX2.

mod avx2;
mod avx512;

pub use avx2::Avx2;
pub use avx512::Avx512;

use std::arch::x86_64::*;

/// Functions that combine eight lanes in the pairs of [`Simd::sum`].
macro_rules! fold_of_eight {
    ($($name:ident = $four:ident, $one:ident;)+) => {$(
        /// # Safety
        /// The processor must have AVX2.
        #[inline(always)]
        unsafe fn $name(value: __m256) -> f32 {
            // SAFETY: the caller proves the instructions.
            unsafe {
                let four = $four(_mm256_castps256_ps128(value), _mm256_extractf128_ps::<1>(value));
                let two = $four(four, _mm_movehl_ps(four, four));
                _mm_cvtss_f32($one(two, _mm_shuffle_ps::<1>(two, two)))
            }
        }
    )+};
}

fold_of_eight! {
    sum_of_eight = _mm_add_ps, _mm_add_ss;
    largest_of_eight = _mm_max_ps, _mm_max_ss;
}
