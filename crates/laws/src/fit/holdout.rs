//! Some runs, usually the largest, predicted from the others.

use std::collections::BTreeMap;

use super::check_design;
use super::options::{HeldOut, Starts, marked};
use super::result::Holdout;
use super::search::Searcher;
use crate::error::{InputError, Refusal};
use crate::form::{LawForm, Residual};
use crate::numeric::sorted;
use crate::observations::Observations;
use crate::problem::Problem;
use crate::rows::Rows;

/// Share of the rows that is left out.
const SHARE: f64 = 0.2;

/// Most starts of a grid that is searched in full again.
const MOST_STARTS: usize = 1000;

/// Columns that tell how large a run is, in the order in which they are believed.
const SIZES: [&[&str]; 5] = [
    &["flops"],
    &["params", "tokens"],
    &["tokens"],
    &["steps"],
    &["params"],
];

/// The product of the inputs that mark size, in natural units; 1 where none does.
fn size_of(form: &dyn LawForm, row: impl Iterator<Item = f64>) -> f64 {
    let sized = form.inputs().iter().zip(row).filter(|(column, _)| column.size);
    sized
        .map(|(column, coordinate)| column.scale.inverse(coordinate))
        .product()
}

/// The size of every row: by the inputs that mark it, else by another column of the table, else by an
/// input that falls as runs grow.
///
/// # Errors
/// [`Refusal::NoSize`] when there is none.
pub(crate) fn sizes(form: &dyn LawForm, table: &Observations, rows: &Rows) -> Result<Vec<f64>, Refusal> {
    let inputs = form.inputs();
    if inputs.iter().any(|column| column.size) {
        return Ok((0..rows.len()).map(|row| size_of(form, rows.row(row))).collect());
    }
    if let Some(sizes) = sizes_of(table) {
        return Ok(sizes);
    }
    let falling = inputs
        .iter()
        .position(|column| column.falls)
        .ok_or(Refusal::NoSize)?;
    let value = |row| inputs[falling].scale.inverse(rows.input(row, falling));
    Ok((0..rows.len()).map(|row| value(row).recip()).collect())
}

/// The size of every row by the columns of a table, whatever the form.
fn sizes_of(table: &Observations) -> Option<Vec<f64>> {
    let of = |names: &&[&str]| -> Option<Vec<f64>> {
        let columns: Vec<&[f64]> = names
            .iter()
            .map(|name| table.column(name).ok())
            .collect::<Option<_>>()?;
        let sizes = (0..table.rows()).map(|row| columns.iter().map(|column| column[row]).product());
        let sizes: Vec<f64> = sizes.collect();
        sizes
            .iter()
            .all(|size| size.is_finite() && *size > 0.0)
            .then_some(sizes)
    };
    SIZES.iter().find_map(of)
}

impl HeldOut {
    /// The choice that is the same for every form: [`HeldOut::Largest`] by the columns of the table that
    /// tell how large a run is, rather than by each form's own inputs. Unchanged where none does.
    pub fn common(self, table: &Observations) -> Self {
        let sizes = (self == Self::Largest).then(|| sizes_of(table)).flatten();
        let Some(sizes) = sizes else {
            return self;
        };
        let mut marks = vec![false; table.rows()];
        for row in largest(table.used(), &sizes, table.groups()) {
            marks[row] = true;
        }
        Self::Rows(marks)
    }
}

/// The rows to leave out, or why there can be none; `None` for no check.
///
/// # Errors
/// [`InputError`] for a choice of another length than the table, or that chooses nothing.
pub(crate) fn chosen(
    rows: &Rows,
    sizes: &Result<Vec<f64>, Refusal>,
    choice: &HeldOut,
) -> Result<Option<Result<Vec<usize>, Refusal>>, InputError> {
    match choice {
        HeldOut::None => Ok(None),
        HeldOut::Largest => {
            let groups = rows.group_of();
            Ok(Some(
                sizes.clone().map(|sizes| largest(rows.used(), &sizes, groups)),
            ))
        }
        HeldOut::Rows(marks) => Ok(Some(Ok(marked(marks, rows.len())?))),
    }
}

/// The largest fifth of the rows used, and those as large as the smallest of them; of rows that share runs the
/// fifth of the runs whose last rows are the largest, whole.
fn largest(used: Vec<usize>, sizes: &[f64], groups: Option<&[usize]>) -> Vec<usize> {
    let group = |row: usize| groups.map_or(row, |groups| groups[row]);
    let mut ends: BTreeMap<usize, f64> = BTreeMap::new();
    for row in &used {
        let end = ends.entry(group(*row)).or_insert(f64::NEG_INFINITY);
        *end = end.max(sizes[*row]);
    }
    let ordered = sorted(ends.values().copied());
    let count = ((ordered.len() as f64 * SHARE) as usize).max(1);
    let limit = ordered.iter().rev().nth(count - 1).copied();
    let is_large = |row: &usize| limit.is_some_and(|limit| ends[&group(*row)] >= limit);
    used.into_iter().filter(is_large).collect()
}

/// Fits all rows but `out` from scratch, and predicts those.
///
/// # Errors
/// [`Refusal`] when the rows left are too few or cannot tell the inputs apart.
pub(crate) fn held_out(
    searcher: &Searcher<'_>,
    rows: &Rows,
    sizes: Option<&[f64]>,
    out: &[usize],
    starts: &Starts,
) -> Result<Holdout, Refusal> {
    let mut kept = rows.used();
    kept.retain(|row| out.binary_search(row).is_err());
    let inside = rows.chosen(&kept);
    let parameters = searcher.form.parameters().len();
    if kept.len() <= parameters {
        return Err(Refusal::TooFewRows {
            rows: kept.len(),
            parameters,
            needed: parameters + 1,
        });
    }
    check_design(searcher.form, &inside)?;
    let mut starts = searcher.starts(&inside, starts);
    if starts.len() > MOST_STARTS {
        // Sooner, and to the same minimum. The minima of all rows are no starts: where a parameter rests on
        // the rows left out alone they would carry what is to be predicted.
        starts = searcher.starts(&inside, &Starts::Projected);
    }
    let minima = searcher.search(&inside, &starts);
    let Some(best) = minima.first() else {
        return Err(Refusal::NoFiniteObjective { starts: starts.len() });
    };
    let residuals = Problem::new(searcher.form, rows, searcher.objective, 1e-9).residuals(&best.point);
    let (observed, relative): (Vec<f64>, Vec<f64>) = (0..rows.len())
        .map(|row| match searcher.objective.residual {
            Residual::Log => (rows.target(row).exp(), residuals[row].exp_m1()),
            Residual::Linear => (rows.target(row), residuals[row] / rows.target(row)),
        })
        .unzip();
    let errors: Vec<f64> = out.iter().map(|row| relative[*row]).collect();
    let mean = kept.iter().map(|row| observed[*row]).sum::<f64>() / kept.len() as f64;
    let size = |row: usize| sizes.map_or(1.0, |sizes| sizes[row]);
    let largest = |of: &[usize]| of.iter().fold(0.0_f64, |largest, row| largest.max(size(*row)));
    let average = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / out.len() as f64;
    Ok(Holdout {
        rows: out.to_vec(),
        fitted: kept.len(),
        reach: largest(out) / largest(&kept),
        mean_absolute: average(&mut errors.iter().map(|error| error.abs())),
        baseline: average(&mut out.iter().map(|row| (mean / observed[*row] - 1.0).abs())),
        errors,
        runs: out
            .iter()
            .map(|row| rows.group_of().map_or(*row, |groups| groups[*row]))
            .collect(),
    })
}
