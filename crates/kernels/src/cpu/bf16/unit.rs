//! What multiplies packed blocks of bf16 on this processor.

use std::arch::x86_64::*;
use std::sync::OnceLock;

use super::amx::Tiles;
use super::pack::{pack, pack_rows};
use super::{BLOCK, SIDE};
use crate::Instructions;
use crate::cpu::matrix::Matrix;
use crate::simd::Avx512;

pub(super) use super::pack::Form;

/// Proof that the processor has AVX-512 with BF16.
#[derive(Clone, Copy, Debug)]
pub struct Avx512Bf16(Avx512);

impl Avx512Bf16 {
    fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx512bf16")
            .then(Avx512::detect)
            .flatten()
            .map(Self)
    }

    /// The proof of plain AVX-512.
    pub(super) fn plain(self) -> Avx512 {
        self.0
    }

    /// Calls `kernel`, compiled for this instruction set as far as it is inlined.
    #[inline(always)]
    pub(super) fn call<R>(self, kernel: impl FnOnce() -> R) -> R {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma")]
        fn call<R>(kernel: impl FnOnce() -> R) -> R {
            kernel()
        }
        // SAFETY: `self` proves that the processor has these features.
        unsafe { call(kernel) }
    }
}

/// What multiplies matrices of bf16.
#[derive(Clone, Copy, Debug)]
pub enum Unit {
    /// AMX tiles.
    Amx(Tiles, Avx512Bf16),
    /// Dot products of pairs in AVX-512 registers.
    Avx512(Avx512Bf16),
}

/// A unit made ready on this thread.
pub(super) enum Running {
    Amx(super::amx::Configured),
    Avx512(Avx512Bf16),
}

impl Unit {
    /// Every unit of this processor, the fastest first.
    pub fn available() -> &'static [Self] {
        static AVAILABLE: OnceLock<Vec<Unit>> = OnceLock::new();
        AVAILABLE.get_or_init(|| {
            let Some(avx512) = Avx512Bf16::detect() else {
                return Vec::new();
            };
            let tiles = Tiles::detect().map(|tiles| Self::Amx(tiles, avx512));
            tiles.into_iter().chain([Self::Avx512(avx512)]).collect()
        })
    }

    /// The unit that kernels use: that of [`Instructions::current`]; `None` where `f32` serves.
    pub fn current() -> Option<Self> {
        let name = Instructions::current().name();
        let mut all = Self::available().iter();
        all.find(|unit| unit.name() == name).copied()
    }

    /// Its name: `amx` or `avx512-bf16`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Amx(..) => "amx",
            Self::Avx512(_) => "avx512-bf16",
        }
    }

    /// Packs at most 32 lanes (the rows of `part`) and 32 of depth (its columns) into a block, filled up
    /// with zeros.
    ///
    /// # Panics
    /// If the part is larger than a block, or `to` is not one.
    pub(super) fn pack(self, part: Matrix, form: Form, to: &mut [f32]) {
        match self {
            Self::Amx(_, avx512) | Self::Avx512(avx512) => pack(avx512, part, form, to),
        }
    }

    /// Packs at most 32 lanes that are stored by rows, of any depth, into blocks of lanes.
    ///
    /// # Panics
    /// If the lanes are more or stored otherwise, or `to` does not have a block for each 32 of depth.
    pub(super) fn pack_rows(self, part: Matrix, to: &mut [f32]) {
        match self {
            Self::Amx(_, avx512) | Self::Avx512(avx512) => pack_rows(avx512, part, to),
        }
    }

    /// Makes the unit ready on this thread, until the result is dropped.
    pub(super) fn start(self) -> Running {
        match self {
            Self::Amx(tiles, _) => Running::Amx(tiles.configure()),
            Self::Avx512(avx512) => Running::Avx512(avx512),
        }
    }
}

impl Running {
    /// Multiplies a strip of the left (in lanes) by one of the right (in pairs) into a 32 × 32 block whose
    /// rows are `stride` values apart, or adds to it.
    ///
    /// # Safety
    /// All of the block must be valid for reads and writes, and nothing else may touch it meanwhile.
    ///
    /// # Panics
    /// If the strips are not the same number of whole blocks, one or more.
    pub(super) unsafe fn multiply(
        &self,
        left: &[f32],
        right: &[f32],
        block: *mut f32,
        stride: usize,
        accumulate: bool,
    ) {
        assert!(
            left.len() == right.len() && left.len().is_multiple_of(BLOCK) && !left.is_empty(),
            "strips of whole blocks, one or more"
        );
        // SAFETY: both strips have as many blocks, and more than none, as asserted: tiles count them down to zero
        // from there. The caller answers for the result.
        unsafe {
            match self {
                Self::Amx(tiles) => {
                    tiles.multiply(
                        left.len() / BLOCK,
                        left.as_ptr(),
                        right.as_ptr(),
                        block,
                        stride,
                        accumulate,
                    );
                }
                Self::Avx512(avx512) => avx512.call(
                    #[inline(always)]
                    || dot_products(left, right, block, stride, accumulate),
                ),
            }
        }
    }
}

/// Eight rows by 32 columns at a time, in registers.
///
/// # Safety
/// The processor must have AVX-512 BF16; the block as in [`Running::multiply`].
#[inline(always)]
unsafe fn dot_products(left: &[f32], right: &[f32], block: *mut f32, stride: usize, accumulate: bool) {
    const ROWS: usize = 8;
    for row in (0..SIDE).step_by(ROWS) {
        // SAFETY: the caller proves the instructions; indices stay inside the blocks, whose tiles are
        // sixteen rows of sixteen pairs, and inside the result's 32 rows of 32 columns.
        unsafe {
            let mut sums = [[_mm512_setzero_ps(); 2]; ROWS];
            for (left, right) in left.chunks_exact(BLOCK).zip(right.chunks_exact(BLOCK)) {
                let left = left.as_ptr().add(row * 16);
                for pair in 0..16 {
                    let low = as_bf16(_mm512_loadu_ps(right.as_ptr().add(pair * 16)));
                    let high = as_bf16(_mm512_loadu_ps(right.as_ptr().add(BLOCK / 2 + pair * 16)));
                    for (i, sums) in sums.iter_mut().enumerate() {
                        let lane = as_bf16(_mm512_set1_ps(*left.add(i * 16 + pair)));
                        sums[0] = _mm512_dpbf16_ps(sums[0], lane, low);
                        sums[1] = _mm512_dpbf16_ps(sums[1], lane, high);
                    }
                }
            }
            for (i, sums) in sums.iter().enumerate() {
                let to = block.add((row + i) * stride);
                for (j, &sum) in sums.iter().enumerate() {
                    let to = to.add(16 * j);
                    _mm512_storeu_ps(
                        to,
                        if accumulate {
                            _mm512_add_ps(_mm512_loadu_ps(to), sum)
                        } else {
                            sum
                        },
                    );
                }
            }
        }
    }
}

/// The same bits as pairs of bf16.
///
/// # Safety
/// The processor must have AVX-512 BF16.
#[inline(always)]
unsafe fn as_bf16(bits: __m512) -> __m512bh {
    // SAFETY: both types are 64 bytes that hold any bits.
    unsafe { std::mem::transmute(bits) }
}
