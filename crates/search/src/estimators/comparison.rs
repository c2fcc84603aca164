use serde::{Deserialize, Serialize};
use triaxis_laws::numeric::quantile_sorted;
use triaxis_random::Stream;
use triaxis_units::{Estimate, Interval};

use crate::error::SearchError;

/// The confidence level of intervals.
pub const LEVEL: f64 = 0.95;
/// How often problems are drawn again.
const DRAWS: usize = 2000;
/// Problems below which an interval is none.
const LEAST: usize = 5;

/// A statistic of problems, with the interval that it has over problems drawn again with replacement: what samples of one
/// problem have in common stays together.
///
/// # Errors
/// When there are fewer than five problems, or the statistic is no number.
pub fn resampled(
    problems: usize,
    seed: u64,
    statistic: impl Fn(&[usize]) -> f64,
) -> Result<Estimate, SearchError> {
    if problems < LEAST {
        return Err(SearchError::new(format!(
            "{problems} problems: an interval over problems takes at least {LEAST}; give more"
        )));
    }
    let all: Vec<usize> = (0..problems).collect();
    let value = statistic(&all);
    let mut stream = Stream::new(seed, "problems drawn again", 0);
    let mut drawn = all;
    let mut values: Vec<f64> = Vec::with_capacity(DRAWS);
    for _ in 0..DRAWS {
        drawn.fill_with(|| stream.below(problems));
        values.push(statistic(&drawn));
    }
    if !value.is_finite() || values.iter().any(|value| !value.is_finite()) {
        return Err(SearchError::new(
            "the problems, or some of them drawn again, have no such number: give more problems",
        ));
    }
    values.sort_by(f64::total_cmp);
    let quantile = |share: f64| quantile_sorted(&values, share);
    let interval = Some(Interval {
        low: quantile((1.0 - LEVEL) / 2.0),
        high: quantile((1.0 + LEVEL) / 2.0),
        level: LEVEL,
    });
    Ok(Estimate { value, interval })
}

/// The mean of a value of each problem.
///
/// # Errors
/// As [`resampled`] says.
pub fn mean(values: &[f64], seed: u64) -> Result<Estimate, SearchError> {
    resampled(values.len(), seed, |problems| average(values, problems))
}

pub(super) fn average(values: &[f64], problems: &[usize]) -> f64 {
    problems.iter().map(|problem| values[*problem]).sum::<f64>() / problems.len() as f64
}

/// What a comparison says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The interval of the difference lies above zero.
    Better,
    /// It lies below.
    Worse,
    /// It holds zero.
    Undecided,
}

/// Two ways on the same problems.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The mean of the one that is judged.
    pub value: f64,
    /// That of the one that it is compared with.
    pub with: f64,
    /// The first less the second, problem by problem.
    pub difference: Estimate,
    /// What follows.
    pub verdict: Verdict,
}

/// Compares the values that two ways have on each problem.
///
/// # Errors
/// When they are not of the same problems, and as [`resampled`] says.
///
/// ```
/// use triaxis_search::estimators::{Verdict, compare};
/// let before = [1.0, 1.0, 0.5, 1.0, 0.0, 1.0, 1.0, 1.0];
/// let corrected = [0.5, 0.8, 0.5, 0.7, 0.0, 0.9, 0.8, 0.6];
/// let comparison = compare(&corrected, &before, 1).unwrap();
/// assert_eq!(comparison.verdict, Verdict::Worse);
/// assert!(comparison.difference.interval.unwrap().high < 0.0);
/// ```
pub fn compare(values: &[f64], with: &[f64], seed: u64) -> Result<Comparison, SearchError> {
    if values.len() != with.len() {
        return Err(SearchError::new(format!(
            "{} and {} problems cannot be compared: give both ways the same ones",
            values.len(),
            with.len()
        )));
    }
    let differences: Vec<f64> = values.iter().zip(with).map(|(one, other)| one - other).collect();
    let difference = mean(&differences, seed)?;
    let verdict = match difference.interval {
        Some(interval) if interval.low > 0.0 => Verdict::Better,
        Some(interval) if interval.high < 0.0 => Verdict::Worse,
        _ => Verdict::Undecided,
    };
    let all: Vec<usize> = (0..values.len()).collect();
    Ok(Comparison {
        value: average(values, &all),
        with: average(with, &all),
        difference,
        verdict,
    })
}
