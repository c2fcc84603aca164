use std::fmt::Display;
use std::io;
use std::path::Path;

use thiserror::Error;
use triaxis_host::{Kind, fault};

/// Why copies could not be looked for, or what was found not be read. Every message names the value, the rule and
/// the remedy.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct DuplicatesError {
    kind: Kind,
    message: String,
    source: Option<io::Error>,
}

impl DuplicatesError {
    /// What is at fault.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    fn new(kind: Kind, message: String) -> Self {
        Self {
            kind,
            message,
            source: None,
        }
    }

    /// A setting that breaks its rule.
    pub(crate) fn setting(key: &str, value: impl Display, rule: impl Display) -> Self {
        Self::new(Kind::Input, format!("`{key} = {value}`: {rule}"))
    }

    /// What was asked for, or the text that it was asked of, is at fault.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::new(Kind::Input, message.into())
    }

    /// More than the memory that may be used.
    pub(crate) fn memory(message: impl Into<String>) -> Self {
        Self::new(Kind::Machine, message.into())
    }

    /// A file that is not as it was written.
    pub(crate) fn damaged(path: &Path, detail: impl Display) -> Self {
        Self::new(
            Kind::Damaged,
            format!(
                "{} is damaged ({detail}): remove it and make it again, or give a whole copy",
                path.display()
            ),
        )
    }

    /// A file that is whole and of another kind or of other settings.
    pub(crate) fn foreign(path: &Path, holds: impl Display, asked: impl Display) -> Self {
        Self::new(
            Kind::Input,
            format!(
                "{} holds {holds}, and {asked} is asked for: give a file of that, or make it again",
                path.display()
            ),
        )
    }

    /// For `map_err`: a failure of the system with what was tried, on what.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        fault::failed(action, path, |kind, message, source| Self {
            source: Some(source),
            ..Self::new(kind, message)
        })
    }
}
