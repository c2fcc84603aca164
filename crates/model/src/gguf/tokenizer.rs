use std::collections::BTreeMap;

use triaxis_containers::gguf::{List, Value};

use crate::error::ModelError;

/// What all keys of a tokenizer begin with, and those of most.
const PREFIX: &str = "tokenizer.";
const OWN: &str = "tokenizer.ggml.";

/// What the key of a special token's number ends with.
const TOKEN_ID: &str = "_token_id";

const MODEL: &str = "tokenizer.ggml.model";
const PRE: &str = "tokenizer.ggml.pre";
const TOKENS: &str = "tokenizer.ggml.tokens";
const TYPES: &str = "tokenizer.ggml.token_type";
const SCORES: &str = "tokenizer.ggml.scores";
const MERGES: &str = "tokenizer.ggml.merges";
const TEMPLATE: &str = "tokenizer.chat_template";

/// What the keys of a GGUF file say of a tokenizer, as plain data.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TokenizerFields {
    /// Its kind: `gpt2` is byte-level BPE, `llama` SentencePiece's.
    pub model: String,
    /// The name of how text is split before it is encoded.
    pub pre: Option<String>,
    /// The tokens, in the order of their numbers.
    pub tokens: Vec<String>,
    /// What each is: 1 normal, 2 unknown, 3 control, 4 of the user, 5 unused, 6 a byte. Empty where none is said.
    pub types: Vec<i32>,
    /// A score each. Empty where none is said.
    pub scores: Vec<f32>,
    /// Pairs of tokens that are merged, with a space between, the first ones first.
    pub merges: Vec<String>,
    /// Numbers of special tokens, by what they are for: `bos`, `eos`, `unknown`, `padding`, ...
    pub special: BTreeMap<String, u32>,
    /// Whether something is done, by its name: `add_bos_token`, `add_space_prefix`, ...
    pub flags: BTreeMap<String, bool>,
    /// The template that conversations are written by.
    pub chat_template: Option<String>,
    /// Whatever else is said, by its whole key.
    pub others: BTreeMap<String, Value>,
}

impl TokenizerFields {
    /// That of a file's keys, if they say one.
    ///
    /// # Errors
    /// When a key says another kind of value than it must, lists of tokens are not equally long, or a special token has a
    /// number that no token has.
    pub fn read(keys: &BTreeMap<String, Value>) -> Result<Option<Self>, ModelError> {
        if !keys.contains_key(MODEL) {
            return Ok(None);
        }
        let mut fields = Self::default();
        let own = keys
            .range(PREFIX.to_owned()..)
            .take_while(|(key, _)| key.starts_with(PREFIX));
        for (key, value) in own {
            fields.add(key, value);
        }
        fields.check()?;
        Ok(Some(fields))
    }

    /// Adds what a key says: under its own name where it is of the kind that it must be.
    fn add(&mut self, key: &str, value: &Value) {
        let short = key.strip_prefix(OWN);
        let special = short.and_then(|short| short.strip_suffix(TOKEN_ID));
        match (key, value) {
            (MODEL, Value::Text(text)) => self.model = text.clone(),
            (PRE, Value::Text(text)) => self.pre = Some(text.clone()),
            (TOKENS, Value::List(List::Text(texts))) => self.tokens = texts.clone(),
            (TYPES, Value::List(List::I32(types))) => self.types = types.clone(),
            (SCORES, Value::List(List::F32(scores))) => self.scores = scores.clone(),
            (MERGES, Value::List(List::Text(texts))) => self.merges = texts.clone(),
            (TEMPLATE, Value::Text(text)) => self.chat_template = Some(text.clone()),
            (_, number)
                if special.is_some()
                    && number.whole().is_some_and(|number| u32::try_from(number).is_ok()) =>
            {
                let number = number.whole().unwrap_or_default() as u32;
                self.special
                    .insert(special.unwrap_or_default().to_owned(), number);
            }
            (_, Value::Bool(flag)) if short.is_some() => {
                self.flags.insert(short.unwrap_or_default().to_owned(), *flag);
            }
            _ => drop(self.others.insert(key.to_owned(), value.clone())),
        }
    }

    fn check(&self) -> Result<(), ModelError> {
        let wrong = [MODEL, PRE, TOKENS, TYPES, SCORES, MERGES, TEMPLATE];
        if let Some(key) = wrong.iter().find(|key| self.others.contains_key(**key)) {
            return Err(ModelError(format!(
                "`{key}` is of another kind than it must be, a text or a list of one number or text a token; take another \
                 file of the model"
            )));
        }
        let count = self.tokens.len();
        for (key, found) in [(TYPES, self.types.len()), (SCORES, self.scores.len())] {
            if found != 0 && found != count {
                return Err(ModelError(format!(
                    "`{key}` has {found} numbers and must have one for each of {count} tokens; take another file of the \
                     model"
                )));
            }
        }
        match self.special.iter().find(|(_, number)| **number as usize >= count) {
            Some((name, number)) => Err(ModelError(format!(
                "`{OWN}{name}{TOKEN_ID} = {number}`: there are {count} tokens; take another file of the model"
            ))),
            None => Ok(()),
        }
    }

    /// The keys that say it.
    pub fn keys(&self) -> BTreeMap<String, Value> {
        let text = |text: &String| Value::Text(text.clone());
        let mut keys = self.others.clone();
        let mut add =
            |key: &str, value: Option<Value>| keys.extend(value.map(|value| (key.to_owned(), value)));
        add(MODEL, Some(text(&self.model)));
        add(PRE, self.pre.as_ref().map(text));
        add(TEMPLATE, self.chat_template.as_ref().map(text));
        let lists = [
            (TOKENS, List::Text(self.tokens.clone())),
            (TYPES, List::I32(self.types.clone())),
            (SCORES, List::F32(self.scores.clone())),
            (MERGES, List::Text(self.merges.clone())),
        ];
        for (key, list) in lists {
            add(key, (!list.is_empty()).then_some(Value::List(list)));
        }
        for (name, number) in &self.special {
            add(&format!("{OWN}{name}{TOKEN_ID}"), Some(Value::U32(*number)));
        }
        for (name, flag) in &self.flags {
            add(&format!("{OWN}{name}"), Some(Value::Bool(*flag)));
        }
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> TokenizerFields {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        TokenizerFields {
            model: "gpt2".to_owned(),
            pre: Some("smollm".to_owned()),
            tokens: texts(&["a", "b", "ab"]),
            types: vec![1, 1, 3],
            merges: texts(&["a b"]),
            special: [("bos".to_owned(), 2)].into(),
            flags: [("add_bos_token".to_owned(), false)].into(),
            chat_template: Some("{{ messages }}".to_owned()),
            others: [("tokenizer.ggml.token_type_count".to_owned(), Value::U8(2))].into(),
            ..TokenizerFields::default()
        }
    }

    #[test]
    fn keys_are_read_as_what_they_were_written_of() {
        let mut keys = fields().keys();
        assert_eq!(keys["tokenizer.ggml.bos_token_id"], Value::U32(2));
        keys.insert("tokenization".to_owned(), Value::U8(1));
        assert_eq!(TokenizerFields::read(&keys), Ok(Some(fields())));
        assert_eq!(TokenizerFields::read(&BTreeMap::new()), Ok(None));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let refused = |key: &str, value: Value| {
            let mut keys = fields().keys();
            keys.insert(key.to_owned(), value);
            TokenizerFields::read(&keys).unwrap_err().to_string()
        };
        let error = refused(TOKENS, Value::U8(1));
        assert!(
            error.contains("`tokenizer.ggml.tokens` is of another kind"),
            "{error}"
        );
        let error = refused(TYPES, Value::List(List::I32(vec![1])));
        assert!(
            error.contains("has 1 numbers") && error.contains("3 tokens"),
            "{error}"
        );
        let error = refused("tokenizer.ggml.eos_token_id", Value::U32(3));
        assert!(error.contains("`tokenizer.ggml.eos_token_id = 3`"), "{error}");
    }
}
