//! Parquet, row group by row group and some thousand rows at a time.

use std::borrow::Cow;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use ::parquet::basic::{ConvertedType, Type as PhysicalType};
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::DataType;
use ::parquet::errors::ParquetError;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::schema::types::ColumnDescriptor;

use super::{Cell, Emit, read_error};
use crate::error::TableError;

/// Rows decoded at once.
const BATCH: usize = 4096;

pub(crate) struct Parquet<'p> {
    pub(super) path: &'p Path,
}

impl Parquet<'_> {
    fn reader(&self) -> Result<SerializedFileReader<File>, TableError> {
        let file = File::open(self.path).map_err(read_error(self.path))?;
        guard(|| SerializedFileReader::new(file)).map_err(|detail| self.damaged(detail))
    }

    fn damaged(&self, detail: String) -> TableError {
        TableError::Damaged {
            path: self.path.into(),
            detail,
        }
    }

    pub(super) fn columns(&self) -> Result<Vec<String>, TableError> {
        let reader = self.reader()?;
        let metadata = reader.metadata().file_metadata();
        if metadata.num_rows() == 0 {
            return Err(TableError::Empty {
                path: self.path.into(),
            });
        }
        Ok(metadata
            .schema_descr()
            .columns()
            .iter()
            .map(|column| column.path().string())
            .collect())
    }

    pub(super) fn rows(&self, wanted: &[String], emit: &mut Emit<'_>) -> Result<(), TableError> {
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
            ColumnReader::ByteArrayColumnReader(pages) if !is(ConvertedType::DECIMAL) => {
                take(pages, most, count, |value| {
                    match std::str::from_utf8(value.data()).map(str::trim) {
                        Ok("") => Cell::Missing,
                        Ok(text) => Cell::Text(Cow::Owned(text.to_owned())),
                        Err(_) => Cell::Other("bytes that are not text"),
                    }
                })
            }
            _ => Ok(vec![Cell::Other(unread(about.physical_type())); count]),
        }
    }
}

/// What a column holds that is neither number nor text.
fn unread(physical: PhysicalType) -> &'static str {
    match physical {
        PhysicalType::INT96 => "a time",
        _ => "a value of fixed bytes or a wide decimal",
    }
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
