//! Lines of cells between commas, semicolons, tabs or bars, under a heading.

use std::borrow::Cow;
use std::io::{Cursor, Read};
use std::path::Path;

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};

use super::{Cell, Emit, Format, Input, read_line};
use crate::error::TableError;

/// Longest heading.
const LONGEST: u64 = 1 << 20;

pub(super) struct Delimited<'p> {
    pub(super) path: &'p Path,
    pub(super) input: Input,
}

/// Lines of a text whose separator is known.
struct Lines {
    reader: Reader<Box<dyn Read>>,
    /// By how many lines the reader's count is behind: where lines end in two signs it counts a line once
    /// the second has been read.
    ahead: u64,
    /// Whether a comma may be a decimal point, as it is not what parts the cells.
    comma: bool,
}

impl Format for Delimited<'_> {
    fn counted_in(&self) -> &'static str {
        "line"
    }

    fn columns(self: Box<Self>) -> Result<Vec<String>, TableError> {
        let path = self.path;
        let Lines {
            mut reader, ahead, ..
        } = self.lines()?;
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

    fn rows(self: Box<Self>, wanted: &[String], emit: &mut Emit<'_>) -> Result<(), TableError> {
        let path = self.path;
        let Lines {
            mut reader,
            ahead,
            comma,
        } = self.lines()?;
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
                    Ok(text) if comma && text.contains(',') => decimal(text),
                    Ok(text) => Cell::Text(Cow::Borrowed(text)),
                    Err(_) => Cell::Other("a text that is not UTF-8"),
                }
            };
            let cells: Vec<Cell<'_>> = places.iter().map(cell).collect();
            emit(line, &cells)?;
        }
        Ok(())
    }
}

impl Delimited<'_> {
    /// Takes the separator which the heading has most of.
    fn lines(mut self) -> Result<Lines, TableError> {
        let mut first = Vec::new();
        read_line(&mut self.input, &mut first, LONGEST).map_err(super::damaged(self.path))?;
        let count = |separator: &u8| first.iter().filter(|byte| *byte == separator).count();
        let separator = [b'\t', b'|', b';', b',']
            .into_iter()
            .max_by_key(count)
            .unwrap_or(b',');
        let ahead = u64::from(first.ends_with(b"\r\n"));
        let whole: Box<dyn Read> = Box::new(Cursor::new(first).chain(self.input));
        Ok(Lines {
            reader: ReaderBuilder::new().delimiter(separator).from_reader(whole),
            ahead,
            comma: separator != b',',
        })
    }
}

/// A cell with a comma in a file that parts its cells otherwise: a number with a decimal comma, or a text.
/// Three digits behind the only comma could be either thousands or decimals, so nothing is guessed.
fn decimal(text: &str) -> Cell<'_> {
    let other = Cell::Text(Cow::Borrowed(text));
    let Some((before, after)) = text.split_once(',') else {
        return other;
    };
    let with_point = format!("{before}.{after}");
    let is_number = before
        .trim_start_matches(['+', '-'])
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        && with_point.parse::<f64>().is_ok();
    match after.len() {
        _ if !is_number => other,
        3 if !matches!(before.trim_start_matches(['+', '-']), "" | "0") => {
            Cell::Other("a number whose comma parts thousands or decimals")
        }
        _ => Cell::Text(Cow::Owned(with_point)),
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
