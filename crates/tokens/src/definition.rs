//! A tokenizer as plain data: what is read from a file, and written to one.

use std::fmt;

use crate::splitters::Splitter;
use crate::{GgufTokenizer, TokensError, alphabet};

/// What a token is, as GGUF files number it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Text.
    Normal,
    /// Stands for text that has no token.
    Unknown,
    /// Says something to the model and is no text, such as the end of a turn.
    Control,
    /// Text that is always one token.
    UserDefined,
    /// Never met.
    Unused,
    /// A byte of text that has no other token.
    Byte,
}

impl TokenKind {
    const ALL: [Self; 6] = [
        Self::Normal,
        Self::Unknown,
        Self::Control,
        Self::UserDefined,
        Self::Unused,
        Self::Byte,
    ];

    /// The kind of a number in `tokenizer.ggml.token_type`.
    pub(crate) fn of(number: i32) -> Option<Self> {
        let at = usize::try_from(number).ok()?.checked_sub(1)?;
        Self::ALL.get(at).copied()
    }

    /// Its number in `tokenizer.ggml.token_type`.
    pub(crate) fn number(self) -> i32 {
        self as i32 + 1
    }
}

/// A token as its file spells it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) kind: TokenKind,
}

/// A tokenizer that is run here and not by the library.
#[derive(Debug, Clone)]
pub(crate) struct Definition {
    pub(crate) tokens: Vec<Token>,
    pub(crate) method: Method,
    /// The token that texts begin with.
    pub(crate) begin: Option<u32>,
    /// Whether they do unless asked otherwise.
    pub(crate) adds_begin: bool,
    /// The token that ends a text.
    pub(crate) end: Option<u32>,
    /// The token that ends a turn.
    pub(crate) end_of_turn: Option<u32>,
    pub(crate) unknown: Option<u32>,
    pub(crate) padding: Option<u32>,
    pub(crate) chat_template: Option<String>,
}

/// How text becomes tokens.
#[derive(Debug, Clone)]
pub(crate) enum Method {
    /// The bytes of words, merged in the order of a list.
    ByteLevel {
        splitter: &'static Splitter,
        /// Pairs of tokens and what they become, the first merge first.
        merges: Vec<[u32; 3]>,
        /// Whether a word that is a token is taken whole.
        ignore_merges: bool,
        /// Whether text is composed first (Unicode's form NFC).
        composed: bool,
    },
    /// Characters, merged by the score of what they become (SentencePiece).
    Pieces {
        scores: Vec<f32>,
        /// Whether a space is put before a text.
        space_prefix: bool,
    },
}

/// How SentencePiece spells a space.
pub(crate) const SPACE: char = '\u{2581}';

impl Definition {
    /// The bytes of text that each token stands for; of tokens that are no text, their names.
    pub(crate) fn bytes(&self, token: &Token) -> Vec<u8> {
        let name = || token.text.as_bytes().to_vec();
        match (&self.method, token.kind) {
            (_, TokenKind::Unused) => Vec::new(),
            (Method::ByteLevel { .. }, TokenKind::Normal) => {
                alphabet::bytes(&token.text).unwrap_or_else(name)
            }
            (Method::Pieces { .. }, TokenKind::Byte) => {
                byte(&token.text).map_or_else(name, |byte| vec![byte])
            }
            (Method::Pieces { .. }, TokenKind::Normal | TokenKind::UserDefined) => {
                token.text.replace(SPACE, " ").into_bytes()
            }
            _ => name(),
        }
    }

    /// Refuses a special token that is none of the vocabulary.
    pub(crate) fn checked(self) -> Result<Self, TokensError> {
        let count = self.tokens.len();
        if count >= u32::MAX as usize {
            return Err(TokensError::input(format!(
                "{count} tokens: there are at most {}",
                u32::MAX
            )));
        }
        for (key, id) in [
            ("bos_token_id", self.begin),
            ("eos_token_id", self.end),
            ("eot_token_id", self.end_of_turn),
            ("unknown_token_id", self.unknown),
            ("padding_token_id", self.padding),
        ] {
            if let Some(id) = id.filter(|id| *id as usize >= count) {
                return Err(TokensError::input(format!(
                    "tokenizer.ggml.{key} = {id}: must be below {count}, the number of tokens; fetch the file again, \
                     or correct the key"
                )));
            }
        }
        Ok(self)
    }

    /// Takes all that decides which tokens a text has into a hash.
    pub(crate) fn hash(&self, hasher: &mut blake3::Hasher) {
        let fields = GgufTokenizer::of(self);
        let mut text = |text: fmt::Arguments<'_>| {
            hasher.update(text.to_string().as_bytes());
        };
        text(format_args!("{:?} {:?}", fields.model, fields.pre));
        for token in &self.tokens {
            text(format_args!("{:?} {}", token.text, token.kind.number()));
        }
        for merge in &fields.merges {
            text(format_args!("{merge:?}"));
        }
        for score in &fields.scores {
            text(format_args!("{} ", score.to_bits()));
        }
        text(format_args!("{:?} {:?}", fields.add_space_prefix, self.begin));
    }
}

/// The byte of a token `<0xXX>`.
pub(crate) fn byte(text: &str) -> Option<u8> {
    let digits = text.strip_prefix("<0x")?.strip_suffix('>')?;
    let is_spelled = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_spelled.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_the_numbers_of_the_format() {
        for number in 1..=6 {
            assert_eq!(TokenKind::of(number).map(TokenKind::number), Some(number));
        }
        assert_eq!([0, 7, -1].map(TokenKind::of), [None; 3]);
        assert_eq!(TokenKind::Control.number(), 3);
    }

    #[test]
    fn bytes_are_told_from_text_that_looks_alike() {
        assert_eq!(byte("<0x0A>"), Some(10));
        assert_eq!(byte("<0xff>"), Some(255));
        for other in ["<0x>", "<0x+1>", "<0x0A", "0x0A", "<0x0AB>"] {
            assert_eq!(byte(other), None, "{other}");
        }
    }
}
