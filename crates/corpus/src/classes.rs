//! What kind of text each token of a vocabulary is.

use triaxis_tokens::Tokenizer;

/// Names of the classes, in the order of [`class_of`].
const NAMES: [&str; 6] = [
    "a word's beginning",
    "within a word",
    "digits",
    "signs",
    "white space",
    "mixed",
];

/// The class of each token of a vocabulary, by the characters that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenClasses {
    /// Names of the classes.
    pub names: Vec<String>,
    /// The class of each token.
    pub of: Vec<u32>,
}

impl TokenClasses {
    pub(crate) fn of(tokenizer: &Tokenizer) -> Self {
        let tokens = 0..tokenizer.vocabulary() as u32;
        Self {
            names: NAMES.map(str::to_owned).to_vec(),
            of: tokens.map(|token| class_of(tokenizer.bytes_of(token))).collect(),
        }
    }
}

/// The class of a token that stands for these bytes; parts of characters, and what is more than one thing, are mixed.
fn class_of(bytes: &[u8]) -> u32 {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let bare = text.trim_start();
    let is_all = |is: fn(char) -> bool| !bare.is_empty() && bare.chars().all(is);
    let is_sign = |c: char| !c.is_alphanumeric() && !c.is_whitespace() && !c.is_control();
    match () {
        () if bare.is_empty() && !text.is_empty() => 4,
        () if is_all(char::is_alphabetic) => u32::from(bare.len() == text.len()),
        () if is_all(char::is_numeric) => 2,
        () if is_all(is_sign) => 3,
        () => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_classed_by_their_characters() {
        for (text, class) in [
            (" the", "a word's beginning"),
            ("\nUse", "a word's beginning"),
            ("ing", "within a word"),
            ("é", "within a word"),
            ("2024", "digits"),
            (" 7", "digits"),
            ("();", "signs"),
            (" //", "signs"),
            ("\n    ", "white space"),
            ("a1", "mixed"),
            ("", "mixed"),
            ("a b", "mixed"),
        ] {
            assert_eq!(NAMES[class_of(text.as_bytes()) as usize], class, "{text:?}");
        }
        assert_eq!(NAMES[class_of(&[0xc3]) as usize], "mixed");
    }
}
