//! Lines of cells between commas, semicolons, tabs or bars, under a heading.

use std::borrow::Cow;
use std::cell::Cell as Shared;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::rc::Rc;

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
    /// The last byte read that is no white space.
    last: Rc<Shared<u8>>,
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
        match reader.read_byte_record(&mut row) {
            Ok(true) => Ok(columns),
            // A quote that is not closed makes all the file its heading.
            Ok(false) if columns.iter().any(|name| name.contains('\n')) => Err(unclosed(path, 1)),
            Ok(false) => Err(TableError::empty(path)),
            Err(error) => Err(wrong(path, ahead, error, &row)),
        }
    }

    fn rows(self: Box<Self>, wanted: &[String], emit: &mut Emit<'_>) -> Result<(), TableError> {
        let path = self.path;
        let Lines {
            mut reader,
            ahead,
            comma,
            last,
        } = self.lines()?;
        let columns = heading(path, &mut reader)?;
        let places: Vec<Option<usize>> = wanted
            .iter()
            .map(|name| columns.iter().position(|column| column == name))
            .collect();
        let mut record = ByteRecord::new();
        let mut open = None;
        loop {
            match reader.read_byte_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return Err(wrong(path, ahead, error, &record)),
            }
            let line = ahead + record.position().map_or(0, csv::Position::line);
            open = long_cell(&record).map(|below| line + below);
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
        // The last cell goes over lines to the file's end, and no quote stands there.
        match open.filter(|_| last.get() != b'"') {
            Some(line) => Err(unclosed(path, line)),
            None => Ok(()),
        }
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
        let last = Rc::new(Shared::new(0));
        let whole: Box<dyn Read> = Box::new(Watched {
            input: Cursor::new(first).chain(self.input),
            last: Rc::clone(&last),
        });
        Ok(Lines {
            reader: ReaderBuilder::new().delimiter(separator).from_reader(whole),
            ahead,
            comma: separator != b',',
            last,
        })
    }
}

/// An input whose last byte is known.
struct Watched<R> {
    input: R,
    last: Rc<Shared<u8>>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        if let Some(last) = buffer[..count].trim_ascii_end().last() {
            self.last.set(*last);
        }
        Ok(count)
    }
}

/// How many lines below its first a line's last cell begins, where that cell goes over several.
fn long_cell(record: &ByteRecord) -> Option<u64> {
    let breaks = |cell: &[u8]| cell.iter().filter(|byte| **byte == b'\n').count() as u64;
    let last = record.len().checked_sub(1)?;
    let is_long = record.get(last).is_some_and(|cell| breaks(cell) > 0);
    is_long.then(|| record.iter().take(last).map(breaks).sum())
}

fn unclosed(path: &Path, line: u64) -> TableError {
    TableError::of_line(
        path,
        line,
        "begins a cell with a quote that nothing closes, so all that follows is in that cell: close the quote \
         before the next separator, or remove it",
    )
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
    let header = reader
        .byte_headers()
        .map_err(|error| wrong(path, 0, error, &ByteRecord::new()))?;
    let name = |bytes: &[u8]| {
        let name = std::str::from_utf8(bytes)
            .map_err(|_| TableError::of_line(path, 1, "is not UTF-8: save the file as UTF-8 text"))?;
        Ok(name.trim().to_owned())
    };
    header.iter().map(name).collect()
}

/// What is wrong with a line that was read into `record` as far as it goes.
fn wrong(path: &Path, ahead: u64, error: csv::Error, record: &ByteRecord) -> TableError {
    let line = ahead + error.position().map_or(0, csv::Position::line);
    match error.into_kind() {
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => match long_cell(record) {
            Some(below) if len < expected_len => unclosed(path, line + below),
            _ => {
                let found = match len {
                    1 => "1 cell".to_owned(),
                    _ => format!("{len} cells"),
                };
                let problem = format!(
                    "has {found} and the heading has {expected_len}: each line needs a cell for each column; quote \
                     cells that hold the separator"
                );
                TableError::of_line(path, line, problem)
            }
        },
        ErrorKind::Io(source) => super::damaged(path)(source),
        other => TableError::of_line(path, line, format!("is not CSV ({other:?}): correct it")),
    }
}
