//! Outputs as Parquet: what was kept, and each verdict in columns.

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use ::parquet::errors::ParquetError;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use ::parquet::record::reader::RowIter;
use ::parquet::record::{Row, RowAccessor};
use ::parquet::schema::parser::parse_message_type;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::lines::{next_line, parsed};
use crate::record::Bound;
use crate::{CurationError, Dropped, Kept, lines};

pub(crate) const EXTENSION: &str = "parquet";
/// Bytes of lines that are a row group.
const GROUP: usize = 16 << 20;
/// As of lines.
const LEVEL: i32 = 3;

/// A line as columns.
pub(crate) trait Columns: Serialize + DeserializeOwned {
    const SCHEMA: &str;
    fn write(rows: &[Self], group: &mut Group<'_, '_>) -> Result<(), ParquetError>;
    fn read(row: &Row) -> Result<Self, ParquetError>;
}

impl Columns for Kept<'static> {
    const SCHEMA: &str = "message kept { required binary id (UTF8); required binary source (UTF8); \
                          optional binary licence (UTF8); optional binary url (UTF8); \
                          optional binary date (UTF8); required binary text (UTF8); }";

    fn write(rows: &[Self], group: &mut Group<'_, '_>) -> Result<(), ParquetError> {
        group.texts(rows.iter().map(|row| &*row.id))?;
        group.texts(rows.iter().map(|row| &*row.source))?;
        group.some_texts(rows.iter().map(|row| row.licence.as_deref()))?;
        group.some_texts(rows.iter().map(|row| row.url.as_deref()))?;
        group.some_texts(rows.iter().map(|row| row.date.as_deref()))?;
        group.texts(rows.iter().map(|row| &*row.text))
    }

    fn read(row: &Row) -> Result<Self, ParquetError> {
        Ok(Self {
            id: text(row, 0)?.into(),
            source: text(row, 1)?.into(),
            licence: text(row, 2).ok().map(Into::into),
            url: text(row, 3).ok().map(Into::into),
            date: text(row, 4).ok().map(Into::into),
            text: text(row, 5)?.into(),
        })
    }
}

impl Columns for Dropped<'static> {
    const SCHEMA: &str = "message dropped { required binary id (UTF8); required binary source (UTF8); \
                          optional binary url (UTF8); required int64 step; required binary by (UTF8); required binary reason (UTF8); \
                          required double value; optional double at_least; optional double at_most; \
                          optional binary copy_of (UTF8); required binary text (UTF8); }";

    fn write(rows: &[Self], group: &mut Group<'_, '_>) -> Result<(), ParquetError> {
        let at_least = |row: &Self| match row.bound {
            Bound::AtLeast(bound) => Some(bound),
            Bound::AtMost(_) => None,
        };
        let at_most = |row: &Self| match row.bound {
            Bound::AtMost(bound) => Some(bound),
            Bound::AtLeast(_) => None,
        };
        group.texts(rows.iter().map(|row| &*row.id))?;
        group.texts(rows.iter().map(|row| &*row.source))?;
        group.some_texts(rows.iter().map(|row| row.url.as_deref()))?;
        group.column::<Int64Type>(rows.iter().map(|row| Some(row.step as i64)))?;
        group.texts(rows.iter().map(|row| &*row.by))?;
        group.texts(rows.iter().map(|row| &*row.reason))?;
        group.column::<DoubleType>(rows.iter().map(|row| Some(row.value)))?;
        group.column::<DoubleType>(rows.iter().map(at_least))?;
        group.column::<DoubleType>(rows.iter().map(at_most))?;
        group.some_texts(rows.iter().map(|row| row.copy_of.as_deref()))?;
        group.texts(rows.iter().map(|row| &*row.text))
    }

    fn read(row: &Row) -> Result<Self, ParquetError> {
        Ok(Self {
            id: text(row, 0)?.into(),
            source: text(row, 1)?.into(),
            url: text(row, 2).ok().map(Into::into),
            step: row.get_long(3)? as usize,
            by: text(row, 4)?.into(),
            reason: text(row, 5)?.into(),
            value: row.get_double(6)?,
            bound: match row.get_double(7) {
                Ok(bound) => Bound::AtLeast(bound),
                Err(_) => Bound::AtMost(row.get_double(8)?),
            },
            copy_of: text(row, 9).ok().map(Into::into),
            text: text(row, 10)?.into(),
        })
    }
}

fn text(row: &Row, column: usize) -> Result<String, ParquetError> {
    row.get_string(column).cloned()
}

/// A row group that is written column by column.
pub(crate) struct Group<'g, 'w>(&'g mut SerializedRowGroupWriter<'w, File>);

impl Group<'_, '_> {
    fn texts<'t>(&mut self, texts: impl Iterator<Item = &'t str>) -> Result<(), ParquetError> {
        self.some_texts(texts.map(Some))
    }

    fn some_texts<'t>(&mut self, texts: impl Iterator<Item = Option<&'t str>>) -> Result<(), ParquetError> {
        self.column::<ByteArrayType>(texts.map(|text| text.map(ByteArray::from)))
    }

    /// The next column. Where all values are required, nothing is said of which are there.
    fn column<D: DataType>(
        &mut self,
        values: impl Iterator<Item = Option<D::T>>,
    ) -> Result<(), ParquetError> {
        let (mut levels, mut there) = (Vec::new(), Vec::new());
        for value in values {
            levels.push(i16::from(value.is_some()));
            there.extend(value);
        }
        let Some(mut column) = self.0.next_column()? else {
            let message = "there are more columns than in the schema".to_owned();
            return Err(ParquetError::General(message));
        };
        column.typed::<D>().write_batch(&there, Some(&levels), None)?;
        column.close()
    }
}

/// Writes the lines of one file to another, as columns, and syncs it; gives its size.
pub(crate) fn write<C: Columns>(from: &Path, to: &Path) -> Result<u64, CurationError> {
    let failed = |error| CurationError::io("write", to)(io::Error::other::<ParquetError>(error));
    let file = File::create(to).map_err(CurationError::io("create", to))?;
    let level = ZstdLevel::try_new(LEVEL).map_err(failed)?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level));
    let schema = parse_message_type(C::SCHEMA).map_err(failed)?;
    let mut writer =
        SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties.build())).map_err(failed)?;
    let (mut lines, mut line) = (lines::lines(from)?, Vec::new());
    let mut is_end = false;
    while !is_end {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while bytes < GROUP && !is_end {
            is_end = !next_line(&mut lines, from, &mut line)?;
            if !is_end {
                bytes += line.len();
                rows.push(parsed::<C>(from, &line)?);
            }
        }
        if rows.is_empty() {
            break;
        }
        let mut group = writer.next_row_group().map_err(failed)?;
        let written = C::write(&rows, &mut Group(&mut group)).and_then(|()| group.close());
        written.map_err(failed)?;
    }
    let file = writer.into_inner().map_err(failed)?;
    file.sync_all().map_err(CurationError::io("sync", to))?;
    let about = file.metadata().map_err(CurationError::io("read", to))?;
    Ok(about.len())
}

/// The rows of a file as the lines of which they were written.
pub(crate) fn read(path: &Path) -> Result<Box<dyn BufRead>, CurationError> {
    let file = File::open(path).map_err(CurationError::io("open", path))?;
    let reader = guard(|| SerializedFileReader::new(file));
    let reader = reader.map_err(|error| CurationError::damaged(path, error))?;
    let schema = reader.metadata().file_metadata().schema().name().to_owned();
    let rows = RowIter::from_file_into(Box::new(reader));
    Ok(match schema == "dropped" {
        true => Box::new(Rows::<Dropped<'static>>::new(rows)),
        false => Box::new(Rows::<Kept<'static>>::new(rows)),
    })
}

/// Rows as lines, one after another.
struct Rows<C> {
    rows: RowIter<'static>,
    line: Vec<u8>,
    /// What of the line was read.
    at: usize,
    columns: PhantomData<C>,
}

impl<C: Columns> Rows<C> {
    fn new(rows: RowIter<'static>) -> Self {
        Self {
            rows,
            line: Vec::new(),
            at: 0,
            columns: PhantomData,
        }
    }
}

impl<C: Columns> Read for Rows<C> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

impl<C: Columns> BufRead for Rows<C> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.line.len() {
            (self.line, self.at) = (Vec::new(), 0);
            if let Some(row) = guard(|| self.rows.next().transpose())? {
                serde_json::to_writer(&mut self.line, &guard(|| C::read(&row))?)?;
                self.line.push(b'\n');
            }
        }
        Ok(&self.line[self.at..])
    }

    fn consume(&mut self, read: usize) {
        self.at += read;
    }
}

/// Of a damaged file the library may panic, which is damage, too.
fn guard<T>(work: impl FnOnce() -> Result<T, ParquetError>) -> io::Result<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(io::Error::other),
        Err(_) => Err(io::Error::other("its pages do not fit together")),
    }
}
