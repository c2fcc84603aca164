//! What the words of a model are.

use std::path::Path;

use serde::{Deserialize, Serialize};
use triaxis_tokens::Tokenizer;
use triaxis_words::{Splitter, Words};

use crate::{NgramsError, Normalization};

/// What a model's words are, as its file says in a comment, so that whoever asks it splits as it was trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Units {
    /// What is done to a line first.
    #[serde(default)]
    pub normalize: Normalization,
    /// What a line is split into then, where that is no tokens.
    #[serde(default = "whitespace")]
    pub words: Splitter,
    /// Hash of the tokenizer whose tokens the words are instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<String>,
}

fn whitespace() -> Splitter {
    Splitter::Whitespace
}

impl Default for Units {
    fn default() -> Self {
        Self {
            normalize: Normalization::None,
            words: whitespace(),
            tokens: None,
        }
    }
}

/// Begins the comment that says what the words are.
const COMMENT: &str = "triaxis units ";

impl Units {
    /// What a file's comments say, if they do.
    ///
    /// # Errors
    /// When they say what is no such setting.
    pub fn said(comments: &[String]) -> Result<Option<Self>, NgramsError> {
        let said = comments.iter().find_map(|comment| comment.strip_prefix(COMMENT));
        let read = said.map(serde_json::from_str).transpose();
        read.map_err(|error| {
            NgramsError::input(format!(
                "`# {COMMENT}{}`: {error}: remove the line and say how text is split, or write it as it was",
                said.unwrap_or_default().escape_debug()
            ))
        })
    }

    /// The comment.
    pub(crate) fn comment(&self) -> Result<String, NgramsError> {
        let json = serde_json::to_string(self);
        let json = json.map_err(|error| NgramsError::input(format!("{self:?} is no JSON: {error}")))?;
        Ok(format!("{COMMENT}{json}"))
    }

    /// Ready to split; `tokenizer` is the file whose tokens the words are, where they are that.
    ///
    /// # Errors
    /// When there is no such tokenizer, it is another, or it is one and the words are no tokens.
    pub fn prepare(&self, tokenizer: Option<&Path>) -> Result<Prepared, NgramsError> {
        let by = match (&self.tokens, tokenizer) {
            (None, None) => By::Splitter(self.words),
            (Some(hash), Some(path)) => {
                let tokenizer = Tokenizer::published(path)?;
                if tokenizer.hash() != *hash {
                    return Err(NgramsError::input(format!(
                        "{} is another tokenizer than the one that the model's words are tokens of (hash {hash}): give \
                         that one",
                        path.display()
                    )));
                }
                By::Tokens(Box::new(tokenizer))
            }
            (Some(_), None) => {
                return Err(NgramsError::input(
                    "the model's words are tokens: say of which tokenizer with `tokenizer`",
                ));
            }
            (None, Some(path)) => {
                let rule = format!(
                    "the model's words are split by `{}`; leave it out",
                    self.words.name()
                );
                return Err(NgramsError::setting("tokenizer", path.display(), rule));
            }
        };
        Ok(Prepared {
            normalize: self.normalize,
            by,
        })
    }

    /// Units that are tokens of a tokenizer.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn tokens(normalize: Normalization, tokenizer: &Path) -> Result<Self, NgramsError> {
        Ok(Self {
            normalize,
            tokens: Some(Tokenizer::published(tokenizer)?.hash()),
            ..Self::default()
        })
    }
}

enum By {
    Splitter(Splitter),
    Tokens(Box<Tokenizer>),
}

/// Units that are ready to split, from any thread.
pub struct Prepared {
    normalize: Normalization,
    by: By,
}

/// What a thread keeps from line to line.
#[derive(Debug, Default)]
pub struct Room {
    normal: String,
    words: Words,
    spelled: String,
    ends: Vec<usize>,
}

impl Prepared {
    /// Calls `take` with the words of a line.
    ///
    /// # Errors
    /// When a tokenizer cannot encode it.
    pub fn split<T>(
        &self,
        line: &str,
        room: &mut Room,
        take: impl FnOnce(&mut dyn Iterator<Item = &str>) -> T,
    ) -> Result<T, NgramsError> {
        let line = self.normalize.apply(line, &mut room.normal);
        match &self.by {
            By::Splitter(splitter) => Ok(take(&mut room.words.split(*splitter, line).words())),
            By::Tokens(tokenizer) => {
                room.spelled.clear();
                room.ends.clear();
                for token in tokenizer.encode(line)? {
                    spell(tokenizer.bytes_of(token), &mut room.spelled);
                    room.ends.push(room.spelled.len());
                }
                let starts = std::iter::once(0).chain(room.ends.iter().copied());
                let spans = starts.zip(&room.ends);
                Ok(take(&mut spans.map(|(start, end)| &room.spelled[start..*end])))
            }
        }
    }
}

/// A token as SentencePiece spells it: a space is `▁`, and bytes that are no text, or other space, are `<0xNN>`.
fn spell(bytes: &[u8], out: &mut String) {
    for chunk in bytes.utf8_chunks() {
        for sign in chunk.valid().chars() {
            match sign {
                ' ' => out.push('▁'),
                sign if sign.is_ascii_whitespace() || sign.is_ascii_control() => {
                    out.push_str(&format!("<0x{:02X}>", u32::from(sign)));
                }
                sign => out.push(sign),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("<0x{byte:02X}>"));
        }
    }
}
