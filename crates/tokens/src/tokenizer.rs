//! Text to tokens and back.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

use crate::definition::{Definition, Method};
use crate::ends::NAMES as END_NAMES;
use crate::ends::ends;
use crate::here::Here;
use crate::library::Library;
use crate::vocabulary::Vocabulary;
use crate::{END_OF_TEXT, GgufTokenizer, TokenKind, TokensError, json};

/// A tokenizer: byte-level BPE trained on a corpus, any `tokenizer.json`, or a GGUF file's.
///
/// Text is always text: the name of a control token inside it is tokenized as the letters it is written with, so that
/// no document can end itself and no user can speak in another's turn. Templates of chats are encoded
/// [with special tokens](Self::encode_with_special).
pub struct Tokenizer {
    runs: Runs,
    /// Its `tokenizer.json`: the one that it was read from, or else what it would be written as.
    json: OnceLock<Vec<u8>>,
    is_from_json: bool,
    vocabulary: OnceLock<Vocabulary>,
    count: usize,
    end_of_text: u32,
    begin: Option<u32>,
    adds_begin: bool,
    ends: BTreeSet<u32>,
}

/// Who turns text into tokens.
enum Runs {
    Here(Box<Here>),
    Library(Box<Library>),
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Tokenizer")
            .field("hash", &self.hash())
            .finish_non_exhaustive()
    }
}

/// How it is made.
impl Tokenizer {
    /// Loads a `tokenizer.json`, in which `end_of_text` must be a token.
    ///
    /// # Errors
    /// When the file cannot be read, is not a tokenizer, or does not have the token.
    pub fn from_file(path: &Path, end_of_text: &str) -> Result<Self, TokensError> {
        let json = std::fs::read(path).map_err(TokensError::unread(path))?;
        Self::from_json(json, end_of_text).map_err(|error| error.of_file(path))
    }

    /// Loads a `tokenizer.json` in which one token has a name that ends texts, as that of a published model has.
    ///
    /// # Errors
    /// When the file cannot be read, is not a tokenizer, or has no such token.
    pub fn published(path: &Path) -> Result<Self, TokensError> {
        let json = std::fs::read(path).map_err(TokensError::unread(path))?;
        let library = Library::read(&json).map_err(|error| error.of_file(path))?;
        let end = END_NAMES
            .iter()
            .find_map(|name| library.token(name))
            .ok_or_else(|| {
                let known = END_NAMES.join(", ");
                TokensError::input(format!("no token ends texts: one must be named {known}")).of_file(path)
            })?;
        Self::of_library(library, json, end).map_err(|error| error.of_file(path))
    }

    /// The same of the file's content.
    ///
    /// # Errors
    /// When it is not a tokenizer, or does not have the token.
    pub fn from_json(json: Vec<u8>, end_of_text: &str) -> Result<Self, TokensError> {
        let library = Library::read(&json)?;
        let end_of_text = library.token(end_of_text).ok_or_else(|| {
            TokensError::input(format!(
                "no token `{end_of_text}`: set `end_of_text` to the token that separates its documents"
            ))
        })?;
        Self::of_library(library, json, end_of_text)
    }

    /// The same of what the library reads in it, and the token that ends a text.
    fn of_library(library: Library, json: Vec<u8>, end_of_text: u32) -> Result<Self, TokensError> {
        let count = count(&library)?;
        let begin = library.begin().filter(|&begin| (begin as usize) < count);
        let added = library.added();
        let special = added.iter().filter(|(_, token)| token.special);
        let mut ends: BTreeSet<u32> = ends(special.map(|(id, token)| (*id, token.content.as_str())))
            .into_iter()
            .collect();
        ends.insert(end_of_text);
        let definition = json::read(&json).filter(|definition| definition.tokens.len() == count);
        let runs = match definition {
            None => Runs::Library(library.into()),
            Some(definition) => {
                let definition = Definition {
                    begin,
                    adds_begin: begin.is_some(),
                    end: Some(end_of_text),
                    ..definition
                };
                let here = Here::new(definition)?;
                here.library.get_or_init(|| library.into());
                Runs::Here(here.into())
            }
        };
        Ok(Self {
            runs,
            json: json.into(),
            is_from_json: true,
            vocabulary: OnceLock::new(),
            count,
            end_of_text,
            begin,
            adds_begin: begin.is_some(),
            ends,
        })
    }

    /// The tokenizer of a GGUF file.
    ///
    /// # Errors
    /// When the fields contradict each other, or say a kind that is not known.
    pub fn from_gguf(fields: GgufTokenizer) -> Result<Self, TokensError> {
        let definition = fields.definition()?;
        let tokens = || definition.tokens.iter().enumerate();
        let special = tokens().filter(|(_, token)| token.kind == TokenKind::Control);
        let mut ends: BTreeSet<u32> = ends(special.map(|(id, token)| (id as u32, token.text.as_str())))
            .into_iter()
            .collect();
        ends.extend([definition.end, definition.end_of_turn].into_iter().flatten());
        let named = || tokens().find(|(_, token)| token.text == END_OF_TEXT);
        let end_of_text = definition.end.or_else(|| named().map(|(id, _)| id as u32));
        let end_of_text = end_of_text.ok_or_else(|| {
            TokensError::input(format!(
                "tokenizer.ggml.eos_token_id is missing and no token is `{END_OF_TEXT}`: nothing would end a text; \
                 set the key to the token that does"
            ))
        })?;
        ends.insert(end_of_text);
        Ok(Self {
            json: OnceLock::new(),
            is_from_json: false,
            vocabulary: OnceLock::new(),
            count: definition.tokens.len(),
            end_of_text,
            begin: definition.begin,
            adds_begin: definition.adds_begin,
            ends,
            runs: Runs::Here(Here::new(definition)?.into()),
        })
    }
}

/// Text to tokens.
impl Tokenizer {
    /// The tokens of a text, without any control token.
    ///
    /// # Errors
    /// When the library refuses the text, which a byte-level tokenizer never does, or it is longer than 4GiB.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, TokensError> {
        match &self.runs {
            Runs::Here(here) => here.encode(text, false),
            Runs::Library(library) => library.encode(text, false),
        }
    }

    /// The tokens of a text in which the names of control tokens stand for them, such as a template of a chat that was
    /// filled in.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn encode_with_special(&self, text: &str) -> Result<Vec<u32>, TokensError> {
        match &self.runs {
            Runs::Here(here) => here.encode(text, true),
            Runs::Library(library) => library.encode(text, true),
        }
    }

    /// The same as [`encode`](Self::encode) through the library alone: slower, and the reference that it equals.
    ///
    /// # Errors
    /// When the library refuses the text, or no `tokenizer.json` can say what this tokenizer does.
    pub fn encode_plainly(&self, text: &str) -> Result<Vec<u32>, TokensError> {
        match &self.runs {
            Runs::Library(library) => library.encode(text, false),
            Runs::Here(here) => {
                if let Some(library) = here.library.get() {
                    return library.encode(text, false);
                }
                let library = Library::read(self.json()?)?;
                here.library.get_or_init(|| library.into()).encode(text, false)
            }
        }
    }

    /// The token that texts begin with.
    pub fn begin(&self) -> Option<u32> {
        self.begin
    }

    /// Whether [`begin`](Self::begin) is to stand before a text that no template gave it to.
    pub fn adds_begin(&self) -> bool {
        self.adds_begin
    }
}

/// Tokens to text.
impl Tokenizer {
    /// The text of some tokens, special ones included; the inverse of [`encode`](Self::encode). Bytes that are not
    /// UTF-8 come out as U+FFFD. Tokens that continue a text are read by a [`TextStream`](crate::TextStream).
    ///
    /// # Errors
    /// When the library refuses the tokens.
    pub fn decode(&self, tokens: &[u32]) -> Result<String, TokensError> {
        let here = match &self.runs {
            Runs::Library(library) => return library.decode(tokens),
            Runs::Here(here) => here,
        };
        let bytes: Vec<u8> = tokens
            .iter()
            .flat_map(|token| self.bytes_of(*token))
            .copied()
            .collect();
        let prefixed = matches!(
            here.definition.method,
            Method::Pieces {
                space_prefix: true,
                ..
            }
        );
        let text = match bytes.strip_prefix(b" ") {
            Some(text) if prefixed => text,
            _ => &bytes,
        };
        Ok(String::from_utf8_lossy(text).into_owned())
    }

    /// The bytes of text that a token stands for: of a token that is no text, its name; of one that there is not,
    /// none.
    pub fn bytes_of(&self, token: u32) -> &[u8] {
        self.known().bytes(token)
    }

    /// What a token is.
    pub fn kind_of(&self, token: u32) -> TokenKind {
        self.known().kind(token)
    }

    /// Whether a token is no text of its own, but says something to the model or stands for what has no token.
    pub fn is_special(&self, token: u32) -> bool {
        matches!(self.kind_of(token), TokenKind::Control | TokenKind::Unknown)
    }

    fn known(&self) -> &Vocabulary {
        self.vocabulary.get_or_init(|| match &self.runs {
            Runs::Here(here) => Vocabulary::of(&here.definition),
            Runs::Library(library) => Vocabulary::of_library(library, self.count),
        })
    }
}

/// What it is.
impl Tokenizer {
    /// One more than the largest token: the rows of an embedding.
    pub fn vocabulary(&self) -> usize {
        self.count
    }

    /// The token that separates documents.
    pub fn end_of_text(&self) -> u32 {
        self.end_of_text
    }

    /// The tokens that end what a model writes: the end of a text or of a turn, by the file and by well-known names.
    pub fn ends(&self) -> &BTreeSet<u32> {
        &self.ends
    }

    /// The template of a chat, where the file has one.
    pub fn chat_template(&self) -> Option<&str> {
        match &self.runs {
            Runs::Here(here) => here.definition.chat_template.as_deref(),
            Runs::Library(_) => None,
        }
    }

    /// Hash of what decides its tokens: the `tokenizer.json` and the separator, or the fields of a GGUF file.
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.end_of_text.to_le_bytes());
        match (&self.runs, self.json.get()) {
            (_, Some(json)) if self.is_from_json => {
                hasher.update(json);
            }
            (Runs::Here(here), _) => here.definition.hash(&mut hasher),
            (Runs::Library(_), _) => {}
        }
        hasher.finalize().to_hex().to_string()
    }

    /// The `tokenizer.json`: the file that it was read from, or else one of the same tokens.
    ///
    /// # Errors
    /// When no such file can say what it does.
    pub fn json(&self) -> Result<&[u8], TokensError> {
        match (self.json.get(), &self.runs) {
            (Some(json), _) => Ok(json),
            (None, Runs::Here(here)) => {
                let json = json::write(&here.definition)?;
                Ok(self.json.get_or_init(|| json))
            }
            (None, Runs::Library(_)) => Err(other_kind("a tokenizer.json that was not kept")),
        }
    }

    /// The `tokenizer_config.json` that transformers wants beside it.
    ///
    /// # Errors
    /// When it is not run here: its own file is beside the one that it was read from.
    pub fn config(&self) -> Result<Vec<u8>, TokensError> {
        match &self.runs {
            Runs::Here(here) => json::config(&here.definition),
            Runs::Library(_) => Err(other_kind("a tokenizer_config.json")),
        }
    }

    /// The fields of a GGUF file that say the same.
    ///
    /// # Errors
    /// When none can.
    pub fn gguf(&self) -> Result<GgufTokenizer, TokensError> {
        match &self.runs {
            Runs::Here(here) => GgufTokenizer::to_write(&here.definition),
            Runs::Library(_) => Err(other_kind("GGUF")),
        }
    }
}

/// One more than the largest number of a token: no more than a few times as many as there are, so that a file of few makes
/// no room for many.
fn count(library: &Library) -> Result<usize, TokensError> {
    const FEW: usize = 1 << 16;
    let tokens = library.tokens();
    let count = tokens.values().max().map_or(0, |&last| last as usize + 1);
    match count <= FEW.max(4 * tokens.len()) {
        true => Ok(count),
        false => Err(TokensError::input(format!(
            "a token has the number {}, of {} tokens: numbers follow one another; fetch the file again",
            count - 1,
            tokens.len()
        ))),
    }
}

fn other_kind(what: &str) -> TokensError {
    TokensError::input(format!(
        "{what} cannot be written of a tokenizer that only the library runs: use the files that it came with, or \
         byte-level BPE"
    ))
}
