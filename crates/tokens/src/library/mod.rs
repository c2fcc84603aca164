//! Tokenizers that the `tokenizers` library runs. A `tokenizer.json` is a stranger's: what it says is checked here before
//! the library reads it, what its parts make of a text is bounded, and where the library panics all the same, that is an
//! error.

mod bounded;
mod charsmap;
mod model;
mod parts;
mod pattern;
mod post;

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::OnceLock;

use ahash::AHashMap;
use serde::Deserialize;
use serde_json::Value;
use tokenizers::{
    AddedToken, DecoderWrapper, Model, ModelWrapper, NormalizerWrapper, PostProcessorWrapper,
    PreTokenizerWrapper, TokenizerImpl,
};
use triaxis_host::guard;

use self::bounded::Bounded;
use crate::TokensError;

/// The version of the format.
const VERSION: &str = "1.0";

type Inner = TokenizerImpl<ModelWrapper, Bounded, PreTokenizerWrapper, PostProcessorWrapper, DecoderWrapper>;

/// A tokenizer of a file, whatever it is made of.
pub(crate) struct Library {
    /// To which the names of special tokens are text.
    plain: Inner,
    special: OnceLock<Box<Inner>>,
    begin: Option<u32>,
}

/// A file. Each of its fields is there once, so that the library is given what was checked.
#[derive(Deserialize)]
struct File {
    version: Option<String>,
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
    #[serde(default)]
    normalizer: Value,
    #[serde(default)]
    pre_tokenizer: Value,
    #[serde(default)]
    post_processor: Value,
    #[serde(default)]
    decoder: Value,
    model: Value,
}

impl Library {
    /// The tokenizer of a `tokenizer.json`.
    ///
    /// # Errors
    /// When it is none, or says what no sound one does.
    pub(crate) fn read(json: &[u8]) -> Result<Self, TokensError> {
        let file: File = serde_json::from_slice(json).map_err(|error| no_file(&error))?;
        if let Some(version) = file.version.filter(|version| version != VERSION) {
            return Err(no_file(&format!(
                "it is of version {version:?}, and {VERSION} is read"
            )));
        }
        model::check(&file.model).map_err(|fault| no_file(&fault))?;
        let normalizer = checked(file.normalizer, parts::normalizer)?;
        let pre_tokenizer = checked(file.pre_tokenizer, parts::pre_tokenizer)?;
        let decoder = checked(file.decoder, parts::decoder)?;
        let begin = post::begin(&file.post_processor).map_err(|fault| no_file(&fault))?;
        let (added, model) = (file.added_tokens, file.model);
        let plain = guarded("while it read the file", || -> tokenizers::Result<Inner> {
            let mut plain = Inner::new(serde_json::from_value(model)?);
            if let Some(normalizer) = normalizer {
                let normalizer: NormalizerWrapper = serde_json::from_value(normalizer)?;
                plain.with_normalizer(Some(Bounded::new(normalizer)))?;
            }
            plain.with_pre_tokenizer(
                pre_tokenizer
                    .map(serde_json::from_value::<PreTokenizerWrapper>)
                    .transpose()?,
            );
            plain.with_decoder(
                decoder
                    .map(serde_json::from_value::<DecoderWrapper>)
                    .transpose()?,
            );
            plain.add_tokens(added)?;
            plain.set_encode_special_tokens(true);
            Ok(plain)
        })?;
        Ok(Self {
            plain: plain.map_err(|error| no_file(&error))?,
            special: OnceLock::new(),
            begin,
        })
    }

    /// The tokens of a text, in which the names of special tokens stand for them if `control`.
    pub(crate) fn encode(&self, text: &str, control: bool) -> Result<Vec<u32>, TokensError> {
        let (ids, has_outgrown) = bounded::watched(|| {
            guarded("on a text", || {
                let inner = match control {
                    false => &self.plain,
                    true => self.special.get_or_init(|| {
                        let mut special = self.plain.clone();
                        special.set_encode_special_tokens(false);
                        special.into()
                    }),
                };
                let encoding = inner.encode_fast(text, false)?;
                Ok(encoding.get_ids().to_vec())
            })
        });
        if has_outgrown {
            return Err(refused(&"its normalizer makes a text many times as long"));
        }
        ids?.map_err(|error: tokenizers::Error| refused(&error))
    }

    /// The text of tokens; those that there are not have none.
    pub(crate) fn decode(&self, tokens: &[u32]) -> Result<String, TokensError> {
        let known = |token: &u32| self.text_of(*token).is_some();
        // Of no tokens the library takes one away.
        if !tokens.iter().any(known) {
            return Ok(String::new());
        }
        guarded("on tokens", || self.plain.decode(tokens, false))?.map_err(|error| refused(&error))
    }

    /// The number of a token by its name.
    pub(crate) fn token(&self, name: &str) -> Option<u32> {
        self.plain.token_to_id(name)
    }

    /// How a token is spelled.
    pub(crate) fn text_of(&self, token: u32) -> Option<String> {
        self.plain.id_to_token(token)
    }

    /// All tokens by their names.
    pub(crate) fn tokens(&self) -> HashMap<String, u32> {
        self.plain.get_vocab(true)
    }

    /// The tokens beside those of the model, by their numbers.
    pub(crate) fn added(&self) -> AHashMap<u32, AddedToken> {
        self.plain.get_added_tokens_decoder()
    }

    /// A token of the model that is letters and digits alone: the first, if there is one.
    pub(crate) fn word(&self) -> Option<u32> {
        let words = self.plain.get_model().get_vocab();
        let plain = |(text, _): &(&String, &u32)| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        words.iter().filter(plain).map(|(_, id)| *id).min()
    }

    /// Whether tokens are spelled as bytes.
    pub(crate) fn is_byte_level(&self) -> bool {
        let has_byte_level = |decoder: &DecoderWrapper| matches!(decoder, DecoderWrapper::ByteLevel(_));
        self.plain.get_decoder().is_some_and(|decoder| match decoder {
            DecoderWrapper::Sequence(all) => all.get_decoders().iter().any(has_byte_level),
            one => has_byte_level(one),
        })
    }

    /// Whether what has no token is tokens of bytes.
    pub(crate) fn has_bytes(&self) -> bool {
        match self.plain.get_model() {
            ModelWrapper::BPE(model) => model.byte_fallback,
            ModelWrapper::Unigram(model) => model.byte_fallback(),
            _ => false,
        }
    }

    /// The token that the file puts before every text, if it puts one there.
    pub(crate) fn begin(&self) -> Option<u32> {
        self.begin
    }
}

/// A part that keeps to its rule, if it is there.
fn checked(said: Value, rule: fn(&Value) -> Result<(), String>) -> Result<Option<Value>, TokensError> {
    if said.is_null() {
        return Ok(None);
    }
    rule(&said).map_err(|fault| no_file(&fault))?;
    Ok(Some(said))
}

fn no_file(error: &dyn Display) -> TokensError {
    TokensError::input(format!(
        "not a tokenizer.json ({error}): give the file that the `tokenizers` library writes"
    ))
}

/// What the library gives, which changes nothing of a tokenizer, or that it broke off.
fn guarded<T>(what: &str, work: impl FnOnce() -> T) -> Result<T, TokensError> {
    guard::guarded(work).map_err(|said| {
        TokensError::input(format!(
            "the `tokenizers` library broke off {what} ({said}): fetch the tokenizer again, or use another"
        ))
    })
}

fn refused(error: &dyn Display) -> TokensError {
    TokensError::input(format!("tokenizer: {error}: use another tokenizer"))
}
