//! Lines of JSON, and those between two passes, each with the place of its document before it.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use triaxis_duplicates::Position;

use crate::{CurationError, parquet};

/// Lines as they are written, each with the text that its document has.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    bytes: Vec<u8>,
    /// Where each ends, and the bytes of its text.
    ends: Vec<(usize, u64)>,
    is_placed: bool,
}

impl Lines {
    /// None yet. Before those that are placed stands where their document is in the corpus.
    pub(crate) fn new(is_placed: bool) -> Self {
        Self {
            is_placed,
            ..Self::default()
        }
    }

    /// Adds a document with so many bytes of text.
    pub(crate) fn push(
        &mut self,
        position: Position,
        line: &impl Serialize,
        text: usize,
    ) -> Result<(), CurationError> {
        if self.is_placed {
            let Position { file, record } = position;
            let written = write!(self.bytes, "{file} {record} {text} ");
            written.map_err(CurationError::io("write", Path::new("a line")))?;
        }
        let written = serde_json::to_writer(&mut self.bytes, line);
        written.map_err(|error| {
            CurationError::input(format!("a document cannot be written: {error}: exclude it"))
        })?;
        self.end(text as u64);
        Ok(())
    }

    /// Adds a line that was written before.
    pub(crate) fn push_written(&mut self, line: &str, text: u64) {
        self.bytes.extend_from_slice(line.as_bytes());
        self.end(text);
    }

    fn end(&mut self, text: u64) {
        self.bytes.push(b'\n');
        self.ends.push((self.bytes.len(), text));
    }

    /// Each line with its end, and the bytes of its document's text.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&str, u64)> {
        let all = std::str::from_utf8(&self.bytes).expect("JSON and what was read as text are UTF-8");
        let mut start = 0;
        self.ends.iter().map(move |&(end, text)| {
            let line = &all[start..end];
            start = end;
            (line, text)
        })
    }
}

/// A line with its document's place.
pub(crate) struct Placed<'l> {
    pub(crate) position: Position,
    /// Bytes of its text.
    pub(crate) text: u64,
    /// The line, without its end.
    pub(crate) line: &'l str,
}

impl<'l> Placed<'l> {
    /// Takes the place off a line that [`Lines`] wrote.
    pub(crate) fn read(path: &Path, line: &'l [u8]) -> Result<Self, CurationError> {
        let damaged = || CurationError::damaged(path, "a line has no place");
        let line = std::str::from_utf8(line).map_err(|error| CurationError::damaged(path, error))?;
        let mut parts = line.splitn(4, ' ');
        let mut number = || parts.next()?.parse::<u64>().ok();
        let numbers = [number(), number(), number()];
        let ([Some(file), Some(record), Some(text)], Some(line)) = (numbers, parts.next()) else {
            return Err(damaged());
        };
        let narrow = |number| u32::try_from(number).map_err(|_| damaged());
        Ok(Self {
            position: Position::new(narrow(file)?, narrow(record)?),
            text,
            line: line.strip_suffix('\n').unwrap_or(line),
        })
    }
}

/// The lines of a file that was written here, or its rows as such lines.
pub(crate) fn lines(path: &Path) -> Result<Box<dyn BufRead>, CurationError> {
    if path
        .extension()
        .is_some_and(|extension| extension == parquet::EXTENSION)
    {
        return parquet::read(path);
    }
    let file = File::open(path).map_err(CurationError::io("open", path))?;
    let unpacked = zstd::Decoder::new(file).map_err(CurationError::io("read", path))?;
    Ok(Box::new(BufReader::with_capacity(1 << 16, unpacked)))
}

/// Puts the next line into `line`; whether there was one.
pub(crate) fn next_line(
    lines: &mut impl BufRead,
    path: &Path,
    line: &mut Vec<u8>,
) -> Result<bool, CurationError> {
    line.clear();
    let length = lines.read_until(b'\n', line);
    Ok(length.map_err(CurationError::io("read", path))? > 0)
}

/// What a line holds.
pub(crate) fn parsed<T: DeserializeOwned>(path: &Path, line: &[u8]) -> Result<T, CurationError> {
    serde_json::from_slice(line).map_err(|error| CurationError::damaged(path, error))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_placed_line_is_read_as_it_was_written_and_another_is_damage() {
        let mut lines = Lines::new(true);
        lines
            .push(Position::new(7, u32::MAX), &"a text\nof 2 lines", 17)
            .unwrap();
        let (line, text) = lines.each().next().unwrap();
        let placed = Placed::read(Path::new("file"), line.as_bytes()).unwrap();
        assert_eq!(
            (placed.position, placed.text, text),
            (Position::new(7, u32::MAX), 17, 17)
        );
        assert_eq!(placed.line, r#""a text\nof 2 lines""#);
        for other in [
            "",
            "1 2 3",
            "1 2 x {}",
            "-1 2 3 {}",
            "4294967296 2 3 {}",
            "1 2 3{}\n",
            "\u{e9} 2 3 {}",
        ] {
            let error = Placed::read(Path::new("file"), other.as_bytes())
                .map(drop)
                .unwrap_err();
            assert!(error.to_string().contains("file is damaged"), "{error}");
        }
        assert!(Placed::read(Path::new("file"), b"1 2 3 \xff").is_err());
    }
}
