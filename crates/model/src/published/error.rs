use std::io;
use std::path::PathBuf;

use thiserror::Error;
use triaxis_host::{Kind, fault};

use crate::error::ModelError;

/// Why a published model could not be read or written.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct PublishedError {
    kind: Kind,
    message: String,
    source: Option<io::Error>,
}

impl PublishedError {
    /// What is at fault.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn new(kind: Kind, message: String) -> Self {
        Self {
            kind,
            message,
            source: None,
        }
    }

    pub(crate) fn input(message: String) -> Self {
        Self::new(Kind::Input, message)
    }

    /// Wraps what the system said about `path`.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| {
            let message = format!(
                "{action} {}: {source}; {}",
                path.display(),
                fault::remedy(&source)
            );
            let mut error = Self::new(Kind::from(&source), message);
            error.source = Some(source);
            error
        }
    }
}

impl From<ModelError> for PublishedError {
    fn from(error: ModelError) -> Self {
        Self::input(error.to_string())
    }
}
