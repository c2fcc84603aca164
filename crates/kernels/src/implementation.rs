//! The choice between kernels and compositions.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

/// How the operations of this crate compute on a processor. Other devices always run the compositions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Implementation {
    /// By this crate's kernels.
    #[default]
    Fused,
    /// By ordinary tensor operations, as other devices do: slower, for proving the kernels.
    Composed,
}

static COMPOSED: AtomicBool = AtomicBool::new(false);

thread_local! {
    static HERE: Cell<Option<Implementation>> = const { Cell::new(None) };
}

impl Implementation {
    /// What operations called on this thread use. Gradients use what their forward pass used.
    pub fn current() -> Self {
        HERE.get().unwrap_or(if COMPOSED.load(Ordering::Relaxed) {
            Self::Composed
        } else {
            Self::Fused
        })
    }

    /// Makes all threads use it from now on.
    pub fn make_default(self) {
        COMPOSED.store(self == Self::Composed, Ordering::Relaxed);
    }

    /// Makes this thread use it while `work` runs.
    pub fn run<R>(self, work: impl FnOnce() -> R) -> R {
        struct Restore(Option<Implementation>);
        impl Drop for Restore {
            fn drop(&mut self) {
                HERE.set(self.0);
            }
        }
        let _restore = Restore(HERE.replace(Some(self)));
        work()
    }
}

#[cfg(test)]
mod tests {
    use super::Implementation;

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
    }
}
