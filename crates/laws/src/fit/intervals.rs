//! Intervals of the parameters: bootstrap, profile, and what they say together.

use std::collections::BTreeMap;

use super::bootstrap::{Sampler, bca, percentile};
use super::noise::{Noise, SMOOTH};
use super::search::Searcher;
use super::{Estimate, Fit, FitOptions, LocalMinimum, ParameterEstimate, Resampling, natural, profile};
use crate::error::Warning;
use crate::numeric::expanded_level;
use crate::objective::{Problem, Rows};

/// How much worse a local minimum may be to be tried on bootstrap samples too, and how many are.
const RIVAL: f64 = 1.5;
const MOST_RIVALS: usize = 3;

/// Fills in replicates, parameter intervals and what they say.
pub(super) fn intervals(
    searcher: &Searcher<'_>,
    rows: &Rows,
    minima: &[Vec<f64>],
    residuals: &[f64],
    options: &FitOptions,
    fit: &mut Fit,
) {
    let form = searcher.form;
    let best = &minima[0];
    // Another minimum can be the best one of a sample only if it is not far worse on all rows.
    let near = |minimum: &LocalMinimum| minimum.objective <= RIVAL * fit.objective;
    let rivals = fit
        .minima
        .iter()
        .take(MOST_RIVALS)
        .take_while(|minimum| near(minimum))
        .count()
        .max(1);
    let noise = Noise::new(rows, residuals, searcher.objective, best.len());
    let sampler = Sampler {
        searcher: *searcher,
        rows,
        minima: &minima[..rivals],
        noise: &noise,
        residuals,
        seed: options.seed,
    };
    let replicates = sampler.replicates(fit.resampling, options.replicates);
    let left_out = if options.replicates > 0 {
        sampler.left_out()
    } else {
        Vec::new()
    };
    if replicates.len() < options.replicates {
        let failed = options.replicates - replicates.len();
        fit.warnings.push(Warning::FailedSamples {
            failed,
            samples: options.replicates,
        });
    }
    let level = expanded_level(options.level, fit.rows.saturating_sub(best.len()) as f64);
    let profiles = options.profile.then(|| {
        let problem = Problem::new(form, rows, searcher.objective, SMOOTH);
        let least = problem.value(best, &mut vec![0.0; best.len()]);
        let ceiling = profile::ceiling(searcher, rows, &noise, least, options.level);
        profile::profiles(searcher, rows, best, least, ceiling)
    });
    for (index, parameter) in form.parameters().iter().enumerate() {
        let column = |points: &[Vec<f64>]| -> Vec<f64> {
            points
                .iter()
                .map(|point| parameter.scale.inverse(point[index]))
                .collect()
        };
        let value = fit.best[index];
        let draws = column(&replicates);
        let mut methods: BTreeMap<String, (f64, f64)> = BTreeMap::new();
        if let Some(interval) = percentile(&draws, level) {
            methods.insert("percentile".into(), interval);
        }
        if let Some(interval) = bca(&draws, value, &column(&left_out), level) {
            methods.insert("bca".into(), interval);
        }
        let profile = profiles.as_ref().map(|profiles| profiles[index]);
        if let Some(profile) = profile {
            methods.insert("profile".into(), (profile.low, profile.high));
        }
        fit.parameters.insert(
            parameter.name.to_string(),
            ParameterEstimate {
                estimate: combined(value, &methods, profile, fit.resampling),
                intervals: methods,
            },
        );
        report(&parameter.name, fit);
    }
    fit.replicates = replicates
        .iter()
        .map(|replicate| natural(form, replicate))
        .collect();
}

/// The interval to be used: the bootstrap's where the profile is closed, what the profile allows where it is open.
fn combined(
    value: f64,
    methods: &BTreeMap<String, (f64, f64)>,
    profile: Option<profile::Profile>,
    resampling: Resampling,
) -> Estimate {
    // Leaving rows out says how skewed an estimate is over rows, not over the residuals of a fixed design.
    let preferred = match resampling {
        Resampling::Case => "bca",
        Resampling::Residual => "percentile",
    };
    let bootstrap = methods.get(preferred).or_else(|| methods.get("percentile"));
    let closed = profile.is_none_or(|profile| profile.closed);
    let (low, high) = match (bootstrap, profile) {
        (Some((low, high)), Some(profile)) if !closed => (low.min(profile.low), high.max(profile.high)),
        (Some(interval), _) => *interval,
        (None, Some(profile)) => (profile.low, profile.high),
        (None, None) => return Estimate::point(value),
    };
    Estimate {
        value,
        low: low.min(value),
        high: high.max(value),
        identified: closed,
    }
}

/// Warns of a parameter that is unidentified, or whose intervals disagree.
fn report(name: &str, fit: &mut Fit) {
    let Some(parameter) = fit.parameters.get(name) else {
        return;
    };
    let Estimate {
        low,
        high,
        identified,
        ..
    } = parameter.estimate;
    if !identified && low < high {
        fit.warnings.push(Warning::Unidentified {
            parameter: name.into(),
            low,
            high,
        });
        return;
    }
    let mut widths: Vec<(&String, f64)> = parameter
        .intervals
        .iter()
        .map(|(method, (low, high))| (method, high - low))
        .collect();
    widths.sort_by(|first, second| first.1.total_cmp(&second.1));
    if let (Some((narrow, narrow_width)), Some((wide, wide_width))) = (widths.first(), widths.last())
        && *wide_width > 2.0 * narrow_width
    {
        let warning = Warning::IntervalsDisagree {
            parameter: name.into(),
            narrow: narrow.to_string(),
            narrow_width: *narrow_width,
            wide: wide.to_string(),
            wide_width: *wide_width,
        };
        fit.warnings.push(warning);
    }
}
