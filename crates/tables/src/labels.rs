//! Columns of labels: the few different texts that part the rows of a file, as names of data sets do.

use std::collections::HashMap;

use crate::formats::Cell;

/// A column whose labels are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelsWanted {
    /// The column of the file.
    pub column: String,
    /// Whether numbers are labels, too.
    pub numbers: bool,
    /// Different labels at most: a column with more names its rows, not groups of them.
    pub most: u16,
}

/// The labels of a column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels {
    values: Vec<String>,
    rows: Vec<u16>,
}

impl Labels {
    /// The different labels, in the order of the file; the empty one is that of a missing value.
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// Which of them each row has.
    pub fn rows(&self) -> &[u16] {
        &self.rows
    }

    pub(crate) fn rows_mut(&mut self) -> &mut Vec<u16> {
        &mut self.rows
    }
}

/// Labels being collected; nothing once the column turns out to have others than those asked for, or too many.
pub(crate) struct Collecting<'q> {
    wanted: &'q LabelsWanted,
    known: HashMap<String, u16>,
    labels: Option<Labels>,
}

impl<'q> Collecting<'q> {
    pub(crate) fn new(wanted: &'q LabelsWanted) -> Self {
        Self {
            wanted,
            known: HashMap::new(),
            labels: Some(Labels::default()),
        }
    }

    pub(crate) fn column(&self) -> &'q str {
        &self.wanted.column
    }

    pub(crate) fn push(&mut self, cell: &Cell<'_>) {
        let Some(labels) = &mut self.labels else { return };
        let number;
        let label = match cell {
            Cell::Missing => "",
            Cell::Text(text) if self.wanted.numbers || text.parse::<f64>().is_err() => text.as_ref(),
            Cell::Number(value) if self.wanted.numbers => {
                number = value.to_string();
                &number
            }
            _ => return self.labels = None,
        };
        let code = match self.known.get(label) {
            Some(code) => *code,
            None if labels.values.len() == usize::from(self.wanted.most) => return self.labels = None,
            None => {
                let code = labels.values.len() as u16;
                self.known.insert(label.to_owned(), code);
                labels.values.push(label.to_owned());
                code
            }
        };
        labels.rows.push(code);
    }

    /// The labels, if the column has such.
    pub(crate) fn finish(self) -> Option<(String, Labels)> {
        Some((self.wanted.column.clone(), self.labels?))
    }
}
