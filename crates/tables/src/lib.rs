//! Reads runs made elsewhere into named columns of numbers.
//!
//! A file is CSV (comma, semicolon or tab), JSON Lines, an array of JSON objects, or Parquet; text may be
//! UTF-8 or UTF-16, and compressed with gzip or Zstandard. Which it is, is told by its first bytes; of other
//! files it is said what they are. Values inside a JSON object or a Parquet group are named by their path
//! with dots, as in `config.width`. A file is read as a stream: what is kept are the numbers and labels of
//! the columns asked for and where each row stood in the file.
//!
//! [`TableFile::columns`] says what a file has, [`TableFile::read`] takes what a [`Query`] asks for. A
//! [`Condition`] chooses rows, as in `loss < 4 && corpus == "c4"`.

mod condition;
mod error;
mod file;
mod formats;
mod labels;
mod query;
mod table;

pub use condition::{Condition, ConditionError};
pub use error::{CellError, TableError};
pub use file::TableFile;
pub use labels::{Labels, LabelsWanted};
pub use query::{Query, Rule, Source, Wanted};
pub use table::{Table, listed};
