//! ARPA files, the field's format of n-gram models, plain or compressed with gzip.

mod read;
mod write;

pub use read::{Arpa, Entry};
pub(crate) use write::Sections;

/// Words of the longest n-grams that are read or made: those of KenLM.
pub const LONGEST: usize = 6;

/// A word that is not known.
pub const UNKNOWN: &str = "<unk>";
/// What stands before a sentence.
pub const BEGIN: &str = "<s>";
/// What stands after a sentence.
pub const END: &str = "</s>";

/// Whether a file can hold a word by itself: it has no space and no line ends in it, is not empty, and is not one of the
/// three words that mean something else.
pub(crate) fn is_word(word: &str) -> bool {
    let is_space = |byte: u8| byte.is_ascii_whitespace() || byte == 0x0b || byte == 0;
    !word.is_empty()
        && word.len() <= MOST_BYTES
        && !word.bytes().any(is_space)
        && ![UNKNOWN, BEGIN, END].contains(&word)
}

/// Bytes of a word at most; longer ones are not known.
const MOST_BYTES: usize = 4096;
