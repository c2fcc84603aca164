use std::fmt::Display;

use thiserror::Error;

/// Why a search cannot be done, or an estimate made: a message that names the value, the rule and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct SearchError(String);

impl SearchError {
    /// An error with this message.
    pub fn new(message: impl Display) -> Self {
        Self(message.to_string())
    }
}
