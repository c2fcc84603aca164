//! Text on both sides of a model: a published tokenizer, and answers as they are written.

use std::path::Path;

use triaxis_model::gguf::TokenizerFields;
use triaxis_model::{Published, PublishedTokenizer};
use triaxis_tokens::{ChatTemplate, GgufTokenizer, Message, TextStream, Tokenizer, TokensError};

use crate::error::InferError;

/// The file that a tokenizer is published in.
pub const TOKENIZER: &str = "tokenizer.json";
/// What transformers wants to know of it.
pub const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
/// The chat template.
pub const CHAT_TEMPLATE: &str = "chat_template.jinja";

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
    match found(model)? {
        Some(PublishedTokenizer::File(path)) => tokenizer_at(&path),
        Some(PublishedTokenizer::Fields(fields)) => Ok(Tokenizer::from_gguf(gguf(*fields))?),
        None => Err(InferError::input(
            "no tokenizer is published with the model: give the path of its tokenizer.json",
        )),
    }
}

/// The tokenizer in a `tokenizer.json`, with what lies beside that.
///
/// # Errors
/// When it is of a kind that is not known.
pub fn tokenizer_at(path: &Path) -> Result<Tokenizer, InferError> {
    match beside(path).end() {
        Some(end) => Ok(Tokenizer::from_file(path, end)?),
        None => Ok(Tokenizer::published(path)?),
    }
}

fn found(model: &Published) -> Result<Option<PublishedTokenizer>, InferError> {
    let found = model.tokenizer();
    found.map_err(|error| InferError::new(error.kind(), error.to_string()))
}

/// What lies beside a published tokenizer.json, as far as it can be read.
#[derive(Debug, Default)]
struct Beside {
    /// [`TOKENIZER_CONFIG`].
    config: serde_json::Value,
    /// [`CHAT_TEMPLATE`].
    template: Option<String>,
}

fn beside(tokenizer: &Path) -> Beside {
    let read = |name: &str| std::fs::read_to_string(tokenizer.with_file_name(name)).ok();
    let config = read(TOKENIZER_CONFIG).and_then(|text| serde_json::from_str(&text).ok());
    Beside {
        config: config.unwrap_or_default(),
        template: read(CHAT_TEMPLATE),
    }
}

impl Beside {
    /// The name of the token that ends texts.
    fn end(&self) -> Option<&str> {
        let end = &self.config["eos_token"];
        end.as_str().or(end["content"].as_str())
    }
}

/// The chat template that is published with a model.
///
/// # Errors
/// When what says what its tokenizer is cannot be read.
pub fn chat_template(model: &Published, tokenizer: &Tokenizer) -> Result<Option<String>, InferError> {
    if let Some(template) = tokenizer.chat_template() {
        return Ok(Some(template.to_owned()));
    }
    match found(model)? {
        Some(PublishedTokenizer::File(path)) => Ok(chat_template_at(&path)),
        _ => Ok(None),
    }
}

/// The chat template that lies beside a `tokenizer.json`.
pub fn chat_template_at(path: &Path) -> Option<String> {
    let beside = beside(path);
    let of_config = beside.config["chat_template"].as_str().map(str::to_owned);
    beside.template.or(of_config)
}

/// What parts the names of control tokens in what people say: a character for private use, which no text of theirs keeps.
const APART: char = '\u{f8ff}';

/// The tokens of messages, after which the assistant answers. The names of control tokens within a message are text, so that
/// nobody speaks in another's turn.
///
/// # Errors
/// When the template or the tokenizer refuses the messages.
pub fn conversation(
    tokenizer: &Tokenizer,
    template: &ChatTemplate,
    messages: &[Message],
) -> Result<Vec<u32>, InferError> {
    let controls: Vec<String> = (0..tokenizer.vocabulary() as u32)
        .filter(|&token| tokenizer.is_special(token))
        .map(|token| String::from_utf8_lossy(tokenizer.bytes_of(token)).into_owned())
        .filter(|name| !name.is_empty())
        .collect();
    let parted = |message: &Message| {
        let said = message.content.replace(APART, "");
        let content = controls.iter().fold(said, |said, name| {
            let first = name.chars().next().map_or(0, char::len_utf8);
            said.replace(name, &format!("{}{APART}{}", &name[..first], &name[first..]))
        });
        Message {
            role: message.role.clone(),
            content,
        }
    };
    let name = |token: Option<u32>| {
        token.map_or_else(String::new, |token| {
            String::from_utf8_lossy(tokenizer.bytes_of(token)).into_owned()
        })
    };
    let names = [name(tokenizer.begin()), name(Some(tokenizer.end_of_text()))];
    let messages: Vec<Message> = messages.iter().map(parted).collect();
    let text = template.render(&messages, true, names.each_ref().map(String::as_str))?;
    let mut tokens = Vec::new();
    for piece in text.split(APART) {
        tokens.extend(tokenizer.encode_with_special(piece)?);
    }
    Ok(begun(tokenizer, tokens))
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

/// The rule that a model which drafts has the tokens of the model that it drafts for, each with the same bytes.
///
/// # Errors
/// For the first token that differs.
pub fn same_tokens(tokenizer: &Tokenizer, drafting: &Tokenizer) -> Result<(), InferError> {
    let remedy = "both must have the same tokenizer; give another draft model, or none";
    let [all, drafted] = [tokenizer, drafting].map(Tokenizer::vocabulary);
    if all != drafted {
        return Err(InferError::input(format!(
            "a draft model of {drafted} tokens beside a model of {all}: {remedy}"
        )));
    }
    let what = |of: &Tokenizer, token: u32| (of.bytes_of(token).to_vec(), of.is_special(token));
    let differs = |&token: &u32| what(tokenizer, token) != what(drafting, token);
    match (0..all as u32).find(differs) {
        None => Ok(()),
        Some(token) => {
            let [own, drafted] =
                [tokenizer, drafting].map(|of| String::from_utf8_lossy(of.bytes_of(token)).into_owned());
            Err(InferError::input(format!(
                "token {token} of the draft model is {drafted:?}, and of the model {own:?}: {remedy}"
            )))
        }
    }
}

/// The tokens of a prompt, with the token that begins texts where the tokenizer adds one.
///
/// # Errors
/// When the tokenizer refuses the text.
pub fn prompt(tokenizer: &Tokenizer, text: &str) -> Result<Vec<u32>, InferError> {
    Ok(begun(tokenizer, tokenizer.encode(text)?))
}

fn begun(tokenizer: &Tokenizer, tokens: Vec<u32>) -> Vec<u32> {
    let begin = tokenizer.begin().filter(|_| tokenizer.adds_begin());
    let begin = begin.filter(|begin| tokens.first() != Some(begin));
    begin.into_iter().chain(tokens).collect()
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

    /// Takes a token, and returns the text that is sure by now and was not before, and whether the answer goes on. Control
    /// tokens are no text.
    pub fn push(&mut self, token: u32) -> (String, bool) {
        let bytes = match self.tokenizer.is_special(token) {
            true => &[],
            false => self.tokenizer.bytes_of(token),
        };
        let new = self.stream.push(bytes);
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
