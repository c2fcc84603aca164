//! Reads runs made elsewhere into named columns of numbers.
//!
//! A file is CSV (comma, semicolon or tab), JSON Lines or Parquet; text may be compressed with gzip or
//! Zstandard. Which it is, is told by its first bytes. Values inside a JSON object or a Parquet group are
//! named by their path with dots, as in `config.width`. A file is read as a stream: what is kept are the
//! numbers of the columns asked for and where each row stood in the file.
//!
//! [`columns`] says what a file has, [`read`] takes what a [`Query`] asks for. A [`Condition`] chooses
//! rows, as in `loss < 4 && corpus == "c4"`.

mod condition;
mod error;
mod formats;
mod query;
mod table;

pub use condition::{Condition, ConditionError};
pub use error::{CellError, TableError};
pub use formats::columns;
pub use query::{Query, Rule, Source, Wanted};
pub use table::{Table, listed, read};
