use std::panic::{AssertUnwindSafe, catch_unwind};

use ::parquet::basic::Type as PhysicalType;
use ::parquet::column::reader::ColumnReader;
use ::parquet::data_type::ByteArray;
use ::parquet::errors::ParquetError;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::schema::types::ColumnDescriptor;
use serde::{Deserialize, Serialize};
use triaxis_units::Bytes;

use super::{Emit, Place, Source, SourceFile, emit_bytes, open, text_field, walk};
use crate::CorpusError;

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

impl Source for Parquet {
    fn name(&self) -> &str {
        &self.name
    }

    fn weight(&self) -> Option<f64> {
        self.weight
    }

    fn files(&self, place: &Place) -> Result<Vec<SourceFile>, CorpusError> {
        walk::files(&self.name, place, &self.include, &self.exclude, "**/*.parquet", self.licence.as_deref())
    }

    fn read(&self, file: &SourceFile, maximum: Bytes, emit: &mut Emit<'_>) -> Result<(), CorpusError> {
        let damaged = |detail: String| CorpusError::DamagedFile { path: file.path.clone(), detail };
        let input = open(&file.path)?;
        let reader = guard(|| SerializedFileReader::new(input)).map_err(damaged)?;
        let schema = reader.metadata().file_metadata().schema_descr();
        let columns = schema.columns();
        let column = columns
            .iter()
            .position(|column| column.path().string() == self.field && holds_text(column))
            .ok_or_else(|| CorpusError::Column {
                path: file.path.clone(),
                column: self.field.clone(),
                available: columns.iter().filter(|column| holds_text(column)).map(|column| column.path().string()).collect(),
            })?;
        let nullable = columns[column].max_def_level() > 0;
        let mut values: Vec<ByteArray> = Vec::with_capacity(BATCH);
        let mut levels = Vec::new();
        for group in 0..reader.num_row_groups() {
            let mut pages = match guard(|| reader.get_row_group(group)?.get_column_reader(column)).map_err(damaged)? {
                ColumnReader::ByteArrayColumnReader(pages) => pages,
                _ => return Err(damaged("a row group disagrees with the schema".to_owned())),
            };
            loop {
                values.clear();
                levels.clear();
                let levels = nullable.then_some(&mut levels);
                let (records, _, _) = guard(|| pages.read_records(BATCH, levels, None, &mut values)).map_err(damaged)?;
                if records == 0 {
                    break;
                }
                for value in &values {
                    if emit_bytes(value.data(), maximum, emit)?.is_break() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }
}

/// Whether a column is one text, or none, for each record.
fn holds_text(column: &ColumnDescriptor) -> bool {
    column.physical_type() == PhysicalType::BYTE_ARRAY && column.max_rep_level() == 0
}

/// Runs a step of the decoder, which asserts some of what a damaged file breaks: its panic becomes
/// an error as any other.
fn guard<T>(step: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("the decoder gave up".to_owned()),
    }
}
