//! Calls to code that may panic on what a file says: the panic is an error, and prints nothing.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use crate::TokensError;

thread_local! {
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// What the work gives, or that it broke off.
pub(super) fn guarded<T>(what: &str, work: impl FnOnce() -> T) -> Result<T, TokensError> {
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
    // What is left half done is never looked at again: a tokenizer changes nothing of its own.
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    IS_GUARDED.set(before);
    done.map_err(|said| {
        TokensError::input(format!(
            "the `tokenizers` library broke off {what} ({}): fetch the tokenizer again, or use another",
            words(said.as_ref())
        ))
    })
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
        assert_eq!(guarded("here", || 1).unwrap(), 1);
        let error = guarded("here", || -> u32 { panic!("at {}", 2) }).unwrap_err();
        assert!(error.to_string().contains("broke off here (at 2)"), "{error}");
        assert!(!IS_GUARDED.get());
    }
}
