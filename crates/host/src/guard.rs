//! Calls to code that may panic on what a file says: the panic is an error, and prints nothing.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// What the work gives, or what its panic says.
///
/// ```
/// use triaxis_host::guard::guarded;
/// assert_eq!(guarded(|| 1), Ok(1));
/// assert_eq!(guarded(|| -> u32 { panic!("at {}", 2) }), Err("at 2".to_owned()));
/// ```
///
/// # Errors
/// Where it panics. What is left half done must not be looked at again.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |said| {
            if !IS_GUARDED.get() {
                usual(said);
            }
        }));
    });
    let before = IS_GUARDED.replace(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    IS_GUARDED.set(before);
    done.map_err(|said| words(said.as_ref()).to_owned())
}

fn words(said: &(dyn Any + Send)) -> &str {
    let text = said.downcast_ref::<String>().map(String::as_str);
    text.or(said.downcast_ref::<&str>().copied())
        .unwrap_or("it does not say why")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_others_are_still_told() {
        assert_eq!(guarded(|| 1), Ok(1));
        assert_eq!(guarded(|| -> u32 { panic!("at {}", 2) }), Err("at 2".to_owned()));
        assert_eq!(
            guarded(|| -> u32 { panic!("at once") }),
            Err("at once".to_owned())
        );
        assert!(!IS_GUARDED.get());
    }
}
