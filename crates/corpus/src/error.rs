use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use triaxis_units::Bytes;

use crate::manifest::FORMAT;

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
    /// A pattern, or several, by which no file is read.
    #[error("source `{name}`: `{pattern}` {found}")]
    NoMatch {
        /// The source's name.
        name: String,
        /// The pattern as written.
        pattern: String,
        /// What it matches instead, and what to do.
        found: String,
    },
    /// A source with files but no usable document.
    #[error(
        "source `{name}` holds no usable document: of {files} files, {left_out}; correct its include patterns, its \
         settings or the limits, or remove the source"
    )]
    EmptySource {
        /// The source's name.
        name: String,
        /// Files read.
        files: u64,
        /// What was in them, by reason.
        left_out: String,
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
    /// Text that cannot be used, with `strict`.
    #[error("{place}: correct or exclude it, or set `strict = false` to leave out and count such text")]
    Unusable {
        /// The file, where in it, and what is wrong there.
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
    /// A Parquet file without the column, or with another type in it.
    #[error(
        "{}: `{column}` is no column with one text a row: set `field` to one that is; the file has {}",
        path.display(), columns.join(", ")
    )]
    Column {
        /// The file.
        path: PathBuf,
        /// The column asked for.
        column: String,
        /// The columns there are, and what they hold.
        columns: Vec<String>,
    },
    /// A Parquet column in a codec that is not read.
    #[error(
        "{}: column `{column}` is compressed with {codec}, which is not read: write the file again with zstd, \
         snappy, gzip or lz4, as by `compression=\"zstd\"` of pandas and pyarrow",
        path.display()
    )]
    Codec {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The codec.
        codec: String,
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
    /// A tokenizer that loses text, where that is not allowed.
    #[error(
        "tokenizer: text does not come back from its tokens: of a document of {document} {survives} do, {example}; \
         bits per byte of such tokens compare with nothing: use a byte-level tokenizer, or set `lossy = true` beside \
         `file` to measure them on the text that comes back"
    )]
    Lossy {
        /// A document of the validation text.
        document: Bytes,
        /// What of it comes back.
        survives: Bytes,
        /// Where it differs first.
        example: String,
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
    /// A prepared corpus of another version of this program.
    #[error("{} {}; remove the folder and prepare the corpus again", folder.display(), of_format(*format))]
    OtherVersion {
        /// Its folder.
        folder: PathBuf,
        /// Version of its layout.
        format: u64,
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

fn of_format(format: u64) -> String {
    format!("was made by another version of this program (its format is {format}, and {FORMAT} is read)")
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

    /// What is wrong with a prepared corpus that must be made again, to stand after its name; nothing of
    /// other failures.
    pub fn unusable(&self) -> Option<String> {
        match self {
            Self::DamagedShard { path, detail } => {
                let file = path.file_name().unwrap_or_default();
                Some(format!("is damaged ({}: {detail})", file.display()))
            }
            Self::OtherVersion { format, .. } => Some(of_format(*format)),
            _ => None,
        }
    }

    /// Whether the machine is the cause, and not what was asked of it.
    pub fn is_machine(&self) -> bool {
        matches!(self, Self::Io { .. } | Self::DiskFull { .. })
    }

    /// Whether the disk is full.
    pub fn is_storage_full(&self) -> bool {
        matches!(self, Self::DiskFull { .. })
    }

    /// As [`io`](Self::io), for a file that a prepared corpus has: one that is not there is damage.
    pub(crate) fn io_of_part(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::NotFound => Self::DamagedShard {
                path,
                detail: "it is not there".to_owned(),
            },
            _ => Self::io(action, &path)(source),
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
