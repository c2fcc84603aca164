use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use triaxis_units::Bytes;

/// Why a corpus could not be read, made or opened. Every message names the value, the rule and the
/// remedy. After any of them the output folder is as it was before.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CorpusError {
    /// A value of the spec that no corpus can be made from.
    #[error("`{key} = {value}`: {rule}")]
    Spec {
        /// The key, with the source it belongs to.
        key: String,
        /// Its value.
        value: String,
        /// The rule it breaks, and what to do.
        rule: String,
    },
    /// A pattern that matches no file.
    #[error(
        "source `{name}`: `{pattern}` matches no file under {}: correct the pattern or remove it \
         (folders and files whose names start with a dot are never read)",
        base.display()
    )]
    NoMatch {
        /// The source's name.
        name: String,
        /// The pattern as written.
        pattern: String,
        /// The folder it starts from.
        base: PathBuf,
    },
    /// A source with files but no usable document.
    #[error(
        "source `{name}` holds no usable document: of {files} files, {not_utf8} documents are not UTF-8, \
         {too_small} below minimum_document, {too_large} above maximum_document and {duplicates} \
         duplicates of earlier documents; correct its include patterns, the limits, or remove the source"
    )]
    EmptySource {
        /// The source's name.
        name: String,
        /// Files read.
        files: u64,
        /// Documents skipped as not UTF-8.
        not_utf8: u64,
        /// Documents skipped as too small.
        too_small: u64,
        /// Documents skipped as too large.
        too_large: u64,
        /// Documents dropped as duplicates.
        duplicates: u64,
    },
    /// More text asked for than a source has.
    #[error(
        "source `{name}` is too small: {validation} of validation and {train} of training text are asked \
         of it, and it has {available} of unique text, so that the training text would be {epochs:.1} \
         epochs over what is left; the largest `sample` that the weights allow is {largest} ({} bytes): \
         ask for less, change the weights, or add text",
        largest.0
    )]
    NotEnough {
        /// The source's name.
        name: String,
        /// Validation text asked of it.
        validation: Bytes,
        /// Training text asked of it.
        train: Bytes,
        /// Unique text it has.
        available: Bytes,
        /// Times the asked training text exceeds what the validation text leaves.
        epochs: f64,
        /// The largest sample that no source is too small for.
        largest: Bytes,
    },
    /// A document that is not UTF-8, with `strict`.
    #[error(
        "{place} is not UTF-8: convert it, exclude it, or set `strict = false` to skip and count such documents"
    )]
    NotUtf8 {
        /// The file, and the document's number in it.
        place: String,
    },
    /// A compressed or Parquet file that cannot be decoded to its end.
    #[error("{} is damaged or cut off ({detail}): fetch or write it again, or exclude it", path.display())]
    DamagedFile {
        /// The file.
        path: PathBuf,
        /// What the decoder met.
        detail: String,
    },
    /// A line of JSON without the text.
    #[error("{}:{line}: {detail}: every line must be a JSON object whose `{field}` is a text; correct the line or set `field`", path.display())]
    JsonLine {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// The field asked for.
        field: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A Parquet file without the column, or with another type in it.
    #[error("{}: no flat text column `{column}`: set `field` to one of {}", path.display(), list(available))]
    Column {
        /// The file.
        path: PathBuf,
        /// The column asked for.
        column: String,
        /// The columns that could be read.
        available: Vec<String>,
    },
    /// Cargo could not tell the locked packages.
    #[error(
        "`cargo metadata --locked` failed in {}: {detail}: run `cargo fetch --locked` there once while the \
         package registry can be reached",
        folder.display()
    )]
    Cargo {
        /// The folder it ran in.
        folder: PathBuf,
        /// What cargo said.
        detail: String,
    },
    /// A source that changed between the two times it is read.
    #[error("{} changed while it was being read: prepare the corpus again when nothing writes to it", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A tokenizer that cannot be loaded, trained or used.
    #[error("tokenizer: {0}")]
    Tokenizer(String),
    /// Training text with fewer repeated pairs than the vocabulary needs.
    #[error(
        "a vocabulary of {asked} cannot be trained: the training text supports {reached} at most; \
         set `vocabulary` to {reached} or less, or take more text"
    )]
    Vocabulary {
        /// The size asked for.
        asked: usize,
        /// The size at which no pair of tokens repeats any more.
        reached: usize,
    },
    /// A folder that already holds something else.
    #[error(
        "{} already holds {holds}: choose another output folder, or remove this one if it is no longer needed",
        folder.display()
    )]
    Occupied {
        /// The output folder.
        folder: PathBuf,
        /// What was found in it.
        holds: String,
    },
    /// A prepared corpus whose files are not as they were written.
    #[error("{} is damaged: {detail}; remove the folder and prepare the corpus again", path.display())]
    DamagedShard {
        /// The file.
        path: PathBuf,
        /// How it differs.
        detail: String,
    },
    /// A read beyond the end of a split.
    #[error("tokens {start}..{end} asked of a split of {length}: stay below its length")]
    OutOfRange {
        /// First token asked for.
        start: usize,
        /// One past the last token asked for.
        end: usize,
        /// Tokens in the split.
        length: usize,
    },
    /// The disk is full.
    #[error("no space left on the disk while writing {}: free some or choose a folder on another disk; nothing was changed", path.display())]
    DiskFull {
        /// What was being written.
        path: PathBuf,
    },
    /// Any other failure of the file system.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
}

impl CorpusError {
    /// For `map_err`: an input or output failure with what was tried, on what.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::Io { action, path, source },
        }
    }

    pub(crate) fn spec(key: impl Into<String>, value: impl ToString, rule: impl Into<String>) -> Self {
        Self::Spec {
            key: key.into(),
            value: value.to_string(),
            rule: rule.into(),
        }
    }
}

fn list(names: &[String]) -> String {
    match names {
        [] => "none (the file has no such column)".to_owned(),
        names => names
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use super::CorpusError;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told_apart() {
        use std::io::Write;
        // Every write to this device fails as one to a full disk does.
        let full = Path::new("/dev/full");
        let written = std::fs::OpenOptions::new()
            .write(true)
            .open(full)
            .and_then(|mut file| file.write_all(b"x"));
        let error = written.map_err(CorpusError::io("write", full)).unwrap_err();
        assert!(matches!(error, CorpusError::DiskFull { .. }), "{error}");
    }

    #[test]
    fn other_failures_say_what_was_tried() {
        let refused = io::Error::from(io::ErrorKind::PermissionDenied);
        let error = CorpusError::io("write", Path::new("a/b"))(refused);
        assert_eq!(error.to_string(), "cannot write a/b: permission denied");
    }
}
