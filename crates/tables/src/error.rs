use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::condition::{ConditionError, Operand};

/// A file that cannot be used as a table.
#[derive(Debug, Error)]
pub enum TableError {
    /// The file cannot be opened or read.
    #[error("cannot read `{path}`: {source}; give the path of a CSV, JSON, JSON Lines or Parquet file")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is nothing in it.
    #[error("`{path}` has no rows: a table needs a line of column names and at least one row")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A file of another kind, or packed as is not read.
    #[error("`{path}` is {what}, which is not read: {remedy}")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// A line of CSV with another number of cells than the heading.
    #[error(
        "`{path}` line {line} has {} and the heading has {expected}: each line needs a cell for each column; quote \
         cells that hold the separator", if *.found == 1 { "1 cell".to_owned() } else { format!("{} cells", .found) }
    )]
    Ragged {
        /// The file.
        path: PathBuf,
        /// One-based line.
        line: u64,
        /// Cells found.
        found: u64,
        /// Columns of the heading.
        expected: u64,
    },
    /// A line that is not what its format asks for.
    #[error("`{path}` line {line} {problem}")]
    Line {
        /// The file.
        path: PathBuf,
        /// One-based line.
        line: u64,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// A compressed or Parquet file that is cut short or broken.
    #[error("`{path}` is damaged or incomplete ({detail}): copy or write it again")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        detail: String,
    },
    /// No column of that name.
    #[error("no column `{column}` in `{path}`: it has {available}{hint}")]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The name asked for.
        column: String,
        /// The names that exist, comma separated.
        available: String,
        /// Empty, or a sentence naming the nearest name.
        hint: String,
    },
    /// Two columns of one name.
    #[error("`{path}` has {count} columns named `{column}`: rename all but one")]
    RepeatedColumn {
        /// The file.
        path: PathBuf,
        /// The name.
        column: String,
        /// How many have it.
        count: usize,
    },
    /// A value that cannot be used.
    #[error(transparent)]
    Cell(#[from] CellError),
    /// A condition that does not parse.
    #[error(transparent)]
    Condition(#[from] ConditionError),
    /// A condition that no row meets.
    #[error("none of the {rows} rows of `{path}` meets `{condition}`: relax the condition")]
    NothingSelected {
        /// The file.
        path: PathBuf,
        /// The condition.
        condition: String,
        /// Rows of the file.
        rows: usize,
    },
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

impl CellError {
    /// How the row, and those like it, are left out.
    pub fn hint(&self) -> String {
        let column = Operand::Column(self.column.clone());
        format!("--where leaves rows out, as in --where '{column} > 0'")
    }
}
