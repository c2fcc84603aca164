//! Some runs, usually the largest, predicted from the others.

use super::check_design;
use super::options::{HeldOut, Starts};
use super::result::Holdout;
use super::search::Searcher;
use crate::error::{InputError, Refusal};
use crate::form::{LawForm, Residual};
use crate::numeric::sorted;
use crate::problem::Problem;
use crate::rows::Rows;

/// Share of the rows that is left out.
const SHARE: f64 = 0.2;

/// Most starts of a grid that is searched in full again.
const MOST_STARTS: usize = 1000;

/// The size of every row: the product of the inputs that mark size, in natural units.
pub(crate) fn sizes(form: &dyn LawForm, rows: &Rows) -> Vec<f64> {
    let columns = form.inputs();
    (0..rows.len())
        .map(|row| {
            let sized = columns
                .iter()
                .zip(rows.row(row))
                .filter(|(column, _)| column.size);
            sized.map(|(column, value)| column.scale.inverse(value)).product()
        })
        .collect()
}

/// The rows to leave out; `None` for no check.
///
/// # Errors
/// [`InputError`] for a choice of another length than the table, or that chooses nothing.
pub(crate) fn chosen(
    form: &dyn LawForm,
    rows: &Rows,
    choice: &HeldOut,
) -> Result<Option<Vec<usize>>, InputError> {
    match choice {
        HeldOut::None => Ok(None),
        HeldOut::Largest => Ok(Some(largest(form, rows))),
        HeldOut::Rows(out) if out.len() != rows.len() => Err(InputError::Length {
            column: "held out".into(),
            found: out.len(),
            expected: rows.len(),
        }),
        HeldOut::Rows(out) => {
            let out: Vec<usize> = (0..rows.len()).filter(|row| out[*row]).collect();
            match out.is_empty() {
                true => Err(InputError::NothingHeldOut { rows: rows.len() }),
                false => Ok(Some(out)),
            }
        }
    }
}

/// The largest fifth of the rows, and those as large as the smallest of them.
fn largest(form: &dyn LawForm, rows: &Rows) -> Vec<usize> {
    let sizes = sizes(form, rows);
    let used = rows.used();
    let ordered = sorted(used.iter().map(|row| sizes[*row]));
    let count = ((ordered.len() as f64 * SHARE) as usize).max(1);
    let limit = ordered.iter().rev().nth(count - 1).copied();
    let is_large = |row: &usize| limit.is_some_and(|limit| sizes[*row] >= limit);
    used.into_iter().filter(is_large).collect()
}

/// Fits all rows but `out` from scratch, and predicts those.
///
/// # Errors
/// [`Refusal`] when the rows left are too few or cannot tell the inputs apart.
pub(crate) fn held_out(
    searcher: &Searcher<'_>,
    rows: &Rows,
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
    let sizes = sizes(searcher.form, rows);
    let largest = |of: &[usize]| of.iter().fold(0.0_f64, |largest, row| largest.max(sizes[*row]));
    let average = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / out.len() as f64;
    Ok(Holdout {
        rows: out.to_vec(),
        fitted: kept.len(),
        reach: largest(out) / largest(&kept),
        mean_absolute: average(&mut errors.iter().map(|error| error.abs())),
        baseline: average(&mut out.iter().map(|row| (mean / observed[*row] - 1.0).abs())),
        errors,
    })
}
