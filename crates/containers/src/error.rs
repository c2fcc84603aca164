use std::fmt::Display;
use std::io;
use std::path::Path;

use thiserror::Error;
use triaxis_host::{Kind, fault};

/// Why a container could not be read or written.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct ContainerError {
    kind: Kind,
    message: String,
    source: Option<io::Error>,
}

impl ContainerError {
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

    /// That a file is not what it must be. It is what was asked for: it fails so whenever it is tried.
    pub(crate) fn damaged(path: &Path, what: &str, reason: impl Display) -> Self {
        Self::input(format!("{} is no {what}: {reason}", path.display()))
    }

    /// Wraps what the system said about `path`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| {
            let message = format!(
                "{action} {}: {source}; {}",
                path.display(),
                fault::remedy(&source)
            );
            let kind = match Kind::from(&source) {
                Kind::Damaged => Kind::Input,
                kind => kind,
            };
            Self {
                kind,
                message,
                source: Some(source),
            }
        }
    }
}
