//! Choices that are given as a name alone, or as a table of their `kind` with its settings.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

/// Reads one.
pub(crate) fn named<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let settings = match Value::deserialize(deserializer)? {
        Value::String(name) => json!({ "kind": name }),
        settings @ Value::Object(_) => settings,
        other => {
            return Err(D::Error::custom(format!(
                "{other} is neither a name in quotes nor a table of a `kind` with its settings; give one of these"
            )));
        }
    };
    serde_json::from_value(settings).map_err(D::Error::custom)
}
