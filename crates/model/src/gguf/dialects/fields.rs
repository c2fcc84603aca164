//! Keys of a file as fields of a config.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use triaxis_containers::gguf::Value;

use super::EMBEDDING;
use crate::error::ModelError;
use crate::layouts::Config;

/// A field of a config that one key says.
pub(in crate::gguf) struct Field {
    /// The key, after the architecture's name and a dot.
    pub(super) key: &'static str,
    /// The field's name in the layout's config.
    pub(super) name: &'static str,
    kind: Kind,
    needed: bool,
}

enum Kind {
    Size,
    Number,
}

impl Field {
    /// A whole number that must be there.
    pub(super) const fn size(key: &'static str, name: &'static str) -> Self {
        Self {
            key,
            name,
            kind: Kind::Size,
            needed: true,
        }
    }

    /// A number that must be there.
    pub(super) const fn number(key: &'static str, name: &'static str) -> Self {
        Self {
            kind: Kind::Number,
            ..Self::size(key, name)
        }
    }

    /// The same where it may be left out.
    pub(super) const fn optional(self) -> Self {
        Self {
            needed: false,
            ..self
        }
    }

    /// What its key says of a config.
    pub(super) fn value(&self, config: &Config) -> Result<Option<Value>, ModelError> {
        let Some(value) = config.get(self.name) else {
            return Ok(None);
        };
        let said = match self.kind {
            Kind::Size => value
                .as_u64()
                .and_then(|value| u32::try_from(value).ok())
                .map(Value::U32),
            Kind::Number => value.as_f64().map(|value| Value::F32(value as f32)),
        };
        let refused = || {
            let most = u32::MAX;
            ModelError(format!(
                "`{} = {value}`: it must be a number, a whole one up to {most}",
                self.name
            ))
        };
        said.map(Some).ok_or_else(refused)
    }
}

/// What a file says: its keys, and the shapes of its tensors.
pub(in crate::gguf) struct Said<'a> {
    architecture: &'static str,
    keys: &'a BTreeMap<String, Value>,
    shape: &'a dyn Fn(&str) -> Option<Vec<usize>>,
    /// What the frequencies of pairs are divided by, where a tensor says it.
    pub(super) divisors: Option<Vec<f32>>,
    /// The keys that were asked for.
    asked: RefCell<BTreeSet<String>>,
}

impl<'a> Said<'a> {
    pub(in crate::gguf) fn new(
        architecture: &'static str,
        keys: &'a BTreeMap<String, Value>,
        shape: &'a dyn Fn(&str) -> Option<Vec<usize>>,
        divisors: Option<Vec<f32>>,
    ) -> Self {
        Self {
            architecture,
            keys,
            shape,
            divisors,
            asked: RefCell::default(),
        }
    }

    /// Whether there is a tensor of that name.
    pub(super) fn has(&self, tensor: &str) -> bool {
        (self.shape)(tensor).is_some()
    }

    /// Tokens, as a key says or the rows of their table.
    pub(super) fn vocabulary(&self) -> Result<u64, ModelError> {
        let rows = || (self.shape)(EMBEDDING).and_then(|shape| shape.first().map(|&rows| rows as u64));
        let said = self.size("vocab_size")?.or_else(rows);
        said.ok_or_else(|| {
            ModelError(format!(
                "there is no tensor `{EMBEDDING}`, which must be there; give the whole model"
            ))
        })
    }

    /// What a key says of a field of a config.
    pub(super) fn field(&self, field: &Field) -> Result<Option<Json>, ModelError> {
        let value = match field.kind {
            Kind::Size => self.size(field.key)?.map(Json::from),
            Kind::Number => self.number(field.key)?.map(Json::from),
        };
        match value {
            None if field.needed => Err(ModelError(format!(
                "`{}` is left out: it must be there, as a number; take a whole file",
                self.full(field.key)
            ))),
            value => Ok(value),
        }
    }

    /// The whole number that a key says, if it is there: of a list, a number a layer, the one that all have.
    pub(super) fn size(&self, key: &str) -> Result<Option<u64>, ModelError> {
        self.read(
            key,
            "a whole number, the same in every layer",
            |value| match value {
                Value::List(list) => {
                    let values = list.values();
                    let first = values.first()?.whole();
                    first.filter(|_| values.iter().all(|value| value.whole() == first))
                }
                value => value.whole(),
            },
        )
    }

    /// The number that a key says, if it is there.
    pub(super) fn number(&self, key: &str) -> Result<Option<f64>, ModelError> {
        self.read(key, "a number", |value| {
            value.number().filter(|number| number.is_finite())
        })
    }

    /// The text that a key says, if it is there.
    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>, ModelError> {
        self.read(key, "a text", Value::text)
    }

    /// The truth value that a key says, if it is there.
    pub(super) fn truth(&self, key: &str) -> Result<Option<bool>, ModelError> {
        self.read(key, "true or false", Value::truth)
    }

    /// The rule that no key of the architecture says what was not asked for, and that is more than nothing.
    pub(super) fn all_are_known(&self) -> Result<(), ModelError> {
        let asked = self.asked.borrow();
        let prefix = format!("{}.", self.architecture);
        let is_nothing = |value: &Value| value.number() == Some(0.0) || value.truth() == Some(false);
        let mut others = self
            .keys
            .iter()
            .filter(|(key, value)| key.starts_with(&prefix) && !asked.contains(*key) && !is_nothing(value));
        match others.next() {
            Some((key, value)) => Err(ModelError(format!(
                "`{key} = {}`: nothing that is built here does what it asks for; take a model without it",
                shown(value)
            ))),
            None => Ok(()),
        }
    }

    fn full(&self, key: &str) -> String {
        format!("{}.{key}", self.architecture)
    }

    fn read<T>(
        &self,
        key: &str,
        kind: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, ModelError> {
        let key = self.full(key);
        let value = self.keys.get(&key);
        self.asked.borrow_mut().insert(key.clone());
        let Some(value) = value else {
            return Ok(None);
        };
        let refused = || {
            ModelError(format!(
                "`{key} = {}`: it must be {kind}; take a whole file",
                shown(value)
            ))
        };
        read(value).map(Some).ok_or_else(refused)
    }
}

/// A value in a message, shortly.
fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("{:?}", text.chars().take(40).collect::<String>()),
        Value::List(list) => format!("a list of {}", list.len()),
        Value::Bool(value) => value.to_string(),
        value => value
            .number()
            .map_or_else(|| format!("{value:?}"), |number| number.to_string()),
    }
}
