//! Fitting any form: search, intervals, hold-out and prediction.

mod bootstrap;
mod holdout;
mod intervals;
mod noise;
mod options;
mod profile;
mod range;
mod repeats;
mod result;
mod search;

use std::collections::BTreeMap;

pub use options::{FitOptions, HeldOut, Resampling, Starts};
pub use repeats::PureError;
pub use result::{Estimate, Fit, Holdout, Interval, LocalMinimum, ParameterEstimate, Prediction, Reach};

pub(crate) use bootstrap::{percentile, resampled, scale_of_noise};
pub(crate) use options::marked;

use crate::error::{FitError, InputError, Refusal, Warning};
use crate::form::{LawForm, MOST_PARAMETERS};
use crate::forms::FLOPS_PER_PARAM_TOKEN;
use crate::numeric::fit_line;
use crate::objective::{Objective, Reduction};
use crate::observations::{Observations, SIZE_RULE, usable_size};
use crate::problem::Problem;
use crate::rows::Rows;
use repeats::Repeats;
use search::Searcher;

/// Rows from which on a bootstrap draws rows rather than residuals, unless told otherwise.
const ROWS_FOR_CASES: usize = 60;

/// Fits `form` to `table`: the best parameters of all starts, their intervals, what is identified,
/// and how well the largest runs are predicted from the others.
///
/// # Errors
/// [`FitError::Input`] for columns that are missing or hold unusable values, and options out of range;
/// [`FitError::Refused`] when the rows are too few or the design cannot tell the inputs apart.
///
/// ```
/// use triaxis_laws::{FitOptions, Observations, fit, forms};
/// let form = forms::find("chinchilla").unwrap();
/// let (mut params, mut tokens, mut loss) = (vec![], vec![], vec![]);
/// for n in [1e6_f64, 1e7, 1e8] {
///     for d in [1e8_f64, 1e9, 1e10] {
///         params.push(n);
///         tokens.push(d);
///         loss.push(1.7 + 400.0 / n.powf(0.34) + 400.0 / d.powf(0.28));
///     }
/// }
/// let table = Observations::new()
///     .with("params", params).unwrap()
///     .with("tokens", tokens).unwrap()
///     .with("loss", loss).unwrap();
/// let fit = fit(form, &table, &FitOptions::point_only()).unwrap();
/// assert!((fit.parameter("alpha").unwrap() - 0.34).abs() < 1e-3);
/// ```
pub fn fit(form: &dyn LawForm, table: &Observations, options: &FitOptions) -> Result<Fit, FitError> {
    options.check()?;
    let objective = options.objective.unwrap_or(Objective {
        residual: form.definition().residual,
        ..Objective::log_huber()
    });
    let all = table.prepare(form, objective.residual)?;
    let rows = all.chosen(&all.used());
    check_design(form, &rows)?;
    let sizes = holdout::sizes(form, table, &all);
    let left_out = holdout::chosen(&all, &sizes, &options.holdout)?;
    let searcher = Searcher {
        form,
        objective: &objective,
    };
    let starts = searcher.starts(&rows, &options.starts);
    let minima = range::settled(&searcher, &rows, searcher.search(&rows, &starts));
    let Some(best) = minima.first() else {
        return Err(Refusal::NoFiniteObjective { starts: starts.len() }.into());
    };
    let residuals_of = |rows| Problem::new(form, rows, &objective, 1e-9).residuals(&best.point);
    let residuals = residuals_of(&rows);
    let freedom = rows.len() - form.parameters().len();
    let noise = noise(freedom, &residuals);
    let repeats = repeats::repeats(&rows, &residuals, form.parameters().len());
    let mut fit = Fit {
        form: form.name().into(),
        parameters: BTreeMap::new(),
        best: natural(form, &best.point),
        objective: reduced(&objective, &rows, best.value),
        minimised: objective,
        rows: rows.len(),
        starts: starts.len(),
        minima: minima
            .iter()
            .map(|minimum| LocalMinimum {
                objective: reduced(&objective, &rows, minimum.value),
                parameters: natural(form, &minimum.point),
            })
            .collect(),
        r_squared: r_squared(&rows, &residuals),
        freedom,
        noise,
        pure_error: repeats.pure_error,
        residuals: residuals_of(&all).iter().map(|residual| -residual).collect(),
        used_residuals: residuals.iter().map(|residual| -residual).collect(),
        replicates: Vec::new(),
        replicate_noise: Vec::new(),
        resampling: options.resampling.unwrap_or(match rows.len() < ROWS_FOR_CASES {
            true => Resampling::Residual,
            false => Resampling::Case,
        }),
        level: options.level,
        seed: options.seed,
        sampled: sampled(form, &rows),
        holdout: None,
        warnings: warnings(form, &rows, noise, &repeats),
        refusals: collinear(form, &rows),
    };
    if options.profile && options.replicates == 0 {
        fit.warnings.push(Warning::NoBootstrap);
    }
    fit.warnings.extend(range::beyond(&searcher, &best.point));
    intervals::intervals(
        &searcher,
        &rows,
        &minima
            .iter()
            .map(|minimum| minimum.point.clone())
            .collect::<Vec<_>>(),
        &residuals,
        options,
        &mut fit,
    );
    let sizes = sizes.as_deref().ok();
    let checked = left_out.map(|out| holdout::held_out(&searcher, &all, sizes, &out?, &options.starts));
    match checked {
        None => {}
        Some(Ok(holdout)) => {
            fit.warnings.extend(holdout.warning());
            fit.holdout = Some(holdout);
        }
        Some(Err(reason)) => fit.warnings.push(Warning::NoHoldout { reason }),
    }
    Ok(fit)
}

/// The fitted law at natural `inputs` (in the order of the form's columns), with the interval for a
/// new run: parameter uncertainty and run noise together.
///
/// # Errors
/// [`InputError`] for inputs that are too few, not finite, or not positive where they must be.
pub fn predict(form: &dyn LawForm, fit: &Fit, inputs: &[f64]) -> Result<Prediction, InputError> {
    let columns = form.inputs();
    if inputs.len() != columns.len() {
        return Err(InputError::Length {
            column: format!("inputs of {}", form.name()),
            found: inputs.len(),
            expected: columns.len(),
        });
    }
    let mut coordinates = Vec::with_capacity(columns.len());
    for (column, value) in columns.iter().zip(inputs) {
        let coordinate = column.scale.forward(*value);
        if !coordinate.is_finite() {
            return Err(InputError::NotPositive {
                column: column.name.to_string(),
                row: 0,
                value: *value,
            });
        }
        if !usable_size(*value) {
            return Err(InputError::OutOfRange {
                column: column.name.to_string(),
                row: 0,
                value: *value,
                rule: SIZE_RULE,
            });
        }
        coordinates.push(coordinate);
    }
    let law = |parameters: &[f64]| {
        form.value(
            parameters,
            &coordinates,
            &mut [0.0; MOST_PARAMETERS][..parameters.len()],
        )
    };
    let (interval, of_law) = fit.spread(law);
    let named = columns
        .iter()
        .zip(inputs)
        .map(|(column, value)| (column.name.to_string(), *value));
    let compute = compute(form, |at| coordinates[at]).map(|value| ("compute".to_owned(), value));
    let reach = named.clone().chain(compute).filter_map(|(name, value)| {
        let sampled = *fit.sampled.get(&name)?;
        Some((name, Reach::of(value, sampled)))
    });
    Ok(Prediction {
        reach: reach.collect(),
        inputs: named.collect(),
        value: law(&fit.best),
        interval,
        law: of_law,
        level: fit.level,
    })
}

/// The compute `6 N D` of a run by its column coordinates, where both are inputs.
fn compute(form: &dyn LawForm, coordinate: impl Fn(usize) -> f64) -> Option<f64> {
    let of = |input: &str| {
        let at = form.inputs().iter().position(|column| column.name == input)?;
        Some(form.inputs()[at].scale.inverse(coordinate(at)))
    };
    Some(FLOPS_PER_PARAM_TOKEN * of("params")? * of("tokens")?)
}

/// Smallest and largest of each input, and of the compute.
fn sampled(form: &dyn LawForm, rows: &Rows) -> BTreeMap<String, (f64, f64)> {
    let ends = |values: &mut dyn Iterator<Item = f64>| {
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        })
    };
    let inputs = form.inputs().iter().enumerate().map(|(at, column)| {
        let (low, high) = ends(&mut (0..rows.len()).map(|row| rows.input(row, at)));
        let natural = |at| column.scale.inverse(at);
        (column.name.to_string(), (natural(low), natural(high)))
    });
    let mut sampled: BTreeMap<String, (f64, f64)> = inputs.collect();
    let computes = || (0..rows.len()).filter_map(|row| compute(form, |at| rows.input(row, at)));
    if computes().next().is_some() {
        sampled.insert("compute".into(), ends(&mut computes()));
    }
    sampled
}

fn natural(form: &dyn LawForm, point: &[f64]) -> Vec<f64> {
    form.parameters()
        .iter()
        .zip(point)
        .map(|(parameter, value)| parameter.scale.inverse(*value))
        .collect()
}

fn reduced(objective: &Objective, rows: &Rows, value: f64) -> f64 {
    match objective.reduction {
        Reduction::Sum => value,
        Reduction::Mean => value / rows.weights().sum::<f64>(),
    }
}

fn check_design(form: &dyn LawForm, rows: &Rows) -> Result<(), Refusal> {
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
    Ok(())
}

/// Pairs of inputs that move together in every row, so that their terms cannot be told apart.
fn collinear(form: &dyn LawForm, rows: &Rows) -> Vec<Refusal> {
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

fn r_squared(rows: &Rows, residuals: &[f64]) -> f64 {
    let weighted = |values: &mut dyn Iterator<Item = f64>| {
        let products = values.zip(rows.weights()).map(|(value, weight)| weight * value);
        products.sum::<f64>()
    };
    let mean = weighted(&mut rows.targets()) / rows.weights().sum::<f64>();
    let left = weighted(&mut residuals.iter().map(|residual| residual * residual));
    1.0 - left / weighted(&mut rows.targets().map(|target| (target - mean).powi(2)))
}

fn noise(freedom: usize, residuals: &[f64]) -> Option<f64> {
    let squares = residuals.iter().map(|residual| residual * residual).sum::<f64>();
    (freedom > 0).then(|| (squares / freedom as f64).sqrt())
}

fn warnings(form: &dyn LawForm, rows: &Rows, noise: Option<f64>, repeats: &Repeats) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let parameters = form.parameters().len();
    if noise.is_none() {
        warnings.push(Warning::NoFreedom {
            rows: rows.len(),
            parameters,
        });
    } else if rows.len() < 3 * parameters {
        warnings.push(Warning::FewRows {
            rows: rows.len(),
            parameters,
        });
    }
    if repeats.duplicates > 0 {
        warnings.push(Warning::DuplicatedRows {
            rows: repeats.duplicates,
        });
    }
    if let Some(PureError {
        noise: of_repeats,
        lack_of_fit: Some(chance),
        ..
    }) = repeats.pure_error.filter(PureError::law_lacks_fit)
        && let Some(noise) = noise
    {
        warnings.push(Warning::LackOfFit {
            noise,
            of_repeats,
            chance,
        });
    }
    warnings
}
