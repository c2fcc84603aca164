use std::io;
use std::path::Path;

use thiserror::Error;
use triaxis_host::{Kind, fault};

/// Why a corpus could not be read, made or opened. Every message names the value, the rule and the
/// remedy. After any of them the output folder is as it was before.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct CorpusError {
    kind: Kind,
    message: String,
    unusable: Option<String>,
    source: Option<io::Error>,
}

impl CorpusError {
    /// What is at fault: [`Kind::Damaged`] only where a prepared corpus must be made again.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What is wrong with a prepared corpus that must be made again, to stand after its name; nothing of
    /// other failures.
    pub fn unusable(&self) -> Option<&str> {
        self.unusable.as_deref()
    }

    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            unusable: None,
            source: None,
        }
    }

    /// What was asked for, or the text that it was asked of, is at fault.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::new(Kind::Input, message)
    }

    pub(crate) fn spec(key: impl AsRef<str>, value: impl ToString, rule: impl AsRef<str>) -> Self {
        let (key, value, rule) = (key.as_ref(), value.to_string(), rule.as_ref());
        Self::input(format!("`{key} = {value}`: {rule}"))
    }

    pub(crate) fn tokenizer(message: impl AsRef<str>) -> Self {
        Self::input(format!("tokenizer: {}", message.as_ref()))
    }

    /// For `map_err`, where another thread panicked while it held what this one needs.
    pub(crate) fn stopped<T>(_: T) -> Self {
        Self::new(
            Kind::Machine,
            "another thread stopped: run the same command again",
        )
    }

    /// A compressed or Parquet file among the sources that cannot be decoded to its end.
    pub(crate) fn undecodable(path: &Path, detail: impl AsRef<str>) -> Self {
        let (path, detail) = (path.display(), detail.as_ref());
        Self::input(format!(
            "{path} is damaged or cut off ({detail}): fetch or write it again, or exclude it"
        ))
    }

    /// A prepared corpus with a file that is not as it was written.
    pub(crate) fn damaged(path: &Path, detail: impl AsRef<str>) -> Self {
        let (detail, file) = (detail.as_ref(), path.file_name().unwrap_or_default());
        let unusable = format!("is damaged ({}: {detail})", file.display());
        Self::prepared(path, &format!("is damaged: {detail}"), unusable)
    }

    /// A prepared corpus of which `path` `is` something that it may not be.
    pub(crate) fn prepared(path: &Path, is: &str, unusable: String) -> Self {
        let path = path.display();
        Self {
            unusable: Some(unusable),
            ..Self::new(
                Kind::Damaged,
                format!("{path} {is}; remove the folder and prepare the corpus again"),
            )
        }
    }

    /// For `map_err`: an input or output failure with what was tried, on what.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.display().to_string();
        move |source| {
            let message = format!("cannot {action} {path}: {source}: {}", fault::remedy(&source));
            let mut error = Self::new(Kind::from(&source), message);
            error.source = Some(source);
            error
        }
    }

    /// As [`io`](Self::io), for a file that a prepared corpus has: one that is not there is damage.
    pub(crate) fn io_of_part(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::NotFound => Self::damaged(&path, "it is not there"),
            _ => Self::io(action, &path)(source),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_the_system_say_what_was_tried_and_what_to_do() {
        for (kind, of, said) in [
            (
                io::ErrorKind::PermissionDenied,
                Kind::Path,
                "cannot write a/b: permission denied: change its permissions, or choose a place that you may use",
            ),
            (
                io::ErrorKind::StorageFull,
                Kind::Full,
                "cannot write a/b: no storage space: free some space, or choose a folder on another disk",
            ),
        ] {
            let error = CorpusError::io("write", Path::new("a/b"))(kind.into());
            assert_eq!((error.kind(), error.to_string().as_str()), (of, said));
            assert_eq!(error.unusable(), None);
        }
    }
}
