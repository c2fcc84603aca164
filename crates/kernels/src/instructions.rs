//! Which instruction sets the kernels use.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU8, Ordering};

use thiserror::Error;

use crate::cpu::bf16::Unit;
use crate::simd::Level;

/// The instruction sets that kernels may use, each with those before it.
///
/// Results differ by rounding between them. One that several kinds of machine have gives the same bits on all of
/// them, with two exceptions: exponentials and logarithms of single values are those of the platform's library, and
/// portable code rounds `a × b + c` once where the target always can, as aarch64 does, else twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Instructions {
    /// Those of every processor: plain Rust, which the compiler vectorises as the target allows.
    Portable = 1,
    /// AVX2 with fused multiply-add.
    Avx2,
    /// AVX-512 F, BW, DQ and VL.
    Avx512,
    /// AVX-512 with BF16: [`Precision::BFloat16`](crate::Precision::BFloat16) rounds from here on.
    Avx512Bf16,
    /// AMX with bf16.
    Amx,
}

/// Why instruction sets cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InstructionsError {
    /// A name that stands for none.
    #[error("`{0}` names no instruction set: choose one of {all}", all = list(&Instructions::ALL))]
    Unknown(String),
    /// The processor lacks them.
    #[error("this processor lacks {0}: choose one of {all}", all = list(&Instructions::available()))]
    Lacking(Instructions),
}

impl Instructions {
    /// All of them, the least first.
    pub const ALL: [Self; 5] = [
        Self::Portable,
        Self::Avx2,
        Self::Avx512,
        Self::Avx512Bf16,
        Self::Amx,
    ];

    /// The environment variable that names those to use, unless a program chooses.
    pub const VARIABLE: &'static str = "TRIAXIS_INSTRUCTIONS";

    /// Their name: `portable`, `avx2`, `avx512`, `avx512-bf16` or `amx`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Avx512Bf16 => "avx512-bf16",
            Self::Amx => "amx",
        }
    }

    /// Those of this processor, the least first.
    pub fn available() -> Vec<Self> {
        let levels = Level::available().into_iter().map(Level::name);
        let names: Vec<_> = levels
            .chain(Unit::available().iter().map(|unit| unit.name()))
            .collect();
        let all = Self::ALL.into_iter();
        all.filter(|instructions| names.contains(&instructions.name()))
            .collect()
    }

    /// Those that [`Instructions::VARIABLE`] names, if it is set.
    ///
    /// # Errors
    /// When the name is unknown, or the processor lacks them.
    pub fn of_environment() -> Result<Option<Self>, InstructionsError> {
        std::env::var_os(Self::VARIABLE)
            .map(|name| name.to_string_lossy().parse::<Self>()?.of_this_processor())
            .transpose()
    }

    /// Those in use: the best of this processor, unless [`Instructions::VARIABLE`] names others or
    /// [`Instructions::make_default`] chose.
    ///
    /// # Panics
    /// If nothing was chosen before, and [`Instructions::of_environment`] is an error.
    #[inline]
    pub fn current() -> Self {
        match CURRENT.load(Ordering::Relaxed) {
            1 => Self::Portable,
            2 => Self::Avx2,
            3 => Self::Avx512,
            4 => Self::Avx512Bf16,
            5 => Self::Amx,
            _ => Self::first(),
        }
    }

    #[cold]
    #[expect(
        clippy::panic,
        reason = "a program asks `of_environment` first, and tells its user"
    )]
    fn first() -> Self {
        let named = Self::of_environment().unwrap_or_else(|error| panic!("{}: {error}", Self::VARIABLE));
        let first = named
            .or_else(|| Self::available().pop())
            .unwrap_or(Self::Portable);
        CURRENT.store(first as u8, Ordering::Relaxed);
        first
    }

    /// Makes every kernel of the process use these from now on, and none better. It must not be called while
    /// kernels run: what one has packed, another may not read.
    ///
    /// # Errors
    /// When the processor lacks them.
    pub fn make_default(self) -> Result<(), InstructionsError> {
        CURRENT.store(self.of_this_processor()? as u8, Ordering::Relaxed);
        Ok(())
    }

    fn of_this_processor(self) -> Result<Self, InstructionsError> {
        if Self::available().contains(&self) {
            Ok(self)
        } else {
            Err(InstructionsError::Lacking(self))
        }
    }
}

/// The number of [`Instructions::current`], which this processor has; 0 before they are known.
static CURRENT: AtomicU8 = AtomicU8::new(0);

impl FromStr for Instructions {
    type Err = InstructionsError;

    fn from_str(name: &str) -> Result<Self, InstructionsError> {
        let mut all = Self::ALL.into_iter();
        all.find(|instructions| instructions.name() == name)
            .ok_or_else(|| InstructionsError::Unknown(name.to_owned()))
    }
}

impl fmt::Display for Instructions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

fn list(instructions: &[Instructions]) -> String {
    let names: Vec<_> = instructions.iter().map(|each| each.name()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instruction_sets_are_read_by_their_names() {
        for each in Instructions::ALL {
            assert_eq!(each.to_string().parse(), Ok(each));
        }
        let message = "avx3".parse::<Instructions>().unwrap_err().to_string();
        assert!(
            message.contains("`avx3`") && message.contains("portable, avx2, avx512, avx512-bf16, amx"),
            "{message}"
        );
    }

    #[test]
    fn what_the_processor_lacks_is_refused_and_what_it_has_named() {
        let available = Instructions::available();
        assert_eq!(available[0], Instructions::Portable);
        assert!(available.is_sorted() && available.contains(&Instructions::current()));
        for each in Instructions::ALL {
            match each.of_this_processor() {
                Ok(same) => assert!(same == each && available.contains(&each)),
                Err(error) => {
                    assert!(!available.contains(&each));
                    let message = error.to_string();
                    assert!(
                        message.contains(each.name()) && message.contains(&list(&available)),
                        "{message}"
                    );
                }
            }
        }
    }
}
