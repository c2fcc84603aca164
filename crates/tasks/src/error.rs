use std::fmt::Display;

use thiserror::Error;

/// Why a task, a problem or a checker cannot be had: a message that names the value, the rule and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct TaskError(String);

impl TaskError {
    pub(crate) fn new(message: impl Display) -> Self {
        Self(message.to_string())
    }
}
