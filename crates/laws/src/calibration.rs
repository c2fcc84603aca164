//! How often intervals hold the truth: fits to runs simulated from a known law.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{FitError, InputError};
use crate::fit::{Fit, FitOptions, Interval, fit, predict};
use crate::form::{LawForm, MOST_PARAMETERS, Residual};
use crate::numeric::{Stream, quantile_sorted, sorted};
use crate::observations::Observations;

/// The rows of a form's example with responses that have `noise`: relative where the form's residual
/// is logarithmic, absolute where it is not.
///
/// # Errors
/// [`InputError`] when the form names a column twice.
pub fn simulated(form: &dyn LawForm, noise: f64, seed: u64) -> Result<Observations, InputError> {
    let rows = form.example().rows;
    let mut stream = Stream::new(seed, form.name(), 0);
    let response = rows.iter().map(|row| respond(form, row, noise, &mut stream));
    let mut table = Observations::new().with(form.response().name.as_ref(), response.collect())?;
    for (at, column) in form.inputs().iter().enumerate() {
        table = table.with(column.name.as_ref(), rows.iter().map(|row| row[at]).collect())?;
    }
    Ok(table)
}

/// The response of the example's law at natural inputs, with noise.
fn respond(form: &dyn LawForm, row: &[f64], noise: f64, stream: &mut Stream) -> f64 {
    let parameters = form.example().parameters;
    let inputs: Vec<f64> = form
        .inputs()
        .iter()
        .zip(row)
        .map(|(column, value)| column.scale.forward(*value))
        .collect();
    let mut gradient = [0.0; MOST_PARAMETERS];
    let value = form.value(&parameters, &inputs, &mut gradient[..parameters.len()]);
    match form.definition().residual {
        Residual::Log => value * (noise * stream.normal()).exp(),
        Residual::Linear => value + noise * stream.normal(),
    }
}

/// How the intervals of one quantity did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibrated {
    /// The parameter, or `new run`.
    pub name: String,
    /// Its true value; NaN for new runs, which differ.
    pub truth: f64,
    /// Share of the intervals that hold the truth.
    pub coverage: f64,
    /// Share of the intervals that lie above the truth, and below it.
    pub missed: (f64, f64),
    /// Median width of the interval over the truth.
    pub width: f64,
    /// Median error of the estimate over the truth.
    pub bias: f64,
    /// Share of the fits that called it identified.
    pub identified: f64,
    /// Coverage by method.
    pub methods: Vec<(String, f64)>,
}

/// An interval that is not there holds nothing.
const UNKNOWN: Interval = Interval {
    low: f64::NAN,
    high: f64::NAN,
};

/// Fits `repeats` simulated tables of `form` and counts how often intervals hold the truth; each
/// parameter in order, then a new run like the last row.
///
/// # Errors
/// As [`fit()`], for the first table that cannot be fitted.
pub fn calibrate(
    form: &dyn LawForm,
    noise: f64,
    repeats: usize,
    options: &FitOptions,
) -> Result<Vec<Calibrated>, FitError> {
    let example = form.example();
    let last = example.rows.last().map_or(&[][..], Vec::as_slice);
    let fits: Vec<(Fit, (f64, f64, f64))> = (0..repeats as u64)
        .into_par_iter()
        .map(|seed| {
            let options = FitOptions {
                seed,
                ..options.clone()
            };
            let fit = fit(form, &simulated(form, noise, seed)?, &options)?;
            let run = predict(form, &fit, last)?;
            let measured = respond(form, last, noise, &mut Stream::new(seed, "new run", 0));
            let interval = run.interval.unwrap_or(UNKNOWN);
            let [value, low, high] = [run.value, interval.low, interval.high].map(|of| of / measured);
            Ok((fit, (value, low, high)))
        })
        .collect::<Result<_, FitError>>()?;
    let median = |values: &mut dyn Iterator<Item = f64>| quantile_sorted(&sorted(values), 0.5);
    let of = |name: &str, truth: f64, intervals: &[(f64, f64, f64)]| {
        let share = |holds: &dyn Fn(f64, f64) -> bool| {
            let held = intervals
                .iter()
                .filter(|(_, low, high)| holds(*low, *high))
                .count();
            held as f64 / repeats as f64
        };
        let over = if truth == 0.0 { 1.0 } else { truth.abs() };
        Calibrated {
            name: name.to_owned(),
            truth,
            coverage: share(&|low, high| low <= truth && truth <= high),
            missed: (share(&|low, _| low > truth), share(&|_, high| high < truth)),
            width: median(&mut intervals.iter().map(|(_, low, high)| (high - low) / over)),
            bias: median(&mut intervals.iter().map(|(value, ..)| (value - truth) / over)),
            identified: 1.0,
            methods: Vec::new(),
        }
    };
    let mut calibrated = Vec::new();
    for (parameter, truth) in form.parameters().iter().zip(&example.parameters) {
        let name = parameter.name.as_ref();
        let estimates = || fits.iter().map(|(fit, _)| &fit.parameters[name]);
        let used: Vec<(f64, f64, f64)> = estimates()
            .map(|found| (found.estimate.value, found.estimate.interval.unwrap_or(UNKNOWN)))
            .map(|(value, interval)| (value, interval.low, interval.high))
            .collect();
        let mut one = of(name, *truth, &used);
        let identified = estimates().filter(|found| found.estimate.identified).count();
        one.identified = identified as f64 / repeats as f64;
        for method in ["bca", "percentile", "profile"] {
            let intervals: Vec<(f64, f64, f64)> = estimates()
                .filter_map(|found| found.intervals.get(method))
                .map(|(low, high)| (0.0, *low, *high))
                .collect();
            if !intervals.is_empty() {
                one.methods
                    .push((method.into(), of(method, *truth, &intervals).coverage));
            }
        }
        calibrated.push(one);
    }
    let runs: Vec<(f64, f64, f64)> = fits.iter().map(|(_, run)| *run).collect();
    calibrated.push(of("new run", 1.0, &runs));
    Ok(calibrated)
}
