//! The choice of an instruction set at run time.

use super::Portable;
#[cfg(target_arch = "x86_64")]
use super::{Avx2, Avx512};
use crate::Instructions;

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

    /// The instruction set that kernels use: that of [`Instructions::current`].
    #[inline]
    pub fn current() -> Self {
        match Instructions::current() {
            Instructions::Portable => Self::Portable(Portable),
            // SAFETY: what is current is one that the processor has.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => Self::Avx2(unsafe { Avx2::assume() }),
            // SAFETY: as above; whatever is better than AVX-512 has it.
            #[cfg(target_arch = "x86_64")]
            _ => Self::Avx512(unsafe { Avx512::assume() }),
            #[cfg(not(target_arch = "x86_64"))]
            _ => Self::Portable(Portable),
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
}
