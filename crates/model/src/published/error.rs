use std::error::Error as Cause;
use std::io;
use std::path::Path;

use thiserror::Error;
use triaxis_containers::ContainerError;
use triaxis_host::{Kind, fault};

use crate::error::ModelError;

/// Why a published model could not be read or written.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct PublishedError {
    kind: Kind,
    message: String,
    source: Option<Box<dyn Cause + Send + Sync>>,
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
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| {
            let message = format!(
                "{action} {}: {source}; {}",
                path.display(),
                fault::remedy(&source)
            );
            Self {
                kind: Kind::from(&source),
                message,
                source: Some(source.into()),
            }
        }
    }
}

impl From<ContainerError> for PublishedError {
    fn from(error: ContainerError) -> Self {
        Self {
            kind: error.kind(),
            message: error.to_string(),
            source: Some(error.into()),
        }
    }
}

impl From<ModelError> for PublishedError {
    fn from(error: ModelError) -> Self {
        Self::input(error.to_string())
    }
}
