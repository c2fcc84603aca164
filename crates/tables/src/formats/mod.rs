//! The formats of tables, one file each: what columns a file has, and its rows.

mod delimited;
mod foreign;
mod json;
mod json_array;
mod json_document;
mod json_lines;
mod parquet;

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use triaxis_host::text::{BUFFER, UTF_8, unicode};

use crate::error::TableError;
use crate::file::TableFile;

/// How much of a file tells its format.
const HEAD: u64 = 4096;
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTANDARD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const PARQUET: &[u8] = b"PAR1";

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

impl Cell<'_> {
    /// The same, with a text of its own.
    fn owned(self) -> Cell<'static> {
        match self {
            Cell::Missing => Cell::Missing,
            Cell::Number(number) => Cell::Number(number),
            Cell::Text(text) => Cell::Text(Cow::Owned(text.into_owned())),
            Cell::Other(what) => Cell::Other(what),
        }
    }
}

/// Receives the place of a row (one-based, in what the format counts) and its cells.
pub(crate) type Emit<'e> = dyn FnMut(u64, &[Cell<'_>]) -> Result<(), TableError> + 'e;

/// A file whose format is known.
pub(crate) trait Format {
    /// The names of its columns, in its order.
    fn columns(self: Box<Self>) -> Result<Vec<String>, TableError>;

    /// What a row's place counts.
    fn counted_in(&self) -> &'static str;

    /// Gives the cells of `wanted` columns, in that order, row by row. A column that no row has is missing in all.
    fn rows(self: Box<Self>, wanted: &[String], emit: &mut Emit<'_>) -> Result<(), TableError>;
}

/// Opens a file and tells its format by its first bytes.
pub(crate) fn open(file: &TableFile) -> Result<Box<dyn Format + '_>, TableError> {
    let path = file.name.as_path();
    let plain = BufReader::with_capacity(BUFFER, file.handle().map_err(read_error(path))?);
    let (packed, unpacked) = decompressed(path, plain)?;
    let (head, input) = head(unpacked).map_err(damaged(path))?;
    if head.starts_with(PARQUET) && packed.is_none() {
        return Ok(Box::new(parquet::Parquet { file }));
    }
    if let Some((what, remedy)) = foreign::named(&head) {
        let packed = packed.map_or_else(String::new, |packed| format!(" inside {packed}"));
        return Err(TableError::foreign(path, &format!("{what}{packed}"), remedy));
    }
    let mut input = unicode(input, UTF_8).map_err(damaged(path))?.input;
    match first_sign(path, &mut input)? {
        None => Err(TableError::empty(path)),
        Some(b'[') => Ok(Box::new(json_array::JsonArray { path, input })),
        Some(b'{') => objects(path, input),
        Some(_) => Ok(Box::new(delimited::Delimited { path, input })),
    }
}

/// Objects a line each, or one or more that are no lines.
fn objects(path: &Path, mut input: Input) -> Result<Box<dyn Format + '_>, TableError> {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    while first.trim_ascii().is_empty()
        && read_line(&mut input, &mut second, json_lines::LONGEST).map_err(damaged(path))?
    {
        first.append(&mut second);
    }
    read_line(&mut input, &mut second, json_lines::LONGEST).map_err(damaged(path))?;
    let is_line = first.trim_ascii().ends_with(b"}") && !second.trim_ascii().is_empty();
    let input: Input = Box::new(Cursor::new(first).chain(Cursor::new(second)).chain(input));
    Ok(match is_line {
        true => Box::new(json_lines::JsonLines { path, input }),
        false => Box::new(json_document::JsonDocument { path, input }),
    })
}

/// A text being read.
pub(crate) type Input = Box<dyn BufRead>;

/// What a file is packed in, if anything, and its content.
fn decompressed(
    path: &Path,
    mut plain: BufReader<File>,
) -> Result<(Option<&'static str>, Input), TableError> {
    let start = plain.fill_buf().map_err(damaged(path))?;
    Ok(if start.starts_with(GZIP) {
        let decoder = MultiGzDecoder::new(plain);
        (Some("gzip"), Box::new(BufReader::with_capacity(BUFFER, decoder)))
    } else if start.starts_with(ZSTANDARD) {
        let decoder = zstd::Decoder::with_buffer(plain).map_err(read_error(path))?;
        (
            Some("Zstandard"),
            Box::new(BufReader::with_capacity(BUFFER, decoder)),
        )
    } else {
        (None, Box::new(plain))
    })
}

/// The first bytes, left to be read again.
fn head(mut input: Input) -> std::io::Result<(Vec<u8>, Input)> {
    let mut head = Vec::new();
    (&mut input).take(HEAD).read_to_end(&mut head)?;
    Ok((head.clone(), Box::new(Cursor::new(head).chain(input))))
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
    move |source| TableError::unread(path, source)
}

/// What a decoder says of a file that was opened: it is cut short or broken, unless it is the system that says it.
fn damaged(path: &Path) -> impl Fn(std::io::Error) -> TableError + '_ {
    move |source| match source.raw_os_error() {
        Some(_) => read_error(path)(source),
        None => TableError::damaged(path, source),
    }
}

/// Reads at most `limit` bytes of a line into `line`, its end included; false at the end of the file.
fn read_line(input: &mut Input, line: &mut Vec<u8>, limit: u64) -> std::io::Result<bool> {
    line.clear();
    Ok(input.take(limit).read_until(b'\n', line)? > 0)
}
