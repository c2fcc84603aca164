use std::io;
use std::path::Path;

use thiserror::Error;
use triaxis_corpus::CorpusError;
use triaxis_duplicates::DuplicatesError;
use triaxis_filters::Refused;
use triaxis_host::{Kind, fault};
use triaxis_tokens::TokensError;

/// Why documents could not be curated. Every message names the value, the rule and the remedy.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct CurationError {
    kind: Kind,
    message: String,
    source: Option<io::Error>,
}

impl CurationError {
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

    /// An output that is not as it was written.
    pub(crate) fn damaged(path: &Path, detail: impl std::fmt::Display) -> Self {
        let message = format!(
            "{} is damaged ({detail}): remove the output folder and curate again",
            path.display()
        );
        Self::new(Kind::Damaged, message)
    }

    /// For `map_err`: a failure of the system with what was tried, on what.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        fault::failed(action, path, |kind, message, source| Self {
            source: Some(source),
            ..Self::new(kind, message)
        })
    }

    /// What is wrong with a step, by its number from 0.
    pub(crate) fn of_step(number: usize, error: Self) -> Self {
        let message = format!("step {}: {}", number + 1, error.message);
        Self { message, ..error }
    }
}

impl From<CorpusError> for CurationError {
    fn from(error: CorpusError) -> Self {
        Self::new(error.kind(), error.to_string())
    }
}

impl From<DuplicatesError> for CurationError {
    fn from(error: DuplicatesError) -> Self {
        Self::new(error.kind(), error.to_string())
    }
}

impl From<TokensError> for CurationError {
    fn from(error: TokensError) -> Self {
        Self::new(error.kind(), error.to_string())
    }
}

impl From<Refused> for CurationError {
    fn from(refused: Refused) -> Self {
        Self::input(format!(
            "`{} = {}`: {}",
            refused.name, refused.value, refused.rule
        ))
    }
}
