//! Leave-largest-out: the largest runs predicted from the smaller ones.

use super::options::Starts;
use super::result::Holdout;
use super::search::Searcher;
use crate::error::Warning;
use crate::form::{LawForm, Residual};
use crate::objective::{Problem, Rows};

/// Share of the rows that is left out.
const SHARE: f64 = 0.2;

/// The size of every row: the product of the inputs that mark size, in natural units.
pub(crate) fn sizes(form: &dyn LawForm, rows: &Rows) -> Vec<f64> {
    let columns = form.inputs();
    (0..rows.len())
        .map(|row| {
            let sized = columns
                .iter()
                .zip(rows.row(row))
                .filter(|(column, _)| column.size);
            sized
                .map(|(column, value)| column.scale.inverse(*value))
                .product()
        })
        .collect()
}

/// Leaves the largest fifth of the rows out (runs as large as the smallest of them too), fits the others from scratch and predicts them.
pub(crate) fn largest_out(searcher: &Searcher<'_>, rows: &Rows, starts: &Starts) -> Result<Holdout, Warning> {
    let sizes = sizes(searcher.form, rows);
    let mut ordered: Vec<f64> = (0..rows.len())
        .filter(|row| rows.weights[*row] > 0.0)
        .map(|row| sizes[row])
        .collect();
    ordered.sort_by(f64::total_cmp);
    let count = ((ordered.len() as f64 * SHARE) as usize).max(1);
    let limit = ordered[ordered.len() - count];
    let out: Vec<usize> = (0..rows.len())
        .filter(|row| rows.weights[*row] > 0.0 && sizes[*row] >= limit)
        .collect();
    let parameters = searcher.form.parameters().len();
    let fitted = ordered.len() - out.len();
    if fitted <= parameters {
        return Err(Warning::NoHoldout {
            rows: fitted,
            parameters,
        });
    }
    let mut inside = rows.clone();
    out.iter().for_each(|row| inside.weights[*row] = 0.0);
    held_out(searcher, rows, &inside, &out, starts).ok_or(Warning::NoHoldout {
        rows: fitted,
        parameters,
    })
}

/// Fits `inside` and predicts the rows `out` of `rows`.
pub(crate) fn held_out(
    searcher: &Searcher<'_>,
    rows: &Rows,
    inside: &Rows,
    out: &[usize],
    starts: &Starts,
) -> Option<Holdout> {
    let minima = searcher.search(inside, &searcher.starts(inside, starts));
    let best = minima.first()?;
    let residuals = Problem::new(searcher.form, rows, searcher.objective, 1e-9).residuals(&best.point);
    let (observed, relative): (Vec<f64>, Vec<f64>) = (0..rows.len())
        .map(|row| match searcher.objective.residual {
            Residual::Log => (rows.target[row].exp(), residuals[row].exp_m1()),
            Residual::Linear => (rows.target[row], residuals[row] / rows.target[row]),
        })
        .unzip();
    let errors: Vec<f64> = out.iter().map(|row| relative[*row]).collect();
    let kept: Vec<usize> = (0..rows.len()).filter(|row| inside.weights[*row] > 0.0).collect();
    let mean = kept.iter().map(|row| observed[*row]).sum::<f64>() / kept.len() as f64;
    let sizes = sizes(searcher.form, rows);
    let largest = |of: &[usize]| of.iter().fold(0.0_f64, |largest, row| largest.max(sizes[*row]));
    let average = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / out.len() as f64;
    Some(Holdout {
        rows: out.to_vec(),
        fitted: kept.len(),
        reach: largest(out) / largest(&kept),
        mean_absolute: average(&mut errors.iter().map(|error| error.abs())),
        baseline: average(&mut out.iter().map(|row| (mean / observed[*row] - 1.0).abs())),
        errors,
    })
}
