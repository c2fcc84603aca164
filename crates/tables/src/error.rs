use std::fmt::Display;
use std::io;
use std::path::Path;

use thiserror::Error;

use crate::condition::Operand;

/// A file that cannot be used as a table, or a value or a condition that cannot be read in it: what was found,
/// what is right, and the remedy.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct TableError {
    message: String,
    hint: Option<String>,
    source: Option<io::Error>,
}

impl TableError {
    pub(crate) fn new(message: String) -> Self {
        Self {
            message,
            hint: None,
            source: None,
        }
    }

    /// The file cannot be opened or read.
    pub(crate) fn unread(path: &Path, source: io::Error) -> Self {
        let message = format!(
            "cannot read `{}`: {source}; give the path of a CSV, JSON, JSON Lines or Parquet file",
            path.display()
        );
        Self {
            source: Some(source),
            ..Self::new(message)
        }
    }

    /// There is nothing in it.
    pub(crate) fn empty(path: &Path) -> Self {
        Self::new(format!(
            "`{}` has no rows: a table needs a line of column names and at least one row",
            path.display()
        ))
    }

    /// A file of another kind, or packed as is not read.
    pub(crate) fn foreign(path: &Path, what: &str, remedy: &str) -> Self {
        Self::new(format!(
            "`{}` is {what}, which is not read: {remedy}",
            path.display()
        ))
    }

    /// A line that is not what its format asks for: what it is, and what would be right.
    pub(crate) fn of_line(path: &Path, line: u64, problem: impl Display) -> Self {
        Self::new(format!("`{}` line {line} {problem}", path.display()))
    }

    /// A compressed or Parquet file that is cut short or broken, as its decoder says.
    pub(crate) fn damaged(path: &Path, detail: impl Display) -> Self {
        Self::new(format!(
            "`{}` is damaged or incomplete ({detail}): copy or write it again",
            path.display()
        ))
    }

    /// How the rows that it is about are left out, where they can be.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

/// A value of a column that breaks the column's rule.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("column `{column}` {place}: {value}, and must be {rule}; correct it or leave the row out")]
pub struct CellError {
    /// The column, as the file names it.
    pub column: String,
    /// Where it stands: `line 7` of text, `row 7` of Parquet.
    pub place: String,
    /// What is there, in words.
    pub value: String,
    /// What the rule is.
    pub rule: &'static str,
}

impl From<CellError> for TableError {
    fn from(cell: CellError) -> Self {
        let column = Operand::Column(cell.column.clone());
        Self {
            hint: Some(format!("--where leaves rows out, as in --where '{column} > 0'")),
            ..Self::new(cell.to_string())
        }
    }
}
