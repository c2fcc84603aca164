//! Tokenizers as GGUF files hold them, as plain data: who reads and writes the files is another's part.

use ahash::AHashMap;
use serde::{Deserialize, Serialize};

use crate::TokensError;
use crate::definition::{Definition, Method, Token, TokenKind, byte};
use crate::ends::is_end;
use crate::splitters::{SPLITTERS, Splitter};

/// The values of a GGUF file's keys `tokenizer.ggml.*`, under the keys' own names.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GgufTokenizer {
    /// `model`: `gpt2` is byte-level BPE, `llama` is SentencePiece.
    pub model: String,
    /// `pre`: how text is split into words.
    pub pre: Option<String>,
    /// `tokens`.
    pub tokens: Vec<String>,
    /// `token_type`: what each token is; empty where the file has none.
    pub token_type: Vec<i32>,
    /// `scores`: the larger, the earlier a piece is merged.
    pub scores: Vec<f32>,
    /// `merges`: two tokens with a space between, the first merge first.
    pub merges: Vec<String>,
    /// `bos_token_id`.
    pub bos_token_id: Option<u32>,
    /// `eos_token_id`.
    pub eos_token_id: Option<u32>,
    /// `eot_token_id`.
    pub eot_token_id: Option<u32>,
    /// `unknown_token_id`.
    pub unknown_token_id: Option<u32>,
    /// `padding_token_id`.
    pub padding_token_id: Option<u32>,
    /// `add_bos_token`.
    pub add_bos_token: Option<bool>,
    /// `add_space_prefix`.
    pub add_space_prefix: Option<bool>,
    /// `tokenizer.chat_template`, which stands beside the others.
    pub chat_template: Option<String>,
}

/// The models that are known, and what each is.
const MODELS: &str = "`gpt2` (byte-level BPE) and `llama` (SentencePiece) are";

impl GgufTokenizer {
    /// What the fields say.
    pub(crate) fn definition(self) -> Result<Definition, TokensError> {
        match self.model.as_str() {
            "gpt2" => self.byte_level(),
            "llama" => self.pieces(),
            other => Err(TokensError::input(format!(
                "tokenizer.ggml.model `{other}` is not known, {MODELS}: use a model with one of them"
            ))),
        }
    }

    fn byte_level(self) -> Result<Definition, TokensError> {
        let splitter = Splitter::named(self.pre.as_deref().unwrap_or("default"))?;
        let tokens = self.typed(|_| None)?;
        let mut ids: AHashMap<&str, u32> = AHashMap::with_capacity(tokens.len());
        for (id, token) in tokens.iter().enumerate() {
            ids.entry(&token.text).or_insert(id as u32);
        }
        let merges = self.merges.iter().map(|merge| merged(merge, &ids));
        let merges = merges.collect::<Result<_, _>>()?;
        let method = Method::ByteLevel {
            splitter,
            merges,
            ignore_merges: splitter.ignore_merges,
            composed: false,
        };
        let adds_begin = self.add_bos_token.unwrap_or(splitter.add_bos);
        self.defined(tokens, method, adds_begin)
    }

    fn pieces(mut self) -> Result<Definition, TokensError> {
        let (scores, count) = (self.scores.len(), self.tokens.len());
        if scores != count {
            return Err(TokensError::input(format!(
                "tokenizer.ggml.scores has {scores} numbers for {count} tokens: each piece must have its score; \
                 convert the model again"
            )));
        }
        for (id, usual) in [
            (&mut self.unknown_token_id, 0),
            (&mut self.bos_token_id, 1),
            (&mut self.eos_token_id, 2),
        ] {
            *id = id.or((usual < count as u32).then_some(usual));
        }
        let tokens = self.typed(|text| byte(text).map(|_| TokenKind::Byte))?;
        let method = Method::Pieces {
            scores: std::mem::take(&mut self.scores),
            space_prefix: self.add_space_prefix.unwrap_or(true),
        };
        let adds_begin = self.add_bos_token.unwrap_or(true);
        self.defined(tokens, method, adds_begin)
    }

    /// The tokens with what they are. Files without `token_type` tell by `shape`, and by the ids that have a name.
    fn typed(&self, shape: impl Fn(&str) -> Option<TokenKind>) -> Result<Vec<Token>, TokensError> {
        let (types, count) = (self.token_type.len(), self.tokens.len());
        if types != 0 && types != count {
            return Err(TokensError::input(format!(
                "tokenizer.ggml.token_type has {types} numbers for {count} tokens: each token must have its own; \
                 convert the model again"
            )));
        }
        let named = |id: u32| match Some(id) {
            id if id == self.unknown_token_id => Some(TokenKind::Unknown),
            id if id == self.bos_token_id || id == self.eos_token_id || id == self.eot_token_id => {
                Some(TokenKind::Control)
            }
            _ => None,
        };
        let typed = self.tokens.iter().enumerate().map(|(id, text)| {
            let kind = match self.token_type.get(id) {
                None => named(id as u32).or_else(|| shape(text)).unwrap_or(TokenKind::Normal),
                Some(number) => TokenKind::of(*number).ok_or_else(|| {
                    TokensError::input(format!(
                        "tokenizer.ggml.token_type of token {id} is {number}: must be from 1 (normal) to 6 (byte); \
                         convert the model again"
                    ))
                })?,
            };
            let kind = match kind {
                // Else the name of an end in a user's text would end it.
                TokenKind::UserDefined if is_end(text) => TokenKind::Control,
                kind => kind,
            };
            let text = text.clone();
            Ok(Token { text, kind })
        });
        typed.collect()
    }

    fn defined(
        self,
        tokens: Vec<Token>,
        method: Method,
        adds_begin: bool,
    ) -> Result<Definition, TokensError> {
        let definition = Definition {
            tokens,
            method,
            begin: self.bos_token_id,
            adds_begin: adds_begin && self.bos_token_id.is_some(),
            end: self.eos_token_id,
            end_of_turn: self.eot_token_id,
            unknown: self.unknown_token_id,
            padding: self.padding_token_id,
            chat_template: self.chat_template,
        };
        definition.checked()
    }

    /// The fields that say what `definition` does.
    pub(crate) fn of(definition: &Definition) -> Self {
        let tokens = || definition.tokens.iter();
        let text = |id: u32| definition.tokens[id as usize].text.as_str();
        let mut fields = Self {
            tokens: tokens().map(|token| token.text.clone()).collect(),
            token_type: tokens().map(|token| token.kind.number()).collect(),
            bos_token_id: definition.begin,
            eos_token_id: definition.end,
            eot_token_id: definition.end_of_turn,
            unknown_token_id: definition.unknown,
            padding_token_id: definition.padding,
            add_bos_token: Some(definition.adds_begin),
            chat_template: definition.chat_template.clone(),
            ..Self::default()
        };
        match &definition.method {
            Method::ByteLevel { splitter, merges, .. } => {
                fields.model = "gpt2".to_owned();
                fields.pre = Some(splitter.name.to_owned());
                fields.merges = merges
                    .iter()
                    .map(|[left, right, _]| format!("{} {}", text(*left), text(*right)))
                    .collect();
                fields.add_space_prefix = Some(false);
            }
            Method::Pieces { scores, space_prefix } => {
                fields.model = "llama".to_owned();
                fields.pre = Some("default".to_owned());
                fields.scores.clone_from(scores);
                fields.add_space_prefix = Some(*space_prefix);
            }
        }
        fields
    }

    /// The same, where a file can say it.
    pub(crate) fn to_write(definition: &Definition) -> Result<Self, TokensError> {
        if let Method::ByteLevel {
            splitter,
            ignore_merges,
            ..
        } = &definition.method
            && splitter.ignore_merges != *ignore_merges
        {
            let names = SPLITTERS
                .iter()
                .filter(|other| other.ignore_merges == *ignore_merges);
            let names: Vec<String> = names.map(|other| format!("`{}`", other.name)).collect();
            return Err(TokensError::input(format!(
                "GGUF has no name for words of `{}` with `ignore_merges = {ignore_merges}`: it goes with {} only; \
                 export a `tokenizer.json` instead",
                splitter.name,
                names.join(", ")
            )));
        }
        Ok(Self::of(definition))
    }
}

/// A line of `tokenizer.ggml.merges` as tokens. The first sign may be a space of the token itself.
fn merged(merge: &str, ids: &AHashMap<&str, u32>) -> Result<[u32; 3], TokensError> {
    let from = merge.chars().next().map_or(0, char::len_utf8);
    let at = merge[from..].find(' ').map(|at| from + at);
    let parts = at.map(|at| (&merge[..at], &merge[at + 1..]));
    let known = parts.and_then(|(left, right)| {
        let whole = [left, right].concat();
        Some([*ids.get(left)?, *ids.get(right)?, *ids.get(whole.as_str())?])
    });
    known.ok_or_else(|| {
        TokensError::input(format!(
            "tokenizer.ggml.merges has `{merge}`: must be two tokens with a space between whose union is a token; \
             convert the model again"
        ))
    })
}
