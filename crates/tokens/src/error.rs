use std::io;
use std::path::Path;

use thiserror::Error;
use triaxis_host::{Kind, fault};

/// Why there is no tokenizer, or a text has no tokens. Every message names the value, the rule and the remedy.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct TokensError {
    kind: Kind,
    message: String,
    source: Option<io::Error>,
}

impl TokensError {
    /// What is at fault.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What the system said, where it was the system's fault.
    pub fn into_source(self) -> Option<io::Error> {
        self.source
    }

    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    /// The tokenizer that was asked for, or the text that was given to it, is at fault.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::new(Kind::Input, message)
    }

    /// The same of the file that it was read from.
    pub(crate) fn of_file(self, path: &Path) -> Self {
        Self {
            message: format!("tokenizer: {}: {}", path.display(), self.message),
            ..self
        }
    }

    /// For `map_err`, where another thread panicked while it held what this one needs.
    pub(crate) fn stopped<T>(_: T) -> Self {
        Self::new(
            Kind::Machine,
            "another thread stopped: run the same command again",
        )
    }

    /// For `map_err`: a file that the system does not let read.
    pub(crate) fn unread(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self {
            kind: Kind::from(&source),
            message: format!(
                "cannot read {}: {source}: {}",
                path.display(),
                fault::remedy(&source)
            ),
            source: Some(source),
        }
    }
}
