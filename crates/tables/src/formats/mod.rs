//! The formats of tables, one file each: what columns a file has, and its rows.

mod delimited;
mod json_lines;
mod parquet;

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::error::TableError;

const BUFFER: usize = 1 << 17;
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTANDARD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const PARQUET: &[u8] = b"PAR1";
/// How a text may begin that says it is UTF-8.
const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// A value as the file has it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell<'a> {
    /// No value.
    Missing,
    /// A number.
    Number(f64),
    /// A text, which may be that of a number.
    Text(Cow<'a, str>),
    /// Something else, in words.
    Other(&'static str),
}

/// Receives the place of a row (one-based line of text, one-based row of Parquet) and its cells.
pub(crate) type Emit<'e> = dyn FnMut(u64, &[Cell<'_>]) -> Result<(), TableError> + 'e;

/// A file whose format is known.
pub(crate) enum Opened<'p> {
    Delimited(delimited::Delimited<'p>),
    JsonLines(json_lines::JsonLines<'p>),
    Parquet(parquet::Parquet<'p>),
}

/// The names of a file's columns, in its order.
///
/// Of JSON Lines every line is read, as any may have a name that the others lack.
///
/// # Errors
/// [`TableError`] when the file cannot be read, is empty, or is not what its format asks for.
pub fn columns(path: &Path) -> Result<Vec<String>, TableError> {
    Opened::open(path)?.columns()
}

impl<'p> Opened<'p> {
    /// Opens a file and tells its format by its first bytes.
    pub(crate) fn open(path: &'p Path) -> Result<Self, TableError> {
        let plain = BufReader::with_capacity(BUFFER, File::open(path).map_err(read_error(path))?);
        let mut input = decompressed(path, plain)?;
        let start = input.fill_buf().map_err(damaged(path))?;
        if start.starts_with(PARQUET) {
            return Ok(Self::Parquet(parquet::Parquet { path }));
        }
        if start.starts_with(BYTE_ORDER_MARK) {
            input.consume(BYTE_ORDER_MARK.len());
        }
        match first_sign(path, &mut input)? {
            None => Err(TableError::Empty { path: path.into() }),
            Some(b'[') => Err(TableError::JsonArray { path: path.into() }),
            Some(b'{') => Ok(Self::JsonLines(json_lines::JsonLines { path, input })),
            Some(_) => Ok(Self::Delimited(delimited::Delimited { path, input })),
        }
    }

    pub(crate) fn columns(self) -> Result<Vec<String>, TableError> {
        match self {
            Self::Delimited(file) => file.columns(),
            Self::JsonLines(file) => file.columns(),
            Self::Parquet(file) => file.columns(),
        }
    }

    /// What a row's place counts.
    pub(crate) fn counted_in(&self) -> &'static str {
        match self {
            Self::Delimited(_) | Self::JsonLines(_) => "line",
            Self::Parquet(_) => "row",
        }
    }

    /// Gives the cells of `wanted` columns, in that order, row by row. A column that no row has is missing in all.
    pub(crate) fn rows(self, wanted: &[String], emit: &mut Emit<'_>) -> Result<(), TableError> {
        match self {
            Self::Delimited(file) => file.rows(wanted, emit),
            Self::JsonLines(file) => file.rows(wanted, emit),
            Self::Parquet(file) => file.rows(wanted, emit),
        }
    }
}

/// A text being read.
pub(crate) type Input = Box<dyn BufRead>;

fn decompressed(path: &Path, mut plain: BufReader<File>) -> Result<Input, TableError> {
    let start = plain.fill_buf().map_err(read_error(path))?;
    Ok(if start.starts_with(GZIP) {
        Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(plain)))
    } else if start.starts_with(ZSTANDARD) {
        let decoder = zstd::Decoder::with_buffer(plain).map_err(read_error(path))?;
        Box::new(BufReader::with_capacity(BUFFER, decoder))
    } else {
        Box::new(plain)
    })
}

/// The first byte that is not white space, left unread together with the white space of its buffer.
fn first_sign(path: &Path, input: &mut Input) -> Result<Option<u8>, TableError> {
    loop {
        let buffer = input.fill_buf().map_err(damaged(path))?;
        if buffer.is_empty() {
            return Ok(None);
        }
        if let Some(sign) = buffer.iter().find(|byte| !byte.is_ascii_whitespace()) {
            return Ok(Some(*sign));
        }
        let length = buffer.len();
        input.consume(length);
    }
}

fn read_error(path: &Path) -> impl Fn(std::io::Error) -> TableError + '_ {
    move |source| TableError::Read {
        path: path.into(),
        source,
    }
}

/// What a decoder says of a file that was opened: it is cut short or broken.
fn damaged(path: &Path) -> impl Fn(std::io::Error) -> TableError + '_ {
    move |source| match source.kind() {
        std::io::ErrorKind::IsADirectory | std::io::ErrorKind::PermissionDenied => read_error(path)(source),
        _ => TableError::Damaged {
            path: path.into(),
            detail: source.to_string(),
        },
    }
}

/// Reads at most `limit` bytes of a line into `line`, its end included; false at the end of the file.
fn read_line(input: &mut Input, line: &mut Vec<u8>, limit: u64) -> std::io::Result<bool> {
    line.clear();
    Ok(input.take(limit).read_until(b'\n', line)? > 0)
}
