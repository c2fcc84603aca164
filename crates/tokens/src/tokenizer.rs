use std::path::Path;
use std::sync::Mutex;

use tokenizers::Tokenizer as Library;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::{ModelWrapper, models::bpe::BPE};

use crate::TokensError;
use crate::cache::Cache;
use crate::split;

/// A tokenizer: byte-level BPE trained on a corpus, or any `tokenizer.json`.
///
/// Text is always text: the name of a special token inside a document is tokenized as the letters
/// it is written with, so that no document can end itself.
pub struct Tokenizer {
    library: Library,
    json: Vec<u8>,
    vocabulary: usize,
    end_of_text: u32,
    byte_level: bool,
    /// One cache for each thread that is encoding; those at rest lie here.
    caches: Mutex<Vec<Cache>>,
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Tokenizer")
            .field("hash", &self.hash())
            .finish_non_exhaustive()
    }
}

impl Tokenizer {
    /// Loads a `tokenizer.json`, in which `end_of_text` must be a token.
    ///
    /// # Errors
    /// When the file cannot be read, is not a tokenizer, or does not have the token.
    pub fn from_file(path: &Path, end_of_text: &str) -> Result<Self, TokensError> {
        let json = std::fs::read(path).map_err(TokensError::unread(path))?;
        Self::from_json(json, end_of_text).map_err(|error| error.of_file(path))
    }

    /// The same of the file's content.
    ///
    /// # Errors
    /// When it is not a tokenizer, or does not have the token.
    pub fn from_json(json: Vec<u8>, end_of_text: &str) -> Result<Self, TokensError> {
        let mut library = Library::from_bytes(&json).map_err(|error| {
            TokensError::input(format!(
                "not a tokenizer.json ({error}): give the file that the `tokenizers` library writes"
            ))
        })?;
        let end_of_text = library.token_to_id(end_of_text).ok_or_else(|| {
            TokensError::input(format!(
                "no token `{end_of_text}`: set `end_of_text` to the token that separates its documents"
            ))
        })?;
        library.set_encode_special_tokens(true);
        library.with_padding(None);
        library.with_truncation(None).map_err(refused)?;
        let vocabulary = library
            .get_vocab(true)
            .into_values()
            .max()
            .map_or(0, |last| last as usize + 1);
        let byte_level = byte_level(&library);
        Ok(Self {
            library,
            json,
            vocabulary,
            end_of_text,
            byte_level,
            caches: Mutex::default(),
        })
    }

    /// The tokens of a text, without any special token.
    ///
    /// # Errors
    /// When the library refuses the text, which a byte-level tokenizer never does.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, TokensError> {
        let Some(model) = self.byte_level_model() else {
            return self.encode_plainly(text);
        };
        let mut cache = self
            .caches
            .lock()
            .ok()
            .and_then(|mut caches| caches.pop())
            .unwrap_or_default();
        let mut ids = Vec::with_capacity(text.len() / 3);
        for word in split::words(text) {
            cache.encode(word, model, &mut ids).map_err(refused)?;
        }
        if let Ok(mut caches) = self.caches.lock() {
            caches.push(cache);
        }
        Ok(ids)
    }

    /// The same through the library alone: slower, and the reference that [`encode`](Self::encode) equals.
    ///
    /// # Errors
    /// When the library refuses the text.
    pub fn encode_plainly(&self, text: &str) -> Result<Vec<u32>, TokensError> {
        let encoding = self.library.encode_fast(text, false).map_err(refused)?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The text of some tokens, special ones included. Bytes that are not UTF-8 come out as U+FFFD.
    ///
    /// # Errors
    /// When the library refuses the tokens.
    pub fn decode(&self, tokens: &[u32]) -> Result<String, TokensError> {
        self.library.decode(tokens, false).map_err(refused)
    }

    /// One more than the largest token: the rows of an embedding.
    pub fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// The token that separates documents.
    pub fn end_of_text(&self) -> u32 {
        self.end_of_text
    }

    /// Hash of the `tokenizer.json` and the separator.
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.end_of_text.to_le_bytes()).update(&self.json);
        hasher.finalize().to_hex().to_string()
    }

    /// The `tokenizer.json`.
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    fn byte_level_model(&self) -> Option<&BPE> {
        match self.library.get_model() {
            ModelWrapper::BPE(model) if self.byte_level => Some(model),
            _ => None,
        }
    }
}

fn refused(error: tokenizers::Error) -> TokensError {
    TokensError::input(format!("tokenizer: {error}: use another tokenizer"))
}

/// Whether a tokenizer is GPT-2's kind: words split by its pattern, their bytes merged, nothing else.
/// Only then are its tokens those of each word by itself.
fn byte_level(library: &Library) -> bool {
    let splits = matches!(
        library.get_pre_tokenizer(),
        Some(PreTokenizerWrapper::ByteLevel(level)) if level.use_regex && !level.add_prefix_space
    );
    let merges = matches!(library.get_model(), ModelWrapper::BPE(model) if model.dropout.is_none());
    let added = library.get_added_tokens_decoder();
    splits && merges && library.get_normalizer().is_none() && added.values().all(|token| token.special)
}
