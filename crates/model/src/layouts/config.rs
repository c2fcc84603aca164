use std::fmt::Display;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::{ModelError, rule};

/// A published `config.json`, read field by field. A field that is null counts as left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Config(Map<String, Value>);

impl Config {
    /// The fields of a text.
    ///
    /// # Errors
    /// When it is no JSON object.
    ///
    /// ```
    /// use triaxis_model::layouts::Config;
    /// assert_eq!(Config::parse(r#"{"model_type": "llama"}"#)?.model_type()?, "llama");
    /// // Python writes numbers that JSON does not have.
    /// assert!(Config::parse(r#"{"time_step_limit": [0.0, Infinity]}"#).is_ok());
    /// assert!(Config::parse("[]").is_err());
    /// # Ok::<(), triaxis_model::ModelError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let damaged = |error: &dyn Display| {
            let remedy = "fetch the file again, or write it anew";
            ModelError(format!("it is no JSON object of settings: {error}; {remedy}"))
        };
        match serde_json::from_str(&quoted(text)) {
            Ok(value) => match unwrapped(value) {
                Value::Object(fields) => Ok(Self(fields)),
                _ => Err(damaged(&"it is another value")),
            },
            Err(error) => Err(damaged(&error)),
        }
    }

    /// The name of the family that it is in the words of.
    ///
    /// # Errors
    /// When it tells none.
    pub fn model_type(&self) -> Result<&str, ModelError> {
        self.text("model_type")?
            .ok_or_else(|| left_out("model_type", "a family's name, as `llama`"))
    }

    /// The fields of a field that is an object, none of them where it is left out.
    pub(super) fn within(&self, field: &'static str) -> Result<Self, ModelError> {
        self.read(field, "an object", |value| value.as_object().cloned().map(Self))
            .map(|found| found.unwrap_or_else(|| Self(Map::new())))
    }

    /// Whether it has no fields.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a field is there, and null.
    pub(super) fn is_null(&self, field: &str) -> bool {
        self.0.get(field).is_some_and(Value::is_null)
    }

    /// Whole numbers, where they are given.
    pub(super) fn sizes(&self, field: &'static str) -> Result<Option<Vec<usize>>, ModelError> {
        let whole = |value: &Value| value.as_u64().and_then(|value| usize::try_from(value).ok());
        self.read(field, "a list of whole numbers", |value| {
            value.as_array()?.iter().map(whole).collect()
        })
    }

    /// Texts, where they are given.
    pub(super) fn texts(&self, field: &'static str) -> Result<Option<Vec<&str>>, ModelError> {
        self.read(field, "a list of texts", |value| {
            value.as_array()?.iter().map(Value::as_str).collect()
        })
    }

    /// A whole number.
    pub(super) fn size(&self, field: &'static str) -> Result<usize, ModelError> {
        self.size_if(field)?
            .ok_or_else(|| left_out(field, "a whole number"))
    }

    /// A whole number, where it is given.
    pub(super) fn size_if(&self, field: &'static str) -> Result<Option<usize>, ModelError> {
        let whole = |value: &Value| value.as_u64().and_then(|value| usize::try_from(value).ok());
        self.read(field, "a whole number", whole)
    }

    /// A number, where it is given.
    pub(super) fn number(&self, field: &'static str) -> Result<Option<f64>, ModelError> {
        self.read(field, "a number", Value::as_f64)
    }

    /// A truth value.
    pub(super) fn flag(&self, field: &'static str, default: bool) -> Result<bool, ModelError> {
        Ok(self
            .read(field, "true or false", Value::as_bool)?
            .unwrap_or(default))
    }

    /// A text, where it is given.
    pub(super) fn text(&self, field: &'static str) -> Result<Option<&str>, ModelError> {
        self.read(field, "a text", Value::as_str)
    }

    /// The rule that a field has the only value that is built, where it is given.
    pub(super) fn only(&self, field: &'static str, value: impl Into<Value>) -> Result<(), ModelError> {
        let (found, value) = (self.get(field), value.into());
        rule(
            found.is_none_or(|found| is_same(found, &value)),
            field,
            found.unwrap_or(&value),
            format!("must be {value}, the only one that is built"),
            "take a model that has it",
        )
    }

    /// The rule that a token, or each of several, is one of the vocabulary.
    pub(super) fn token(&self, field: &'static str, vocabulary: usize) -> Result<(), ModelError> {
        let Some(found) = self.get(field) else {
            return Ok(());
        };
        let is_known = |token: &Value| token.as_u64().is_some_and(|token| token < vocabulary as u64);
        rule(
            found
                .as_array()
                .map_or_else(|| is_known(found), |all| all.iter().all(is_known)),
            field,
            found,
            format!("must be below {vocabulary}, the number of tokens"),
            "correct it, or fetch the config again",
        )
    }

    /// What a field has, unless it is left out.
    pub(crate) fn get(&self, field: &str) -> Option<&Value> {
        self.0.get(field).filter(|value| !value.is_null())
    }

    fn read<'a, T>(
        &'a self,
        field: &'static str,
        kind: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, ModelError> {
        let Some(value) = self.get(field) else {
            return Ok(None);
        };
        let found = read(value);
        let must = format!("must be {kind}");
        rule(found.is_some(), field, value, must, "correct the field")?;
        Ok(found)
    }
}

impl From<Map<String, Value>> for Config {
    fn from(fields: Map<String, Value>) -> Self {
        Self(fields)
    }
}

fn left_out(field: &str, kind: &str) -> ModelError {
    ModelError(format!(
        "`{field}` is left out: it must be there, as {kind}; add it"
    ))
}

/// Whether two values are the same, 1 and 1.0 among them.
fn is_same(first: &Value, second: &Value) -> bool {
    match (first, second) {
        (Value::Number(first), Value::Number(second)) => first.as_f64() == second.as_f64(),
        (Value::Array(first), Value::Array(second)) => {
            let mut pairs = first.iter().zip(second);
            first.len() == second.len() && pairs.all(|(first, second)| is_same(first, second))
        }
        _ => first == second,
    }
}

/// The same with quotes around the numbers that Python writes and JSON does not have.
fn quoted(text: &str) -> String {
    let mut is_text = false;
    let parts = text.split('"').map(|part| {
        let quoted = match is_text {
            true => part.to_owned(),
            false => part
                .replace("Infinity", "\"Infinity\"")
                .replace("-\"Infinity\"", "\"-Infinity\"")
                .replace("NaN", "\"NaN\""),
        };
        // A quote after an odd number of backslashes is part of a text.
        let escapes = part.len() - part.trim_end_matches('\\').len();
        is_text = !is_text || escapes % 2 == 1;
        quoted
    });
    parts.collect::<Vec<_>>().join("\"")
}

/// The same with the names of such numbers in place of the objects that transformers 5 wraps them in.
fn unwrapped(value: Value) -> Value {
    match value {
        Value::Object(mut fields) if fields.len() == 1 && fields.contains_key("__float__") => {
            fields.remove("__float__").unwrap_or(Value::Null)
        }
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| (name, unwrapped(value)));
            Value::Object(fields.collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(unwrapped).collect()),
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_python_are_read_and_texts_are_left_alone() {
        let text = r#"{"limit": [0, Infinity, -Infinity, {"__float__": "Infinity"}],
            "text": "an \"Infinity\" \\", "more": NaN}"#;
        let config = Config::parse(text).unwrap();
        let limits = serde_json::json!([0.0, "Infinity", "-Infinity", "Infinity"]);
        assert!(config.only("limit", limits).is_ok());
        assert_eq!(config.text("text").unwrap(), Some("an \"Infinity\" \\"));
        assert_eq!(config.text("more").unwrap(), Some("NaN"));
    }

    #[test]
    fn a_field_of_another_kind_is_named_with_its_value() {
        let config = Config::parse(r#"{"vocab_size": -3, "head_dim": null, "hidden_act": "relu"}"#).unwrap();
        let said = |result: Result<(), ModelError>| result.unwrap_err().to_string();
        let size = |field| said(config.size(field).map(drop));
        assert!(
            size("vocab_size").contains("`vocab_size = -3`: must be a whole number"),
            "{}",
            size("vocab_size")
        );
        assert!(size("head_dim").contains("`head_dim` is left out"));
        assert_eq!(config.size_if("head_dim"), Ok(None));
        let error = said(config.only("hidden_act", "silu"));
        assert!(
            error.contains(r#"`hidden_act = "relu"`: must be "silu""#),
            "{error}"
        );
    }
}
