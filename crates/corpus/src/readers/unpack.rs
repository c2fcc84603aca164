//! Files that are plain or compressed, told by their first bytes, whatever their names.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use triaxis_host::text::BUFFER;
use triaxis_units::Bytes;

use super::open;
use crate::CorpusError;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTANDARD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// What any compressed file may hold.
const HELD_ANYWAY: Bytes = Bytes(1 << 30);
/// How many times its size a larger one may hold. Text shrinks by 3 to 20; what shrinks by more is there to fill disks.
const MOST_RATIO: u64 = 500;

/// A file as it was before it was compressed, if it was.
pub(super) struct Unpacked {
    pub(super) input: Box<dyn BufRead>,
    is_packed: bool,
}

impl Unpacked {
    pub(super) fn open(path: &Path) -> Result<Self, CorpusError> {
        let failed = |error| CorpusError::io("read", path)(error);
        let file = open(path)?;
        let size = file.metadata().map_err(failed)?.len();
        let mut plain = BufReader::with_capacity(BUFFER, file);
        let start = plain.fill_buf().map_err(failed)?;
        let packed: Box<dyn Read> = if start.starts_with(GZIP) {
            Box::new(MultiGzDecoder::new(plain))
        } else if start.starts_with(ZSTANDARD) {
            Box::new(zstd::Decoder::with_buffer(plain).map_err(failed)?)
        } else {
            let input = Box::new(plain);
            return Ok(Self {
                input,
                is_packed: false,
            });
        };
        Ok(Self {
            input: Box::new(BufReader::with_capacity(BUFFER, Bounded::new(packed, size))),
            is_packed: true,
        })
    }

    /// What it means that `path` could not be read on.
    pub(super) fn failure<'p>(&self, path: &'p Path) -> impl Fn(io::Error) -> CorpusError + use<'p> {
        let is_packed = self.is_packed;
        move |error| match is_packed {
            true => CorpusError::decoding(path)(error),
            false => CorpusError::io("read", path)(error),
        }
    }
}

/// What comes out of a decoder, up to a bound.
struct Bounded<R> {
    input: R,
    left: u64,
    most: Bytes,
}

impl<R: Read> Bounded<R> {
    /// Of a file of so many bytes.
    fn new(input: R, size: u64) -> Self {
        let most = HELD_ANYWAY.0.max(size.saturating_mul(MOST_RATIO));
        Self {
            input,
            left: most,
            most: Bytes(most),
        }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(out)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            let most = self.most;
            io::Error::other(format!(
                "it holds more than {most}: a compressed file may hold {HELD_ANYWAY}, or {MOST_RATIO} times its size"
            ))
        })?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_more_than_text_can_is_no_text() {
        let zeros = || io::repeat(0);
        let count = |input: Bounded<io::Repeat>| io::copy(&mut { input }, &mut io::sink());
        let error = count(Bounded::new(zeros(), 1000)).unwrap_err().to_string();
        assert!(error.contains("it holds more than 1GiB"), "{error}");
        let most = 3 << 20;
        let larger = Bounded::new(zeros(), most);
        assert_eq!(larger.most, Bytes(most * MOST_RATIO));
        let text = Bounded::new(&b"text"[..], 1);
        assert_eq!(io::read_to_string(text).unwrap(), "text");
    }
}
