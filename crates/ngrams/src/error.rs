use std::fmt::Display;
use std::io;
use std::path::Path;

use thiserror::Error;
use triaxis_duplicates::DuplicatesError;
use triaxis_host::{Kind, fault};
use triaxis_tokens::TokensError;

/// Why a model could not be made, read or asked. Every message names the value, the rule and the remedy.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct NgramsError {
    kind: Kind,
    message: String,
    source: Option<io::Error>,
}

impl NgramsError {
    /// What is at fault.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    /// What was asked for, or the text that it was asked of, is at fault.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::new(Kind::Input, message)
    }

    /// A setting that breaks its rule.
    pub(crate) fn setting(key: &str, value: impl Display, rule: impl Display) -> Self {
        Self::input(format!("`{key} = {value}`: {rule}"))
    }

    /// A file that is no model, by the line where that shows.
    pub(crate) fn at_line(name: &str, line: u64, what: impl Display) -> Self {
        Self::input(format!(
            "{name}:{line}: {what}: give a whole ARPA file, as `triaxis corpus perplexity train` or lmplz writes it"
        ))
    }

    /// For `map_err`: a failure of the system with what was tried, on what.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        fault::failed(action, path, |kind, message, source| Self {
            source: Some(source),
            ..Self::new(kind, message)
        })
    }
}

impl From<DuplicatesError> for NgramsError {
    fn from(error: DuplicatesError) -> Self {
        Self::new(error.kind(), error.to_string())
    }
}

impl From<TokensError> for NgramsError {
    fn from(error: TokensError) -> Self {
        Self::new(error.kind(), error.to_string())
    }
}
