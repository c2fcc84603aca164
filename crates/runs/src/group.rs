//! Which run each row is of: rows of one run, as its checkpoints, are one piece of evidence.

use std::collections::{BTreeMap, BTreeSet};

use triaxis_tables::Labels;

use crate::Misuse;
use crate::data::Data;
use crate::names::is_name;

/// The names under which files usually have the run that a row is of, in lower case with single underscores.
const USUAL: &[&str] = &[
    "run",
    "run_id",
    "run_name",
    "name",
    "model",
    "model_name",
    "experiment",
    "exp_name",
    "trial",
    "trial_id",
];

/// Those of them that are of runs whatever else there is.
const PLAIN: &[&str] = &["run", "run_id", "trial_id"];

/// Different runs at most.
pub(crate) const MOST: u16 = u16::MAX;

/// What is asked for instead of a column, so that every row is a run of its own.
pub(crate) const NONE: &str = "none";

/// Whether a column may name the runs: it is asked for, or has a usual name where none is.
pub(crate) fn may_name_runs(column: &str, asked: Option<&str>) -> bool {
    asked.map_or_else(
        || USUAL.iter().any(|name| is_name(column, name)),
        |asked| asked == column,
    )
}

impl Data {
    /// Finds the column that names the runs: the one asked for, else the first of a usual name that gives several
    /// rows to some run and never two sizes to one; without sizes, a plain name is enough.
    ///
    /// # Errors
    /// [`Misuse::Group`] for a column that is asked for and names no runs.
    pub(crate) fn group(&mut self, asked: Option<&str>) -> Result<(), Misuse> {
        if asked == Some(NONE) {
            return Ok(());
        }
        let others: Vec<String> = self.columns.others().map(String::from).collect();
        for column in others.iter().filter(|column| may_name_runs(column, asked)) {
            let Some(runs) = self.table.labels(column).map(names) else {
                continue;
            };
            let count = distinct(&runs);
            let is_plain = || PLAIN.iter().any(|name| is_name(column, name));
            let has_sizes = !self.numbers("params").is_empty();
            let may_be = || match has_sizes {
                true => self.are_of_one_size(&runs),
                false => is_plain(),
            };
            if asked.is_none() && (count < 2 || count == runs.len() || !may_be()) {
                continue;
            }
            self.columns.notes.push(match asked {
                Some(_) => format!("runs by `{column}`: {count} of {} rows", runs.len()),
                None => format!(
                    "runs by `{column}`: {count} of {} rows{}, so its rows are taken for checkpoints and whole runs are resampled; --group none takes every row for a run",
                    runs.len(),
                    if has_sizes { ", each of one size" } else { "" },
                ),
            });
            self.group = Some(column.clone());
            return Ok(());
        }
        match asked {
            Some(column) => Err(Misuse::Group {
                column: column.into(),
            }),
            None => Ok(()),
        }
    }

    /// The run that each row is of, where a column names them.
    pub(crate) fn run_of_rows(&self) -> Option<Vec<(u16, usize)>> {
        self.table.labels(self.group.as_ref()?).map(names)
    }

    /// Whether a column names runs, or only numbers them: its labels are no names of data sets.
    pub(crate) fn is_of_runs(&self, column: &str) -> bool {
        let numbers = |labels: &Labels| labels.values().iter().all(|value| value.parse::<f64>().is_ok());
        self.group.as_deref() == Some(column) || self.table.labels(column).is_some_and(numbers)
    }

    /// Whether the rows of each run have one size.
    fn are_of_one_size(&self, runs: &[(u16, usize)]) -> bool {
        let sizes = self.numbers("params");
        let mut known: BTreeMap<(u16, usize), f64> = BTreeMap::new();
        let mut pairs = runs.iter().zip(sizes);
        sizes.len() == runs.len() && pairs.all(|(run, size)| *known.entry(*run).or_insert(*size) == *size)
    }
}

/// The run of each row by its label; a row without one is a run of its own.
fn names(labels: &Labels) -> Vec<(u16, usize)> {
    let own = |(row, code): (usize, &u16)| match labels.values()[usize::from(*code)].is_empty() {
        true => (*code, row),
        false => (*code, 0),
    };
    labels.rows().iter().enumerate().map(own).collect()
}

fn distinct(runs: &[(u16, usize)]) -> usize {
    runs.iter().collect::<BTreeSet<_>>().len()
}
