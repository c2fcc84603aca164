use std::fmt::Display;

use thiserror::Error;

/// Why a task cannot be drawn: always what was asked for, as a message that names the value, the rule and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ProbeError(String);

impl ProbeError {
    pub(crate) fn new(message: impl Display) -> Self {
        Self(message.to_string())
    }
}
