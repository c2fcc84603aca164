//! SmolLM's: every number character by itself, then GPT-2's words of what lies between them.

use super::{Spelled, Splitter, Step, gpt2};

pub(super) const SPLITTER: Splitter = Splitter {
    name: "smollm",
    also: &[
        "starcoder",
        "refact",
        "command-r",
        "codeshell",
        "exaone",
        "minerva-7b",
    ],
    about: "every digit by itself, then GPT-2's words (SmolLM, StarCoder)",
    steps: &[
        Step {
            spelled: Spelled::Digits,
            end: digit,
        },
        gpt2::WORDS,
    ],
    ignore_merges: false,
    add_bos: false,
};

/// Where the number character that starts a text ends, or else the text before the first one. What a number is the
/// library asks of Rust, whose tables may be of a later version of Unicode than those of regular expressions.
fn digit(text: &str) -> usize {
    match text.find(char::is_numeric) {
        Some(0) => text.chars().next().map_or(0, char::len_utf8),
        Some(at) => at,
        None => text.len(),
    }
}
