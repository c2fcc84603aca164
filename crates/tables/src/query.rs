//! What is asked of a file.

use std::collections::BTreeMap;

use crate::condition::Condition;
use crate::labels::LabelsWanted;

/// What the numbers of a column must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Any finite number.
    Finite,
    /// Above zero.
    Positive,
    /// Zero or more.
    NotNegative,
}

impl Rule {
    /// The rule that a number breaks, in words; nothing where it keeps it.
    pub(crate) fn broken(self, value: f64) -> Option<&'static str> {
        let holds = match self {
            Self::Finite => value.is_finite(),
            Self::Positive => value > 0.0 && value.is_finite(),
            Self::NotNegative => value >= 0.0 && value.is_finite(),
        };
        // Laws take powers of what they are given, and have no use for less or more.
        let is_usable = value == 0.0 || (1e-100..=1e100).contains(&value.abs());
        match (holds, is_usable) {
            (true, true) => None,
            (true, false) => Some("0, or between 1e-100 and 1e100 in size"),
            (false, _) => Some(self.words()),
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Finite => "a finite number",
            Self::Positive => "a number above zero",
            Self::NotNegative => "a number, zero or more",
        }
    }
}

/// Where the numbers of a column come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A column of the file.
    Column(String),
    /// `factor` times the columns of the file in `over`, divided by those in `under`.
    Product {
        /// The factor.
        factor: f64,
        /// Columns to multiply by.
        over: Vec<String>,
        /// Columns to divide by.
        under: Vec<String>,
    },
}

impl Source {
    /// The columns of the file that it reads.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let (column, over, under): (Option<&String>, &[String], &[String]) = match self {
            Self::Column(column) => (Some(column), &[], &[]),
            Self::Product { over, under, .. } => (None, over, under),
        };
        column.into_iter().chain(over).chain(under).map(String::as_str)
    }
}

/// A column of the result.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Its name in the result.
    pub name: String,
    /// Where its numbers come from.
    pub source: Source,
    /// What they must be.
    pub rule: Rule,
}

/// What is asked of a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// The columns of the result.
    pub columns: Vec<Wanted>,
    /// What a number in a column of the file stands for, where its cell has no unit of its own. Default 1.
    pub units: BTreeMap<String, f64>,
    /// Columns of the file whose labels are kept.
    pub labels: Vec<LabelsWanted>,
    /// Which rows are kept. Default all.
    pub filter: Option<Condition>,
    /// Which of the kept rows are marked. Default none.
    pub mark: Option<Condition>,
    /// What names in conditions stand for; a name that is not here is a column of the file.
    pub names: BTreeMap<String, Source>,
}
