//! Parquet, row group by row group and some thousand rows at a time.

use std::borrow::Cow;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ::parquet::basic::{Compression, ConvertedType, LogicalType, Type as PhysicalType};
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::DataType;
use ::parquet::errors::ParquetError;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::schema::types::ColumnDescriptor;

use super::{Cell, Emit, Format, read_error};
use crate::error::TableError;
use crate::file::TableFile;

/// Rows decoded at once.
const BATCH: usize = 4096;

pub(super) struct Parquet<'p> {
    pub(super) file: &'p TableFile,
}

impl Parquet<'_> {
    fn reader(&self) -> Result<SerializedFileReader<File>, TableError> {
        let handle = self.file.handle().map_err(read_error(&self.file.name))?;
        let reader = guard(|| SerializedFileReader::new(handle)).map_err(|detail| self.damaged(detail))?;
        let groups = reader.metadata().row_groups().iter();
        let mut codecs = groups
            .flat_map(|group| group.columns())
            .map(|column| column.compression());
        match codecs.find_map(not_read) {
            Some(codec) => Err(TableError::foreign(
                &self.file.name,
                &format!("Parquet compressed with {codec}"),
                "write it with zstd, snappy, gzip or lz4",
            )),
            None => Ok(reader),
        }
    }

    fn damaged(&self, detail: String) -> TableError {
        TableError::damaged(&self.file.name, detail)
    }
}

impl Format for Parquet<'_> {
    fn counted_in(&self) -> &'static str {
        "row"
    }

    fn columns(self: Box<Self>) -> Result<Vec<String>, TableError> {
        let reader = self.reader()?;
        let metadata = reader.metadata().file_metadata();
        if metadata.num_rows() == 0 {
            return Err(TableError::empty(&self.file.name));
        }
        Ok(metadata
            .schema_descr()
            .columns()
            .iter()
            .map(|column| column.path().string())
            .collect())
    }

    fn rows(self: Box<Self>, wanted: &[String], emit: &mut Emit<'_>) -> Result<(), TableError> {
        let damaged = |detail| self.damaged(detail);
        let reader = self.reader()?;
        let schema = reader.metadata().file_metadata().schema_descr();
        let position = |name: &String| {
            schema
                .columns()
                .iter()
                .position(|column| column.path().string() == *name)
        };
        let columns: Vec<Option<usize>> = wanted.iter().map(position).collect();
        let mut place = 0;
        for index in 0..reader.num_row_groups() {
            let group = guard(|| reader.get_row_group(index)).map_err(damaged)?;
            let mut left = group.metadata().num_rows().max(0) as usize;
            let open = |column: &Option<usize>| {
                let Some(column) = column else { return Ok(None) };
                let pages = guard(|| group.get_column_reader(*column)).map_err(damaged)?;
                Ok(Some(Pages {
                    pages,
                    about: schema.column(*column),
                }))
            };
            let mut pages = columns.iter().map(open).collect::<Result<Vec<_>, TableError>>()?;
            while left > 0 {
                let count = left.min(BATCH);
                let read = |pages: &mut Option<Pages>| match pages {
                    Some(pages) => pages.read(count).map_err(damaged),
                    None => Ok(vec![Cell::Missing; count]),
                };
                let mut batch = pages
                    .iter_mut()
                    .map(read)
                    .collect::<Result<Vec<_>, TableError>>()?;
                if batch.iter().any(|column| column.len() != count) {
                    return Err(damaged("a column ends before its row group does".into()));
                }
                let mut cells = vec![Cell::Missing; batch.len()];
                for row in 0..count {
                    for (cell, column) in cells.iter_mut().zip(&mut batch) {
                        *cell = std::mem::replace(&mut column[row], Cell::Missing);
                    }
                    place += 1;
                    emit(place, &cells)?;
                }
                left -= count;
            }
        }
        Ok(())
    }
}

/// A column of a row group.
struct Pages {
    pages: ColumnReader,
    about: std::sync::Arc<ColumnDescriptor>,
}

impl Pages {
    /// The next `count` cells, fewer when the file is damaged.
    fn read(&mut self, count: usize) -> Result<Vec<Cell<'static>>, String> {
        let about = &self.about;
        if about.max_rep_level() > 0 {
            return Ok(vec![Cell::Other("a list"); count]);
        }
        let is = |converted| about.converted_type() == converted;
        let scale = match is(ConvertedType::DECIMAL) {
            true => 10_f64.powi(about.type_scale()),
            false => 1.0,
        };
        let most = about.max_def_level();
        let unsigned = is(ConvertedType::UINT_64) || is(ConvertedType::UINT_32);
        let is_half = about.logical_type_ref() == Some(&LogicalType::Float16);
        match &mut self.pages {
            ColumnReader::DoubleColumnReader(pages) => take(pages, most, count, |value| Cell::Number(*value)),
            ColumnReader::FloatColumnReader(pages) => {
                take(pages, most, count, |value| Cell::Number(f64::from(*value)))
            }
            ColumnReader::Int32ColumnReader(pages) => take(pages, most, count, |value| {
                Cell::Number(
                    if unsigned {
                        f64::from(*value as u32)
                    } else {
                        f64::from(*value)
                    } / scale,
                )
            }),
            ColumnReader::Int64ColumnReader(pages) => take(pages, most, count, |value| {
                Cell::Number(
                    if unsigned {
                        *value as u64 as f64
                    } else {
                        *value as f64
                    } / scale,
                )
            }),
            ColumnReader::BoolColumnReader(pages) => take(pages, most, count, |value| {
                Cell::Text(Cow::Borrowed(if *value { "true" } else { "false" }))
            }),
            ColumnReader::FixedLenByteArrayColumnReader(pages) if is_half => {
                take(pages, most, count, |value| match *value.data() {
                    [low, high] => Cell::Number(half(u16::from_le_bytes([low, high]))),
                    _ => Cell::Missing,
                })
            }
            ColumnReader::FixedLenByteArrayColumnReader(pages) if is(ConvertedType::DECIMAL) => {
                take(pages, most, count, |value| {
                    Cell::Number(whole(value.data()) / scale)
                })
            }
            ColumnReader::ByteArrayColumnReader(pages) if is(ConvertedType::DECIMAL) => {
                take(pages, most, count, |value| {
                    Cell::Number(whole(value.data()) / scale)
                })
            }
            ColumnReader::ByteArrayColumnReader(pages) => take(pages, most, count, |value| {
                match std::str::from_utf8(value.data()).map(str::trim) {
                    Ok("") => Cell::Missing,
                    Ok(text) => Cell::Text(Cow::Owned(text.to_owned())),
                    Err(_) => Cell::Other("bytes that are not text"),
                }
            }),
            _ => Ok(vec![Cell::Other(unread(about.physical_type())); count]),
        }
    }
}

/// What a column holds that is neither number nor text.
fn unread(physical: PhysicalType) -> &'static str {
    match physical {
        PhysicalType::INT96 => "a time",
        _ => "a value of fixed bytes",
    }
}

/// The name of a compression that is not read.
fn not_read(codec: Compression) -> Option<String> {
    match codec {
        Compression::UNCOMPRESSED
        | Compression::SNAPPY
        | Compression::GZIP(_)
        | Compression::LZ4
        | Compression::LZ4_RAW
        | Compression::ZSTD(_) => None,
        other => {
            let name = format!("{other:?}");
            Some(name.split('(').next().unwrap_or_default().to_lowercase())
        }
    }
}

/// The number that the bits of a half-precision float are (IEEE 754, binary16).
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f64::from(bits & 0x3ff) / 1024.0;
    let size = match exponent {
        0 => fraction * 2_f64.powi(-14),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        _ => (1.0 + fraction) * 2_f64.powi(exponent - 15),
    };
    sign * size
}

/// The whole number in two's complement, its highest byte first, as decimals are written.
fn whole(bytes: &[u8]) -> f64 {
    let negative = bytes.first().is_some_and(|first| first >> 7 == 1);
    // Sixteen bytes hold every decimal of 38 digits; beyond them only their extension by the sign.
    let start = if negative { -1_i128 } else { 0 };
    bytes
        .iter()
        .fold(start, |number, byte| number << 8 | i128::from(*byte)) as f64
}

/// The next `count` cells of a column that has at most one value a row; `most` is the level of a present value.
fn take<T: DataType>(
    pages: &mut ColumnReaderImpl<T>,
    most: i16,
    count: usize,
    cell: impl Fn(&T::T) -> Cell<'static>,
) -> Result<Vec<Cell<'static>>, String> {
    let mut values = Vec::with_capacity(count);
    let mut levels = Vec::with_capacity(if most > 0 { count } else { 0 });
    let mut rows = 0;
    while rows < count {
        let levels = (most > 0).then_some(&mut levels);
        let (read, ..) = guard(|| pages.read_records(count - rows, levels, None, &mut values))?;
        if read == 0 {
            break;
        }
        rows += read;
    }
    if most == 0 {
        return Ok(values.iter().map(cell).collect());
    }
    let mut present = values.iter();
    let place = |level: &i16| match *level == most {
        true => present.next().map_or(Cell::Missing, &cell),
        false => Cell::Missing,
    };
    Ok(levels.iter().map(place).collect())
}

/// Runs a step of the decoder, which asserts some of what a damaged file breaks: its panic becomes
/// an error as any other.
fn guard<T>(step: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("the decoder gave up".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_what_the_standard_says() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x0001, 2_f64.powi(-24)),
            (0x03ff, 1023.0 * 2_f64.powi(-24)),
            (0x0400, 2_f64.powi(-14)),
            (0x3c00, 1.0),
            (0x4248, 3.140_625),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x7c00, f64::INFINITY),
        ] {
            assert_eq!(half(bits), value, "{bits:#x}");
        }
        assert!(half(0x7e00).is_nan());
    }

    #[test]
    fn decimals_of_any_width_are_whole_numbers() {
        assert_eq!(whole(&[]), 0.0);
        assert_eq!(whole(&[0xff]), -1.0);
        assert_eq!(whole(&[0x00, 0xff]), 255.0);
        assert_eq!(whole(&(-1_234_567_i128).to_be_bytes()), -1_234_567.0);
        assert_eq!(whole(&[&[0xff; 4][..], &(-3_i64).to_be_bytes()].concat()), -3.0);
    }

    #[test]
    fn a_compression_that_is_not_read_is_named() {
        assert_eq!(
            not_read(Compression::BROTLI(Default::default())),
            Some("brotli".into())
        );
        assert_eq!(not_read(Compression::SNAPPY), None);
    }
}
