//! The pattern that GPT-2 splits text into words by, written out by hand. It is the `ByteLevel` pre-tokenizer of the
//! `tokenizers` library.

use super::classes::{Characters, Classes};
use super::{Spelled, Splitter, Step};

/// The pattern as a regular expression.
pub(super) const PATTERN: &str =
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

pub(super) const WORDS: Step = Step {
    spelled: Spelled::ByteLevel,
    end: word,
};

pub(super) const SPLITTER: Splitter = Splitter {
    name: "gpt-2",
    also: &[
        "phi-2",
        "mpt",
        "olmo",
        "jais",
        "exaone4",
        "gigachat",
        "modern-bert",
        "trillion",
        "granite-docling",
    ],
    about: "words with the space before them, numbers, the rest, and white space (GPT-2)",
    steps: &[WORDS],
    ignore_merges: false,
    add_bos: false,
};

/// Where the first word of a text ends.
pub(super) fn word(text: &str) -> usize {
    let characters = Characters::of(text);
    let Some((first, length)) = characters.at(0) else {
        return 0;
    };
    if let Some(end) = contraction(characters.bytes()) {
        return end;
    }
    if !first.is(Classes::SPACE) {
        return characters.kind(length, first);
    }
    if text.starts_with(' ') {
        match characters.at(1) {
            Some((next, _)) if next.is(Classes::SPACE) => {}
            None => return 1,
            Some((next, length)) => return characters.kind(1 + length, next),
        }
    }
    characters.white_space()
}

fn contraction(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'\'', b's' | b't' | b'm' | b'd', ..] => Some(2),
        [b'\'', b'r' | b'v', b'e', ..] | [b'\'', b'l', b'l', ..] => Some(3),
        _ => None,
    }
}
