use std::fmt::Display;
use std::io;
use std::path::Path;

use thiserror::Error;
use triaxis_host::{Kind, fault};

/// Why texts could not be classified, or a classifier not be read, trained or written. Every message names the value,
/// the rule and the remedy.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct ClassifierError {
    kind: Kind,
    message: String,
    source: Option<io::Error>,
}

impl ClassifierError {
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

    /// What was asked for is at fault.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::new(Kind::Input, message)
    }

    /// That a file is no model that can be used.
    pub(crate) fn no_model(path: &Path, reason: impl Display) -> Self {
        Self::input(format!("{} is no fastText classifier: {reason}", path.display()))
    }

    /// For `map_err`: a failure of the system with what was tried, on what.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        fault::failed(action, path, |kind, message, source| Self {
            source: Some(source),
            ..Self::new(kind, message)
        })
    }
}
