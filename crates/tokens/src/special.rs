//! Tokens that are found in text by their names, before it is split.

use aho_corasick::{AhoCorasick, MatchKind};

use crate::definition::{Definition, TokenKind};
use crate::{TokensError, definition::Token};

/// A text in its parts.
#[derive(Debug, PartialEq)]
pub(crate) enum Part<'t> {
    /// Text to be split.
    Text(&'t str),
    /// A token by its name.
    Token(u32, TokenKind),
}

/// The names of all control and user-defined tokens.
#[derive(Debug)]
pub(crate) struct Special {
    names: AhoCorasick,
    tokens: Vec<(u32, TokenKind)>,
    has_user_defined: bool,
}

impl Special {
    /// Those of a vocabulary.
    pub(crate) fn of(definition: &Definition) -> Result<Self, TokensError> {
        let named = |token: &Token| {
            matches!(token.kind, TokenKind::Control | TokenKind::UserDefined) && !token.text.is_empty()
        };
        let all = definition.tokens.iter().enumerate();
        let found: Vec<_> = all.filter(|(_, token)| named(token)).collect();
        let names = found.iter().map(|(_, token)| definition.bytes(token));
        let names = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(names)
            .map_err(|error| {
                TokensError::input(format!(
                    "the names of its special tokens cannot be looked for ({error}): use another tokenizer"
                ))
            })?;
        let tokens: Vec<_> = found.iter().map(|(id, token)| (*id as u32, token.kind)).collect();
        let has_user_defined = tokens.iter().any(|(_, kind)| *kind == TokenKind::UserDefined);
        Ok(Self {
            names,
            tokens,
            has_user_defined,
        })
    }

    /// The parts of a text. The names of control tokens are text unless `control`.
    pub(crate) fn parts<'t>(&self, text: &'t str, control: bool) -> Vec<Part<'t>> {
        let mut parts = Vec::new();
        let mut from = 0;
        if control || self.has_user_defined {
            for found in self.names.find_iter(text) {
                let (token, kind) = self.tokens[found.pattern().as_usize()];
                if kind == TokenKind::Control && !control {
                    continue;
                }
                if from < found.start() {
                    parts.push(Part::Text(&text[from..found.start()]));
                }
                parts.push(Part::Token(token, kind));
                from = found.end();
            }
        }
        if from < text.len() {
            parts.push(Part::Text(&text[from..]));
        }
        parts
    }
}
