//! What llama.cpp splits by where a file does not say: runs of punctuation, then GPT-2's words, then numbers, then
//! three digits at a time, each within the pieces of the one before.

use super::classes::{Characters, Classes};
use super::{Spelled, Splitter, Step, gpt2};

pub(super) const SPLITTER: Splitter = Splitter {
    name: "default",
    also: &[],
    about: "punctuation apart, then GPT-2's words, then three digits (llama.cpp where a file does not say)",
    steps: &[
        Step {
            spelled: Spelled::Pattern(r"[\p{P}$+<=>^~|]+"),
            end: punctuation,
        },
        Step {
            spelled: Spelled::Pattern(gpt2::PATTERN),
            end: gpt2::word,
        },
        Step {
            spelled: Spelled::Pattern(r"\p{N}+"),
            end: number,
        },
        Step {
            spelled: Spelled::Pattern("[0-9][0-9][0-9]"),
            end: three_digits,
        },
    ],
    ignore_merges: false,
    add_bos: false,
};

/// Where the run ends that starts a text: of punctuation, or of what is none.
fn punctuation(text: &str) -> usize {
    let characters = Characters::of(text);
    let bytes = text.as_bytes();
    let is_punctuation = |at: usize, classes: Classes| {
        classes.is(Classes::PUNCTUATION)
            || matches!(bytes[at], b'$' | b'+' | b'<' | b'=' | b'>' | b'^' | b'~' | b'|')
    };
    let Some((first, mut end)) = characters.at(0) else {
        return 0;
    };
    while let Some((next, length)) = characters.at(end)
        && is_punctuation(end, next) == is_punctuation(0, first)
    {
        end += length;
    }
    end
}

/// Where the run ends that starts a text: of numbers, or of what is none.
fn number(text: &str) -> usize {
    let characters = Characters::of(text);
    let is_number = characters
        .at(0)
        .is_some_and(|(first, _)| first.is(Classes::NUMBER));
    characters.run(0, |classes| classes.is(Classes::NUMBER) == is_number)
}

/// Where three digits end that start a text, or else the text before the first three.
fn three_digits(text: &str) -> usize {
    let mut digits = 0;
    for (at, byte) in text.bytes().enumerate() {
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        if digits == 3 {
            return if at == 2 { 3 } else { at - 2 };
        }
    }
    text.len()
}
