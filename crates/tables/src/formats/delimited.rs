//! Lines of cells between commas, semicolons or tabs, under a heading.

use std::borrow::Cow;
use std::io::{Cursor, Read};
use std::path::Path;

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};

use super::{Cell, Emit, Input, read_line};
use crate::error::TableError;

/// Longest heading.
const LONGEST: u64 = 1 << 20;

pub(crate) struct Delimited<'p> {
    pub(super) path: &'p Path,
    pub(super) input: Input,
}

impl Delimited<'_> {
    pub(super) fn columns(self) -> Result<Vec<String>, TableError> {
        let path = self.path;
        let (mut reader, ahead) = self.reader()?;
        let columns = heading(path, &mut reader)?;
        let mut row = ByteRecord::new();
        match reader
            .read_byte_record(&mut row)
            .map_err(|error| wrong(path, ahead, error))?
        {
            true => Ok(columns),
            false => Err(TableError::Empty { path: path.into() }),
        }
    }

    pub(super) fn rows(self, wanted: &[String], emit: &mut Emit<'_>) -> Result<(), TableError> {
        let path = self.path;
        let (mut reader, ahead) = self.reader()?;
        let columns = heading(path, &mut reader)?;
        let places: Vec<Option<usize>> = wanted
            .iter()
            .map(|name| columns.iter().position(|column| column == name))
            .collect();
        let mut record = ByteRecord::new();
        while reader
            .read_byte_record(&mut record)
            .map_err(|error| wrong(path, ahead, error))?
        {
            let line = ahead + record.position().map_or(0, csv::Position::line);
            let cell = |place: &Option<usize>| {
                let bytes = place
                    .and_then(|place| record.get(place))
                    .unwrap_or_default()
                    .trim_ascii();
                match std::str::from_utf8(bytes) {
                    Ok("") => Cell::Missing,
                    Ok(text) => Cell::Text(Cow::Borrowed(text)),
                    Err(_) => Cell::Other("a text that is not UTF-8"),
                }
            };
            let cells: Vec<Cell<'_>> = places.iter().map(cell).collect();
            emit(line, &cells)?;
        }
        Ok(())
    }

    /// A reader that takes the separator which the heading has most of, and by how many lines its count is
    /// behind: where lines end in two signs it counts a line once the second has been read.
    fn reader(mut self) -> Result<(Reader<impl Read>, u64), TableError> {
        let mut first = Vec::new();
        read_line(&mut self.input, &mut first, LONGEST).map_err(super::damaged(self.path))?;
        let count = |separator: &u8| first.iter().filter(|byte| *byte == separator).count();
        let separator = [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',');
        let ahead = u64::from(first.ends_with(b"\r\n"));
        let whole = Cursor::new(first).chain(self.input);
        Ok((
            ReaderBuilder::new().delimiter(separator).from_reader(whole),
            ahead,
        ))
    }
}

fn heading(path: &Path, reader: &mut Reader<impl Read>) -> Result<Vec<String>, TableError> {
    let header = reader.byte_headers().map_err(|error| wrong(path, 0, error))?;
    let name = |bytes: &[u8]| {
        let name = std::str::from_utf8(bytes).map_err(|_| TableError::Line {
            path: path.into(),
            line: 1,
            problem: "is not UTF-8: save the file as UTF-8 text".into(),
        })?;
        Ok(name.trim().to_owned())
    };
    header.iter().map(name).collect()
}

fn wrong(path: &Path, ahead: u64, error: csv::Error) -> TableError {
    let line = ahead + error.position().map_or(0, csv::Position::line);
    match error.into_kind() {
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => TableError::Ragged {
            path: path.into(),
            line,
            found: len,
            expected: expected_len,
        },
        ErrorKind::Io(source) => super::damaged(path)(source),
        other => TableError::Line {
            path: path.into(),
            line,
            problem: format!("is not CSV ({other:?}): correct it"),
        },
    }
}
