//! A law of coverage as every other fit is shown.

use std::collections::BTreeMap;

use super::posterior::{Posterior, Target, is_narrowed};
use crate::error::Warning;
use crate::fit::{
    Estimate, Fit, FitOptions, Interval, LocalMinimum, ParameterEstimate, Resampling, percentile,
};
use crate::form::{MOST_PARAMETERS, Residual};
use crate::numeric::sorted;
use crate::objective::{Objective, Reduction, Robust};

/// What the program shows of one law.
pub(super) fn fit_of(
    target: &Target<'_>,
    posterior: &Posterior,
    (samples, coverage): &(Vec<f64>, Vec<f64>),
    options: &FitOptions,
    rows: usize,
) -> Fit {
    let form = target.form;
    let value = |k: &f64| form.value(&posterior.mode, &[k.ln()], &mut [0.0; MOST_PARAMETERS]);
    let residuals: Vec<f64> = samples
        .iter()
        .zip(coverage)
        .map(|(k, seen)| seen - value(k))
        .collect();
    let mean = coverage.iter().sum::<f64>() / coverage.len() as f64;
    let squares = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
    let left =
        squares(&mut residuals.iter().copied()) / squares(&mut coverage.iter().map(|seen| seen - mean));
    let ends = sorted(samples.iter().copied());
    let mut fit = Fit {
        form: form.name().into(),
        parameters: BTreeMap::new(),
        objective: -posterior.height,
        minimised: Objective {
            residual: Residual::Linear,
            robust: Robust::Squares,
            reduction: Reduction::Sum,
            weight_above: 1.0,
        },
        rows,
        runs: None,
        starts: 1,
        minima: vec![LocalMinimum {
            objective: -posterior.height,
            parameters: posterior.mode.clone(),
        }],
        used_residuals: residuals.clone(),
        residuals,
        r_squared: 1.0 - left,
        freedom: rows.saturating_sub(form.parameters().len()),
        // Points of one curve are of the same problems: how they lie tells nothing of another one.
        noise: None,
        pure_error: None,
        replicates: match options.replicates {
            0 => Vec::new(),
            _ => posterior.draws.clone(),
        },
        replicate_noise: Vec::new(),
        resampling: Resampling::Posterior,
        level: options.level,
        seed: options.seed,
        sampled: BTreeMap::from([("samples".to_owned(), (ends[0], ends[ends.len() - 1]))]),
        holdout: None,
        warnings: Vec::new(),
        refusals: Vec::new(),
        best: posterior.mode.clone(),
    };
    let prior = target.difficulty.prior_spread();
    for (at, parameter) in form.parameters().iter().enumerate() {
        let narrowed = is_narrowed(posterior.spread[at], prior[at]);
        let estimate = give_interval(
            &mut fit,
            at,
            parameter.name.as_ref(),
            narrowed && options.replicates > 0,
        );
        if !narrowed && let Some(Interval { low, high }) = estimate.interval {
            fit.warnings.push(Warning::Unidentified {
                parameter: parameter.name.to_string(),
                low,
                high,
                open_below: false,
                open_above: false,
            });
        }
    }
    fit
}

fn give_interval(fit: &mut Fit, at: usize, name: &str, identified: bool) -> Estimate {
    let values: Vec<f64> = fit.replicates.iter().map(|draw| draw[at]).collect();
    let ends = percentile(&values, fit.level);
    let estimate = match ends {
        Some(ends) => Estimate::within(fit.best[at], ends, identified),
        None => Estimate::point(fit.best[at]),
    };
    let intervals = ends
        .map(|ends| ("posterior".to_owned(), ends))
        .into_iter()
        .collect();
    fit.parameters
        .insert(name.to_owned(), ParameterEstimate { estimate, intervals });
    estimate
}
