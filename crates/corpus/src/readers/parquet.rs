use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use ::parquet::basic::{Compression, Type as PhysicalType};
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::{ByteArray, ByteArrayType};
use ::parquet::errors::ParquetError;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::schema::types::{ColumnDescPtr, ColumnDescriptor};
use serde::{Deserialize, Serialize};
use triaxis_pages::ExtractorSpec;

use super::paged::extracted;
use super::{Emit, Limits, Listing, Origin, Piece, Place, Source, SourceFile};
use super::{emit_row, open, origin_fields, text_field, walk};
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
    /// The column that holds where the text was on the web; where none is named, `url` or else `metadata.url`, if the
    /// file has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_field: Option<String>,
    /// What the column holds are web pages, whose main text is a document: `{ extractor = "trafilatura" }`, with settings
    /// such as `favour = "recall"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<ExtractorSpec>,
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
        let columns = Columns {
            text: self.column(file, &reader, &self.field)?,
            origin: self.origin(file, &reader)?,
        };
        extracted(self.pages.as_ref(), limits, emit, |limits, emit| {
            let mut first = 0;
            for group in 0..reader.num_row_groups() {
                let rows = Rows {
                    path: &file.path,
                    reader: &reader,
                    group,
                    columns: &columns,
                    first,
                };
                if rows.read(limits, emit)?.is_break() {
                    break;
                }
                first = first.saturating_add(rows.count());
            }
            Ok(())
        })
    }
}

/// The places of the columns that are read.
struct Columns {
    text: usize,
    /// Those of URLs and dates, where the file has any.
    origin: [Option<usize>; 2],
}

impl Parquet {
    /// The places of the columns that tell where a text comes from. One that is named must be there.
    fn origin(
        &self,
        file: &SourceFile,
        reader: &SerializedFileReader<File>,
    ) -> Result<[Option<usize>; 2], CorpusError> {
        let (fields, urls) = origin_fields(self.url_field.as_ref());
        let (urls, dates) = fields.split_at(urls);
        let found = |names: &[&str]| names.iter().find_map(|name| self.column(file, reader, name).ok());
        let url = match &self.url_field {
            Some(named) => Some(self.column(file, reader, named)?),
            None => found(urls),
        };
        Ok([url, found(dates)])
    }

    /// The place of a column of texts, whose row groups must be of codecs that are read.
    fn column(
        &self,
        file: &SourceFile,
        reader: &SerializedFileReader<File>,
        name: &str,
    ) -> Result<usize, CorpusError> {
        let columns = reader.metadata().file_metadata().schema_descr().columns();
        let named = |column: &ColumnDescPtr| column.path().string() == name && holds_text(column);
        let Some(column) = columns.iter().position(named) else {
            let columns: Vec<String> = columns.iter().map(|column| described(column)).collect();
            let setting = if name == self.field { "field" } else { "url_field" };
            return Err(CorpusError::input(format!(
                "{}: `{name}` is no column with one text a row: set `{setting}` to one that is; the file has {}",
                file.path.display(),
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
                    name,
                    codec.split('(').next().unwrap_or_default(),
                )));
            }
        }
        Ok(column)
    }
}

/// The columns in one row group.
struct Rows<'r> {
    path: &'r Path,
    reader: &'r SerializedFileReader<File>,
    group: usize,
    columns: &'r Columns,
    /// Rows of the file before it.
    first: u64,
}

impl Rows<'_> {
    fn count(&self) -> u64 {
        self.reader.metadata().row_group(self.group).num_rows().max(0) as u64
    }

    /// Emits every row. Where a page cannot be decoded, the rows from it on are left out together.
    fn read(&self, limits: Limits, emit: &mut Emit<'_>) -> Result<ControlFlow<()>, CorpusError> {
        let open = |column: usize| Column::open(self.path, self.reader, self.group, column);
        let mut texts = match open(self.columns.text)? {
            Ok(column) => column,
            Err(detail) => return self.give_up(0, 0, &detail, emit),
        };
        // Where a text comes from is nothing to lose it for.
        let mut origins = [None, None];
        for (origin, column) in origins.iter_mut().zip(self.columns.origin) {
            *origin = column.map(open).transpose()?.and_then(Result::ok);
        }
        let (mut row, mut bytes) = (0, 0);
        loop {
            let batch = match texts.read(self.path)? {
                Ok(batch) => batch,
                Err(detail) => return self.give_up(row, bytes, &detail, emit),
            };
            if batch.is_empty() && row < self.count() {
                return self.give_up(row, bytes, "its pages end there", emit);
            }
            if batch.is_empty() {
                return Ok(ControlFlow::Continue(()));
            }
            let mut beside = [Vec::new(), Vec::new()];
            for (beside, origin) in beside.iter_mut().zip(&mut origins) {
                let read = origin.as_mut().map(|column| column.read(self.path)).transpose()?;
                *beside = read.and_then(Result::ok).unwrap_or_default();
            }
            for (index, text) in batch.iter().enumerate() {
                row += 1;
                let place = || format!(", row {}", self.first.saturating_add(row));
                let [url, date] = beside.each_ref().map(|values| {
                    let value = values.get(index)?.as_ref()?;
                    std::str::from_utf8(value.data()).ok()
                });
                let flow = match text {
                    Some(text) => {
                        bytes += text.len() as u64;
                        emit_row(text.data(), Origin { url, date }, limits, &place, emit)?
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
        let chunk = self
            .reader
            .metadata()
            .row_group(self.group)
            .column(self.columns.text);
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

/// A column of texts in one row group.
struct Column {
    pages: ColumnReaderImpl<ByteArrayType>,
    /// The level of a value that is there.
    most: i16,
}

impl Column {
    fn open(
        path: &Path,
        reader: &SerializedFileReader<File>,
        group: usize,
        column: usize,
    ) -> Result<Result<Self, String>, CorpusError> {
        let pages = guard(path, || reader.get_row_group(group)?.get_column_reader(column))?;
        let schema = reader.metadata().file_metadata().schema_descr();
        let most = schema.column(column).max_def_level();
        Ok(match pages {
            Ok(ColumnReader::ByteArrayColumnReader(pages)) => Ok(Self { pages, most }),
            Ok(_) => Err("it disagrees with the schema".to_owned()),
            Err(detail) => Err(detail),
        })
    }

    /// The next values; of none, nothing is left.
    fn read(&mut self, path: &Path) -> Result<Result<Vec<Option<ByteArray>>, String>, CorpusError> {
        let (mut values, mut levels) = (Vec::with_capacity(BATCH), Vec::new());
        let wanted = (self.most > 0).then_some(&mut levels);
        let read = guard(path, || self.pages.read_records(BATCH, wanted, None, &mut values))?;
        Ok(read.map(|(records, _, _)| {
            let mut values = values.into_iter();
            let is_there = |index: usize| levels.get(index).is_none_or(|level| *level == self.most);
            (0..records)
                .map(|index| if is_there(index) { values.next() } else { None })
                .collect()
        }))
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
