//! Llama 3's pattern, and the same with another length of numbers, written out by hand:
//!
//! 1. `(?i:'s|'t|'re|'ve|'m|'ll|'d)`
//! 2. `[^\r\n\p{L}\p{N}]?\p{L}+`
//! 3. `\p{N}{1,3}`
//! 4. ` ?[^\s\p{L}\p{N}]+[\r\n]*`
//! 5. `\s*[\r\n]+`
//! 6. `\s+(?!\S)|\s+`

use super::classes::{Characters, Classes};
use super::{Spelled, Splitter, Step};

const WORDS: Step = Step {
    spelled: Spelled::Pattern(
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    ),
    end: |text| word(text, 3),
};

pub(super) const SPLITTER: Splitter = Splitter {
    name: "llama-bpe",
    also: &[
        "llama3",
        "llama-v3",
        "falcon3",
        "falcon-h1",
        "pixtral",
        "midm-2.0",
        "lfm2",
    ],
    about: "words with the sign before them, up to three digits, a word that is a token taken whole (Llama 3)",
    steps: &[WORDS],
    ignore_merges: true,
    add_bos: true,
};

/// The same words, none taken whole.
pub(super) const MERGED: Splitter = Splitter {
    name: "dbrx",
    also: &["smaug-bpe", "glm4", "chatglm-bpe"],
    about: "words with the sign before them, up to three digits (DBRX, GLM 4)",
    steps: &[WORDS],
    ignore_merges: false,
    add_bos: false,
};

/// Where the first word of a text ends; numbers have up to `digits` characters.
pub(super) fn word(text: &str, digits: usize) -> usize {
    let characters = Characters::of(text);
    let Some((first, length)) = characters.at(0) else {
        return 0;
    };
    if let Some(end) = contraction(text) {
        return end;
    }
    if first.is(Classes::LETTER) {
        return characters.kind(length, Classes::LETTER);
    }
    if first.is(Classes::NUMBER) {
        return number(characters, digits);
    }
    let is_line_end = text.starts_with(['\r', '\n']);
    let next = characters.at(length);
    match next {
        Some((next, letter)) if !is_line_end && next.is(Classes::LETTER) => {
            return characters.kind(length + letter, Classes::LETTER);
        }
        _ => {}
    }
    if !first.is(Classes::SPACE) {
        return signs(characters, length);
    }
    match next {
        Some((next, sign)) if text.starts_with(' ') && !next.is(Classes::KINDS) => {
            signs(characters, 1 + sign)
        }
        _ => lines(characters),
    }
}

/// Where a contraction ends that starts a text, in any case. A long s is an s in the other case.
fn contraction(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('\'')?;
    let mut letters = rest.chars();
    let lower = |letter: char| match letter {
        '\u{17f}' => 's',
        _ => letter.to_ascii_lowercase(),
    };
    let first = letters.next()?;
    match (lower(first), letters.next().map(lower)) {
        ('s' | 't' | 'm' | 'd', _) => Some(1 + first.len_utf8()),
        ('r' | 'v', Some('e')) | ('l', Some('l')) => Some(3),
        _ => None,
    }
}

/// Where up to `digits` number characters end.
fn number(characters: Characters<'_>, digits: usize) -> usize {
    let mut end = 0;
    for _ in 0..digits {
        match characters.at(end) {
            Some((classes, length)) if classes.is(Classes::NUMBER) => end += length,
            _ => break,
        }
    }
    end
}

/// Where a run of signs ends, of which `start` bytes are known, with the ends of lines behind it.
fn signs(characters: Characters<'_>, start: usize) -> usize {
    let mut end = characters.run(start, |classes| !classes.is(Classes::KINDS));
    while let Some(b'\r' | b'\n') = characters.bytes().get(end) {
        end += 1;
    }
    end
}

/// Where white space ends that starts a text: behind its last end of a line, if it has one.
fn lines(characters: Characters<'_>) -> usize {
    let end = characters.kind(0, Classes::SPACE);
    let space = &characters.bytes()[..end];
    match space.iter().rposition(|byte| matches!(byte, b'\r' | b'\n')) {
        Some(last) => last + 1,
        None => characters.white_space(),
    }
}
