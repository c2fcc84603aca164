//! The choice of an instruction set at run time.

use std::sync::atomic::{AtomicU8, Ordering};

use super::Portable;
#[cfg(target_arch = "x86_64")]
use super::{Avx2, Avx512};

/// An instruction set this processor has.
#[derive(Clone, Copy, Debug)]
pub enum Level {
    /// AVX-512 F, BW, DQ and VL.
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    /// AVX2 with fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    /// Plain Rust, which the compiler vectorizes as the target allows.
    Portable(Portable),
}

impl Level {
    /// Every instruction set of this processor, the widest first.
    pub fn available() -> Vec<Self> {
        let mut levels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            levels.extend(Avx512::detect().map(Self::Avx512));
            levels.extend(Avx2::detect().map(Self::Avx2));
        }
        levels.push(Self::Portable(Portable));
        levels
    }

    /// The instruction set that kernels use: the widest, unless [`Level::make_default`] chose another.
    #[inline]
    pub fn current() -> Self {
        match CURRENT.load(Ordering::Relaxed) {
            // SAFETY: 3 and 2 are stored by `make_default` alone, which has the proof.
            #[cfg(target_arch = "x86_64")]
            3 => Self::Avx512(unsafe { Avx512::assume() }),
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            2 => Self::Avx2(unsafe { Avx2::assume() }),
            1 => Self::Portable(Portable),
            _ => {
                let best = Self::available()[0];
                best.make_default();
                best
            }
        }
    }

    /// Its name: `avx512`, `avx2` or `portable`.
    pub fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "avx2",
            Self::Portable(_) => "portable",
        }
    }

    /// Makes every kernel of the process use this instruction set from now on.
    ///
    /// Results differ by rounding between instruction sets. One that several kinds of machine have gives the same
    /// bits on all of them, with three exceptions: exponentials and logarithms of single values are those of the
    /// platform's library, products in bf16 those of the [`Unit`](crate::cpu::bf16::Unit), and portable code rounds
    /// `a × b + c` once where the target always can, as aarch64 does, else twice.
    pub fn make_default(self) {
        let code = match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => 3,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => 2,
            Self::Portable(_) => 1,
        };
        CURRENT.store(code, Ordering::Relaxed);
    }
}

/// The code of [`Level::current`]; 0 before it is known.
static CURRENT: AtomicU8 = AtomicU8::new(0);
