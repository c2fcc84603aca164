use std::io;
use std::path::PathBuf;

use thiserror::Error;
use triaxis_host::{Kind, fault};
use triaxis_model::ModelError;

/// Why training could not go on; [`Kind::Input`] is what its configuration or text is at fault for. That a run
/// diverged is a result, not an error: [`Status::Diverged`](crate::Status::Diverged).
#[derive(Debug, Error)]
#[error("{message}")]
pub struct TrainError {
    kind: Kind,
    message: String,
    source: Option<io::Error>,
}

impl TrainError {
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

    /// A text of too few tokens: the `training` or `validation` split.
    pub(crate) fn too_few(split: &str, tokens: usize, needed: usize) -> Self {
        Self::new(
            Kind::Input,
            format!(
                "the {split} split has {tokens} tokens and one sequence needs {needed}; give more text, or shorten \
                 `context`"
            ),
        )
    }

    /// The observer asked to stop after so many steps of the trunk or branch at hand.
    pub(crate) fn stopped(step: u64) -> Self {
        let message = format!("stopped at step {step} as asked; run again to continue from there");
        Self::new(Kind::Machine, message)
    }

    /// Wraps what the system said about `path`.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| {
            let path = path.display();
            let remedy = fault::remedy(&source);
            let message = format!("{action} {path}: {source}; {remedy}");
            let mut error = Self::new(Kind::from(&source), message);
            error.source = Some(source);
            error
        }
    }
}

impl From<ModelError> for TrainError {
    fn from(error: ModelError) -> Self {
        Self::new(Kind::Input, error.to_string())
    }
}
