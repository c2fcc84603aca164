use std::io;
use std::path::Path;

use thiserror::Error;
use triaxis_host::{Kind, fault};
use triaxis_tokens::TokensError;

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

    /// For `map_err`, where `path` is read by a decoder: what the system says goes through it as it is, the rest is
    /// its own word on the file.
    pub(crate) fn decoding(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        move |error| match error.raw_os_error() {
            Some(_) => Self::io("read", path)(error),
            None => Self::undecodable(path, error.to_string()),
        }
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
        fault::failed(action, path, |kind, message, source| Self {
            source: Some(source),
            ..Self::new(kind, message)
        })
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

impl From<TokensError> for CorpusError {
    fn from(error: TokensError) -> Self {
        let (kind, message) = (error.kind(), error.to_string());
        Self {
            source: error.into_source(),
            ..Self::new(kind, message)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read, Write};

    use flate2::bufread::MultiGzDecoder;

    use super::*;

    /// A disk that fails after some bytes.
    struct Failing<'b>(&'b [u8]);

    impl Read for Failing<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            match self.0.is_empty() {
                true => Err(io::Error::from_raw_os_error(5)),
                false => self.0.read(out),
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_disk_that_fails_under_a_decoder_damages_no_file() {
        let text = b"a text that is long enough to be cut within its packed form".repeat(40);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&text).unwrap();
        let gzip = gzip.finish().unwrap();
        let zstandard = zstd::encode_all(&text[..], 1).unwrap();
        let path = Path::new("a.jsonl.gz");
        for cut in [gzip.len() / 2, gzip.len() - 1] {
            let unpacked =
                |input: &mut dyn Read| io::read_to_string(MultiGzDecoder::new(BufReader::new(input)));
            let failed = unpacked(&mut Failing(&gzip[..cut])).map_err(CorpusError::decoding(path));
            assert_eq!(failed.unwrap_err().kind(), Kind::Machine);
            let damaged = unpacked(&mut &gzip[..cut]).map_err(CorpusError::decoding(path));
            let damaged = damaged.unwrap_err();
            assert_eq!(damaged.kind(), Kind::Input);
            assert!(damaged.to_string().contains("is damaged or cut off"), "{damaged}");
        }
        let cut = &zstandard[..zstandard.len() / 2];
        let unpacked = zstd::Decoder::new(Failing(cut)).and_then(io::read_to_string);
        let failed = unpacked.map_err(CorpusError::decoding(path)).unwrap_err();
        assert_eq!(failed.kind(), Kind::Machine, "{failed}");
    }

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
