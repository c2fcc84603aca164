//! Whether the runs can answer at all: enough rows, inputs that vary, and vary apart from each other.

use crate::error::Refusal;
use crate::form::LawForm;
use crate::numeric::{fit_line, independent_part};
use crate::objective::Objective;
use crate::problem::Problem;
use crate::rows::Rows;

/// Rows that tell whether parameters can be told apart, when there are more.
const MOST_ROWS: usize = 1000;
/// Part of a parameter's effect beyond those of the others, below which it is rounding.
const ROUNDING: f64 = 1e-7;

/// Refuses rows that are too few, or that leave an input or the response the same.
///
/// # Errors
/// [`Refusal`], with the column and what to do.
pub(super) fn check_design(form: &dyn LawForm, rows: &Rows) -> Result<(), Refusal> {
    let (count, parameters) = (rows.len(), form.parameters().len());
    if count < parameters {
        return Err(Refusal::TooFewRows {
            rows: count,
            parameters,
            needed: parameters,
        });
    }
    if rows.targets().all(|target| target == rows.target(0)) {
        let column = form.response().name.to_string();
        return Err(Refusal::Constant { column, rows: count });
    }
    for (at, column) in form.inputs().iter().enumerate() {
        let values = (0..rows.len()).map(|row| rows.input(row, at));
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        if low == high {
            // A value that went through a logarithm has lost its last digits.
            let value = format!("{:.11e}", column.scale.inverse(low));
            let value = value.parse::<f64>().unwrap_or(low);
            let reason = format!("`{}` is {value} in every row", column.name);
            return Err(Refusal::Collinear {
                columns: column.name.to_string(),
                reason,
            });
        }
    }
    few_values(form, rows).map_or(Ok(()), Err)
}

/// Pairs of inputs that move together in every row, so that their terms cannot be told apart.
pub(super) fn collinear(form: &dyn LawForm, rows: &Rows) -> Vec<Refusal> {
    let columns = form.inputs();
    let values = |at: usize| -> Vec<f64> { (0..rows.len()).map(|row| rows.input(row, at)).collect() };
    let mut refusals = Vec::new();
    for first in 0..columns.len() {
        for second in first + 1..columns.len() {
            let line = fit_line(&values(first), &values(second));
            if line.is_some_and(|line| line.r_squared > 1.0 - 1e-9) {
                let names = format!("`{}` and `{}`", columns[first].name, columns[second].name);
                let reason = "one follows from the other in every row".into();
                refusals.push(Refusal::Collinear {
                    columns: names,
                    reason,
                });
            }
        }
    }
    refusals
}

/// An input of fewer distinct values than the unknowns that hang on it: parameters of which each acts on these
/// rows as a combination of the others does. What is true by the design alone is so at any parameters: both at
/// those of the form's example and at others near them.
fn few_values(form: &dyn LawForm, rows: &Rows) -> Option<Refusal> {
    let example: Vec<f64> = form.example().parameters;
    let scales = || form.parameters().iter().zip(&example);
    let at = |times: f64| -> Vec<f64> {
        let moved = scales().enumerate().map(|(index, (parameter, value))| {
            parameter
                .scale
                .forward(value * times.powf(1.0 + 0.1 * index as f64))
        });
        moved.collect()
    };
    let thinned = rows.thinned(MOST_ROWS);
    let mut tied: Vec<usize> = (0..example.len()).collect();
    for (rows, times) in [(&*thinned, 1.0), (&*thinned, 1.2), (rows, 0.9)] {
        let of_these = tied_parameters(form, rows, &at(times));
        tied.retain(|parameter| of_these.contains(parameter));
        if tied.is_empty() {
            return None;
        }
    }
    let distinct = |column: usize| {
        let mut values: Vec<u64> = (0..rows.len())
            .map(|row| rows.input(row, column).to_bits())
            .collect();
        values.sort_unstable();
        values.dedup();
        values.len()
    };
    let counts = form
        .inputs()
        .iter()
        .enumerate()
        .map(|(at, column)| (distinct(at), column));
    let (values, column) = counts.min_by_key(|(values, _)| *values)?;
    let names: Vec<&str> = tied
        .iter()
        .map(|at| form.parameters()[*at].name.as_ref())
        .collect();
    (values < tied.len()).then(|| Refusal::FewValues {
        column: column.name.to_string(),
        values,
        parameters: names.join(", "),
    })
}

/// The parameters of which each acts, near a point in search coordinates, as the others together do.
fn tied_parameters(form: &dyn LawForm, rows: &Rows, point: &[f64]) -> Vec<usize> {
    let objective = Objective::squares(form.definition().residual);
    let slopes = Problem::new(form, rows, &objective, 1e-9).slopes(point);
    let order = point.len();
    let column = |at: usize| {
        slopes
            .iter()
            .skip(at)
            .step_by(order)
            .copied()
            .collect::<Vec<f64>>()
    };
    let columns: Vec<Vec<f64>> = (0..order).map(column).collect();
    let is_tied = |at: &usize| {
        let others: Vec<&[f64]> = (0..order)
            .filter(|other| other != at)
            .map(|other| columns[other].as_slice())
            .collect();
        independent_part(&columns[*at], &others) < ROUNDING
    };
    (0..order).filter(is_tied).collect()
}
