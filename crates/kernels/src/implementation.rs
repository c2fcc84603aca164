//! The choices of how to compute.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::simd::Level;

/// How the operations of this crate compute on a processor. Other devices always run the compositions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Implementation {
    /// By this crate's kernels.
    #[default]
    Fused,
    /// By ordinary tensor operations, as other devices do: slower, for proving the kernels.
    Composed,
}

/// What the kernels multiply matrices in. Weights, sums and everything between products are `f32` in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// `f32`
    #[default]
    Float32,
    /// Operands are rounded to bf16, where the processor has instructions for it
    /// ([`Unit`](crate::cpu::bf16::Unit)); elsewhere as [`Precision::Float32`].
    BFloat16,
}

impl Precision {
    /// What multiplies matrices in this precision on this processor: `amx` or `avx512-bf16` for bf16 where
    /// there is either, else the instruction set of `f32`, `avx512`, `avx2` or `portable`.
    pub fn unit(self) -> &'static str {
        match self.rounding() {
            Some(unit) => unit.name(),
            None => Level::current().name(),
        }
    }
}

/// Gives an enumeration of two a value for the process, the first at its start, and one for the thread.
macro_rules! choice {
    ($choice:ident, $first:ident, $second:ident) => {
        impl $choice {
            /// What operations called on this thread use. Gradients use what their forward pass used.
            pub fn current() -> Self {
                let default = || {
                    if Self::second().load(Ordering::Relaxed) {
                        Self::$second
                    } else {
                        Self::$first
                    }
                };
                Self::here(Cell::get).unwrap_or_else(default)
            }

            /// Makes all threads use it from now on.
            pub fn make_default(self) {
                Self::second().store(self == Self::$second, Ordering::Relaxed);
            }

            /// Makes this thread use it while `work` runs.
            pub fn run<R>(self, work: impl FnOnce() -> R) -> R {
                struct Restore(Option<$choice>);
                impl Drop for Restore {
                    fn drop(&mut self) {
                        $choice::here(|here| here.set(self.0));
                    }
                }
                let _restore = Restore(Self::here(|here| here.replace(Some(self))));
                work()
            }

            fn second() -> &'static AtomicBool {
                static SECOND: AtomicBool = AtomicBool::new(false);
                &SECOND
            }

            fn here<R>(use_it: impl FnOnce(&Cell<Option<Self>>) -> R) -> R {
                thread_local! {
                    static HERE: Cell<Option<$choice>> = const { Cell::new(None) };
                }
                HERE.with(use_it)
            }
        }
    };
}

choice!(Implementation, Fused, Composed);
choice!(Precision, Float32, BFloat16);

#[cfg(test)]
mod tests {
    use super::{Implementation, Precision};

    #[test]
    fn the_choice_ends_with_the_work_even_when_it_fails() {
        let failed = std::panic::catch_unwind(|| Implementation::Composed.run(|| panic!("on purpose")));
        assert!(failed.is_err());
        assert_eq!(Implementation::current(), Implementation::Fused);
        let inside = Implementation::Composed.run(|| {
            (
                Implementation::current(),
                Implementation::Fused.run(Implementation::current),
            )
        });
        assert_eq!(inside, (Implementation::Composed, Implementation::Fused));
        assert_eq!(Precision::BFloat16.run(Precision::current), Precision::BFloat16);
        assert_eq!(Precision::current(), Precision::Float32);
    }
}
