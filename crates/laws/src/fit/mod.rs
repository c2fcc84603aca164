//! Fitting any form: search, intervals, hold-out and prediction.

mod bootstrap;
mod design;
mod groups;
mod holdout;
mod intervals;
mod noise;
mod options;
mod profile;
mod range;
mod repeats;
mod result;
mod search;
mod widening;

use std::collections::BTreeMap;

pub use options::{FitOptions, HeldOut, Resampling, Starts};
pub use repeats::PureError;
pub use result::{Estimate, Fit, Holdout, Interval, LocalMinimum, ParameterEstimate, Prediction, Reach};
pub use widening::Widening;

pub(crate) use bootstrap::{percentile, resampled, scale_of_noise};
pub(crate) use intervals::is_told;
pub(crate) use options::{LEAST_REPLICATES, marked};
pub(crate) use search::Searcher;

use crate::error::{FitError, InputError, Refusal, Warning};
use crate::form::{LawForm, MOST_PARAMETERS};
use crate::forms::FLOPS_PER_PARAM_TOKEN;
use crate::objective::{Objective, Reduction};
use crate::observations::{Observations, SIZE_RULE, usable_size};
use crate::problem::Problem;
use crate::rows::Rows;
use design::{check_design, collinear};
use groups::Groups;

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
    let duplicates = table.rows() - table.distinct().len();
    check_design(form, &rows).map_err(|refusal| refusal.of_given(rows.len() + duplicates))?;
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
    let groups = Groups::of(&searcher, &rows, std::slice::from_ref(&best.point));
    let runs = groups.as_ref().map(|groups| groups.members.len());
    let freedom = match runs {
        Some(runs) if runs < groups::LEAST_RUNS => 0,
        Some(runs) => (runs - 1).min(rows.len() - form.parameters().len()),
        None => rows.len() - form.parameters().len(),
    };
    let noise = match &groups {
        Some(groups) => (freedom > 0).then_some(groups.deviation),
        None => noise(freedom, &residuals),
    };
    // Rows of one run have its luck in common, so their spread is not that of runs.
    let repeats = match groups {
        Some(_) => None,
        None => repeats::repeats(&rows, &residuals, form.parameters().len()),
    };
    let units = runs.unwrap_or(rows.len());
    let mut fit = Fit {
        form: form.name().into(),
        parameters: BTreeMap::new(),
        best: natural(form, &best.point),
        objective: reduced(&objective, &rows, best.value),
        minimised: objective,
        rows: rows.len(),
        runs,
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
        pure_error: repeats,
        residuals: residuals_of(&all).iter().map(|residual| -residual).collect(),
        used_residuals: residuals.iter().map(|residual| -residual).collect(),
        replicates: Vec::new(),
        replicate_noise: Vec::new(),
        resampling: resampling(options, units, freedom),
        level: options.level,
        seed: options.seed,
        sampled: sampled(form, &rows),
        holdout: None,
        warnings: warnings(form, units, runs, noise, repeats, duplicates),
        refusals: collinear(form, &rows),
    };
    if options.profile && options.replicates == 0 {
        fit.warnings.push(Warning::NoBootstrap);
    }
    if options.resampling == Some(Resampling::Case) && fit.resampling != Resampling::Case && freedom > 0 {
        fit.warnings.push(Warning::FewForCases {
            freedom,
            needed: intervals::ROBUST,
        });
    }
    if runs.is_none() {
        fit.warnings.extend(groups::unnamed(form, &rows, &residuals));
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
    let value = law(&fit.best);
    let response = form.response();
    if response.share && !(0.0..=1.0).contains(&value) {
        return Err(InputError::NoShare {
            column: response.name.to_string(),
            value,
        });
    }
    let (interval, of_law) = fit.spread(law);
    let possible = |interval: Interval| match response.share {
        true => interval.clamped(0.0, 1.0),
        false => interval,
    };
    let named = columns
        .iter()
        .zip(inputs)
        .map(|(column, value)| (column.name.to_string(), *value));
    let reach = quantities(form, |at| coordinates[at])
        .into_iter()
        .filter_map(|(name, value)| {
            let sampled = *fit.sampled.get(&name)?;
            Some((name, Reach::of(value, sampled)))
        });
    Ok(Prediction {
        reach: reach.collect(),
        inputs: named.collect(),
        value,
        interval: interval.map(possible),
        law: of_law.map(possible),
        level: fit.level,
    })
}

/// What tells where a run lies among others, by its column coordinates: its inputs, the ratio of every two that
/// are sizes of it, and its compute.
fn quantities(form: &dyn LawForm, coordinate: impl Fn(usize) -> f64) -> Vec<(String, f64)> {
    let inputs = form.inputs();
    let natural = |at: usize| inputs[at].scale.inverse(coordinate(at));
    let named = |at: usize| inputs[at].name.as_ref();
    let mut quantities: Vec<(String, f64)> = (0..inputs.len())
        .map(|at| (named(at).to_owned(), natural(at)))
        .collect();
    let sizes: Vec<usize> = (0..inputs.len()).filter(|at| inputs[*at].size).collect();
    for (place, one) in sizes.iter().enumerate() {
        let ratio = |other: &usize| {
            (
                format!("{}/{}", named(*other), named(*one)),
                natural(*other) / natural(*one),
            )
        };
        quantities.extend(sizes[place + 1..].iter().map(ratio));
    }
    quantities.extend(compute(form, coordinate).map(|value| ("compute".to_owned(), value)));
    quantities
}

/// The compute `6 N D` of a run by its column coordinates, where both are inputs.
fn compute(form: &dyn LawForm, coordinate: impl Fn(usize) -> f64) -> Option<f64> {
    let of = |input: &str| {
        let at = form.inputs().iter().position(|column| column.name == input)?;
        Some(form.inputs()[at].scale.inverse(coordinate(at)))
    };
    Some(FLOPS_PER_PARAM_TOKEN * of("params")? * of("tokens")?)
}

/// Smallest and largest of each quantity over the rows.
fn sampled(form: &dyn LawForm, rows: &Rows) -> BTreeMap<String, (f64, f64)> {
    let mut sampled: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for row in 0..rows.len() {
        for (name, value) in quantities(form, |at| rows.input(row, at)) {
            let (low, high) = sampled.entry(name).or_insert((value, value));
            (*low, *high) = (low.min(value), high.max(value));
        }
    }
    sampled
}

/// What the bootstrap draws. Of few rows there are too few different ones left in most samples to fit a law to.
fn resampling(options: &FitOptions, rows: usize, freedom: usize) -> Resampling {
    match options.resampling {
        _ if freedom < intervals::ROBUST => Resampling::Residual,
        Some(chosen) => chosen,
        None if rows < ROWS_FOR_CASES => Resampling::Residual,
        None => Resampling::Case,
    }
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

fn warnings(
    form: &dyn LawForm,
    units: usize,
    runs: Option<usize>,
    noise: Option<f64>,
    repeats: Option<PureError>,
    duplicates: usize,
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let parameters = form.parameters().len();
    if let Some(runs) = runs.filter(|runs| *runs < groups::LEAST_RUNS) {
        warnings.push(Warning::FewRuns {
            runs,
            needed: groups::LEAST_RUNS,
        });
    } else if noise.is_none() {
        warnings.push(Warning::NoFreedom {
            rows: units,
            parameters,
        });
    } else if units < 3 * parameters {
        warnings.push(match runs {
            Some(runs) => Warning::RoughRuns { runs, parameters },
            None => Warning::FewRows {
                rows: units,
                parameters,
            },
        });
    }
    if duplicates > 0 {
        warnings.push(Warning::DuplicatedRows { rows: duplicates });
    }
    if let Some(PureError {
        noise: of_repeats,
        lack_of_fit: Some(chance),
        ..
    }) = repeats.filter(PureError::law_lacks_fit)
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
