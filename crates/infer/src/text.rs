//! Text on both sides of a model: a published tokenizer, and answers as they are written.

use triaxis_model::gguf::TokenizerFields;
use triaxis_model::{Published, PublishedTokenizer};

use triaxis_tokens::{GgufTokenizer, TextStream, Tokenizer, TokensError};

use crate::error::InferError;

impl From<TokensError> for InferError {
    fn from(error: TokensError) -> Self {
        Self::new(error.kind(), error.to_string())
    }
}

/// The tokenizer that is published with a model.
///
/// # Errors
/// When there is none, or it is of a kind that is not known.
pub fn tokenizer(model: &Published) -> Result<Tokenizer, InferError> {
    let found = model
        .tokenizer()
        .map_err(|error| InferError::new(error.kind(), error.to_string()))?;
    match found {
        Some(PublishedTokenizer::File(path)) => Ok(Tokenizer::published(&path)?),
        Some(PublishedTokenizer::Fields(fields)) => Ok(Tokenizer::from_gguf(gguf(*fields))?),
        None => Err(InferError::input(
            "no tokenizer is published with the model: give the path of its tokenizer.json",
        )),
    }
}

/// The fields of a GGUF file, as the tokenizers take them.
fn gguf(fields: TokenizerFields) -> GgufTokenizer {
    let special = |name: &str| fields.special.get(name).copied();
    let flag = |name: &str| fields.flags.get(name).copied();
    GgufTokenizer {
        bos_token_id: special("bos"),
        eos_token_id: special("eos"),
        eot_token_id: special("eot"),
        unknown_token_id: special("unknown"),
        padding_token_id: special("padding"),
        add_bos_token: flag("add_bos_token"),
        add_space_prefix: flag("add_space_prefix"),
        model: fields.model,
        pre: fields.pre,
        tokens: fields.tokens,
        token_type: fields.types,
        scores: fields.scores,
        merges: fields.merges,
        chat_template: fields.chat_template,
    }
}

/// A tokenizer as the keys of a GGUF file say it.
///
/// # Errors
/// When it is of a kind that they cannot say.
pub fn fields(tokenizer: &Tokenizer) -> Result<TokenizerFields, InferError> {
    let said = tokenizer.gguf()?;
    let special = [
        ("bos", said.bos_token_id),
        ("eos", said.eos_token_id),
        ("eot", said.eot_token_id),
        ("unknown", said.unknown_token_id),
        ("padding", said.padding_token_id),
    ];
    let flags = [
        ("add_bos_token", said.add_bos_token),
        ("add_space_prefix", said.add_space_prefix),
    ];
    let named = |(name, number): (&str, Option<u32>)| number.map(|number| (name.to_owned(), number));
    let flagged = |(name, flag): (&str, Option<bool>)| flag.map(|flag| (name.to_owned(), flag));
    Ok(TokenizerFields {
        special: special.into_iter().filter_map(named).collect(),
        flags: flags.into_iter().filter_map(flagged).collect(),
        model: said.model,
        pre: said.pre,
        tokens: said.tokens,
        types: said.token_type,
        scores: said.scores,
        merges: said.merges,
        chat_template: said.chat_template,
        others: std::collections::BTreeMap::new(),
    })
}

/// The tokens of a prompt: with the token that begins texts, where the tokenizer adds one, and with control tokens by their
/// names where `control` says so, as in the text of a chat template.
///
/// # Errors
/// When the tokenizer refuses the text.
pub fn prompt(tokenizer: &Tokenizer, text: &str, control: bool) -> Result<Vec<u32>, InferError> {
    let tokens = match control {
        true => tokenizer.encode_with_special(text)?,
        false => tokenizer.encode(text)?,
    };
    let begin = tokenizer.begin().filter(|_| tokenizer.adds_begin());
    let begin = begin.filter(|begin| tokens.first() != Some(begin));
    Ok(begin.into_iter().chain(tokens).collect())
}

/// An answer as it is written: text as far as it is sure, up to a stop string.
#[derive(Debug)]
pub struct Written<'a> {
    tokenizer: &'a Tokenizer,
    stream: TextStream,
    text: String,
}

impl<'a> Written<'a> {
    /// An answer that ends before the first of `stops`.
    ///
    /// # Errors
    /// When one of them is empty.
    pub fn new(tokenizer: &'a Tokenizer, stops: &[String]) -> Result<Self, InferError> {
        Ok(Self {
            tokenizer,
            stream: TextStream::new(stops)?,
            text: String::new(),
        })
    }

    /// Takes a token, and returns the text that is sure by now and was not before, and whether the answer goes on.
    pub fn push(&mut self, token: u32) -> (String, bool) {
        let new = self.stream.push(self.tokenizer.bytes_of(token));
        self.text.push_str(&new);
        (new, self.stream.stopped().is_none())
    }

    /// What was held back, where no more tokens come.
    pub fn finish(&mut self) -> String {
        let rest = match self.stream.stopped() {
            Some(_) => String::new(),
            None => self.stream.finish(),
        };
        self.text.push_str(&rest);
        rest
    }

    /// All text so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a stop string ended it.
    pub fn is_stopped(&self) -> bool {
        self.stream.stopped().is_some()
    }
}
