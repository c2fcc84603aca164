use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use ::parquet::basic::{Compression, Type as PhysicalType};
use ::parquet::column::reader::ColumnReader;
use ::parquet::data_type::ByteArray;
use ::parquet::errors::ParquetError;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::schema::types::{ColumnDescPtr, ColumnDescriptor};
use serde::{Deserialize, Serialize};

use super::{Emit, Limits, Listing, Piece, Place, Source, SourceFile, emit_row, open, text_field, walk};
use crate::{CorpusError, Reason};

/// Values decoded at once.
const BATCH: usize = 256;

/// A text column of Parquet files: each value that is not null is a document. Read row group by row
/// group, and within one a few values at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parquet {
    /// The source's name in manifests and reports.
    pub name: String,
    /// Its weight in the mixture; 1 where a sample is asked and none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// Files, folders, or patterns such as `pages/*.parquet`, relative to the spec's folder or
    /// absolute. Of a folder, the files named `.parquet` are read.
    pub include: Vec<String>,
    /// Patterns of files to leave out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// The column that holds the text; a dot between the parts of a nested column's path.
    #[serde(default = "text_field")]
    pub field: String,
    /// The text's licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
}

impl Parquet {
    pub(super) const ABOUT: &str = "A text column of Parquet files: each row is one document.";
}

impl Source for Parquet {
    fn name(&self) -> &str {
        &self.name
    }

    fn weight(&self) -> Option<f64> {
        self.weight
    }

    fn files(&self, place: &Place) -> Result<Listing, CorpusError> {
        walk::files(
            &self.name,
            place,
            &self.include,
            &self.exclude,
            "**/*.parquet",
            self.licence.as_deref(),
        )
    }

    fn read(&self, file: &SourceFile, limits: Limits, emit: &mut Emit<'_>) -> Result<(), CorpusError> {
        let input = open(&file.path)?;
        let reader = match guard(&file.path, || SerializedFileReader::new(input))? {
            Ok(reader) => reader,
            Err(detail) => return Err(CorpusError::undecodable(&file.path, detail)),
        };
        let column = self.column(file, &reader)?;
        let mut first = 0;
        for group in 0..reader.num_row_groups() {
            let rows = Rows {
                path: &file.path,
                reader: &reader,
                group,
                column,
                first,
            };
            if rows.read(limits, emit)?.is_break() {
                break;
            }
            first = first.saturating_add(rows.count());
        }
        Ok(())
    }
}

impl Parquet {
    /// The place of the text column, whose row groups must be of codecs that are read.
    fn column(&self, file: &SourceFile, reader: &SerializedFileReader<File>) -> Result<usize, CorpusError> {
        let schema = reader.metadata().file_metadata().schema_descr();
        let columns = schema.columns();
        let named = |column: &&ColumnDescPtr| column.path().string() == self.field && holds_text(column);
        let Some(column) = columns.iter().position(|column| named(&column)) else {
            let columns: Vec<String> = columns.iter().map(|column| described(column)).collect();
            return Err(CorpusError::input(format!(
                "{}: `{}` is no column with one text a row: set `field` to one that is; the file has {}",
                file.path.display(),
                self.field,
                columns.join(", ")
            )));
        };
        for group in reader.metadata().row_groups() {
            let codec = group.column(column).compression();
            if matches!(codec, Compression::BROTLI(_) | Compression::LZO) {
                let codec = codec.to_string().to_lowercase();
                return Err(CorpusError::input(format!(
                    "{}: column `{}` is compressed with {}, which is not read: write the file again with zstd, snappy, \
                     gzip or lz4, as by `compression=\"zstd\"` of pandas and pyarrow",
                    file.path.display(),
                    self.field,
                    codec.split('(').next().unwrap_or_default(),
                )));
            }
        }
        Ok(column)
    }
}

/// A column in one row group.
struct Rows<'r> {
    path: &'r Path,
    reader: &'r SerializedFileReader<File>,
    group: usize,
    column: usize,
    /// Rows of the file before it.
    first: u64,
}

impl Rows<'_> {
    fn count(&self) -> u64 {
        self.reader.metadata().row_group(self.group).num_rows().max(0) as u64
    }

    /// Emits every row. Where a page cannot be decoded, the rows from it on are left out together.
    fn read(&self, limits: Limits, emit: &mut Emit<'_>) -> Result<ControlFlow<()>, CorpusError> {
        let mut pages = match guard(self.path, || {
            self.reader
                .get_row_group(self.group)?
                .get_column_reader(self.column)
        })? {
            Ok(ColumnReader::ByteArrayColumnReader(pages)) => pages,
            Ok(_) => return self.give_up(0, 0, "it disagrees with the schema", emit),
            Err(detail) => return self.give_up(0, 0, &detail, emit),
        };
        let most = self
            .reader
            .metadata()
            .file_metadata()
            .schema_descr()
            .column(self.column)
            .max_def_level();
        let mut values: Vec<ByteArray> = Vec::with_capacity(BATCH);
        let mut levels = Vec::new();
        let (mut row, mut bytes) = (0, 0);
        loop {
            values.clear();
            levels.clear();
            let wanted = (most > 0).then_some(&mut levels);
            let records = match guard(self.path, || pages.read_records(BATCH, wanted, None, &mut values))? {
                Ok((records, _, _)) => records,
                Err(detail) => return self.give_up(row, bytes, &detail, emit),
            };
            if records == 0 && row < self.count() {
                return self.give_up(row, bytes, "its pages end there", emit);
            }
            if records == 0 {
                return Ok(ControlFlow::Continue(()));
            }
            let mut texts = values.iter();
            for index in 0..records {
                row += 1;
                let place = || format!(", row {}", self.first.saturating_add(row));
                let is_there = levels.get(index).is_none_or(|level| *level == most);
                let flow = match if is_there { texts.next() } else { None } {
                    Some(text) => {
                        bytes += text.len() as u64;
                        emit_row(text.data(), limits, &place, emit)?
                    }
                    None => emit(Piece::LeftOut {
                        reason: Reason::NoText,
                        documents: 1,
                        bytes: 0,
                        why: &|| format!("{} is null", place()),
                    })?,
                };
                if flow.is_break() {
                    return Ok(flow);
                }
            }
        }
    }

    /// Leaves out the rows after the first `rows`, which had `bytes` of text.
    fn give_up(
        &self,
        rows: u64,
        bytes: u64,
        detail: &str,
        emit: &mut Emit<'_>,
    ) -> Result<ControlFlow<()>, CorpusError> {
        let chunk = self.reader.metadata().row_group(self.group).column(self.column);
        emit(Piece::LeftOut {
            reason: Reason::Damaged,
            documents: self.count().saturating_sub(rows).max(1),
            bytes: (chunk.uncompressed_size().max(0) as u64).saturating_sub(bytes),
            why: &|| {
                format!(
                    ", row {} and after it: {detail}",
                    self.first.saturating_add(rows + 1)
                )
            },
        })
    }
}

/// Whether a column is one text, or none, for each record.
fn holds_text(column: &ColumnDescriptor) -> bool {
    column.physical_type() == PhysicalType::BYTE_ARRAY && column.max_rep_level() == 0
}

/// A column by its name and what it holds.
fn described(column: &ColumnDescriptor) -> String {
    let holds = match (column.physical_type(), column.max_rep_level()) {
        (PhysicalType::BYTE_ARRAY, 0) => "text",
        (PhysicalType::BYTE_ARRAY, _) => "lists of texts",
        (_, 0) => "numbers",
        _ => "lists of numbers",
    };
    format!("`{}` ({holds})", column.path().string())
}

/// Runs a step of the decoder of `path`, which asserts some of what a damaged file breaks: its panic becomes what is
/// wrong with the file, as any other word of its own. What the system said is an error.
pub(super) fn guard<T>(
    path: &Path,
    step: impl FnOnce() -> Result<T, ParquetError>,
) -> Result<Result<T, String>, CorpusError> {
    let error = match catch_unwind(AssertUnwindSafe(step)) {
        Ok(Ok(done)) => return Ok(Ok(done)),
        Ok(Err(error)) => error,
        Err(_) => return Ok(Err("the decoder gave up".to_owned())),
    };
    let told = error.to_string();
    match error {
        ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(source) if source.raw_os_error().is_some() => Err(CorpusError::io("read", path)(*source)),
            _ => Ok(Err(told)),
        },
        _ => Ok(Err(told)),
    }
}
