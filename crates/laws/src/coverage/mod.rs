//! Repeated sampling: how many problems at least one of k samples solves, from counts of correct samples.

mod curve;

pub use curve::Curve;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use statrs::function::gamma::{digamma, ln_gamma};

use crate::error::{FitError, InputError, Refusal};
use crate::fit::{Estimate, percentile};
use crate::numeric::{Limits, Stream, minimise};

/// One problem: how many samples were drawn and how many of them were correct.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Samples drawn.
    pub samples: u64,
    /// Of them correct.
    pub correct: u64,
}

/// The unbiased estimate of the chance that at least one of `k` samples is correct (Chen et al. 2021,
/// equation 1); `None` when fewer than `k` samples were drawn or the count is impossible.
///
/// ```
/// use triaxis_laws::coverage::{Problem, pass_at_k};
/// let half = Problem { samples: 4, correct: 2 };
/// assert!((pass_at_k(half, 1).unwrap() - 0.5).abs() < 1e-12);
/// assert!((pass_at_k(half, 2).unwrap() - 5.0 / 6.0).abs() < 1e-12);
/// assert_eq!(pass_at_k(half, 5), None);
/// ```
pub fn pass_at_k(problem: Problem, k: u64) -> Option<f64> {
    let Problem { samples, correct } = problem;
    if k > samples || correct > samples {
        return None;
    }
    let failed = samples - correct;
    if failed < k {
        return Some(1.0);
    }
    // 1 - C(failed, k) / C(samples, k), in logarithms.
    let (samples, failed, k) = (samples as f64, failed as f64, k as f64);
    let missed = ln_gamma(failed + 1.0) + ln_gamma(samples - k + 1.0)
        - ln_gamma(failed - k + 1.0)
        - ln_gamma(samples + 1.0);
    Some(-missed.exp_m1().min(0.0))
}

/// The mean of [`pass_at_k`] over the problems that have `k` samples; `None` when none has.
pub fn coverage(problems: &[Problem], k: u64) -> Option<f64> {
    let values: Vec<f64> = problems
        .iter()
        .filter_map(|problem| pass_at_k(*problem, k))
        .collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Problems whose chances of success follow `Beta(alpha, beta)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BetaCoverage {
    /// Weight of solving.
    pub alpha: Estimate,
    /// Weight of failing.
    pub beta: Estimate,
    /// Logarithm of the likelihood of the counts.
    pub log_likelihood: f64,
    /// `(alpha, beta)` of bootstrap samples of the problems.
    pub replicates: Vec<(f64, f64)>,
    /// Level of the intervals.
    pub level: f64,
}

impl BetaCoverage {
    /// Expected coverage at `k` samples, with its interval.
    pub fn at(&self, k: f64) -> Estimate {
        let value = expected(self.alpha.value, self.beta.value, k);
        interval(
            value,
            self.replicates
                .iter()
                .map(|(alpha, beta)| expected(*alpha, *beta, k)),
            self.level,
        )
    }
}

/// `1 - B(alpha, beta + k) / B(alpha, beta)`.
fn expected(alpha: f64, beta: f64, k: f64) -> f64 {
    -(ln_gamma(beta + k) + ln_gamma(alpha + beta) - ln_gamma(alpha + beta + k) - ln_gamma(beta)).exp_m1()
}

fn interval(value: f64, replicates: impl Iterator<Item = f64>, level: f64) -> Estimate {
    let values: Vec<f64> = replicates.collect();
    match percentile(&values, level) {
        Some(ends) => Estimate::within(value, ends, true),
        None => Estimate::point(value),
    }
}

/// Checks that counts are counts, and of problems enough to resample.
fn check(problems: &[Problem]) -> Result<(), FitError> {
    const NEEDED: usize = 3;
    for (row, problem) in problems.iter().enumerate() {
        if problem.samples == 0 || problem.correct > problem.samples {
            let rule = "at most the samples drawn, of which there must be one or more";
            return Err(InputError::OutOfRange {
                column: "correct".into(),
                row,
                value: problem.correct as f64,
                rule,
            }
            .into());
        }
    }
    if problems.len() < NEEDED {
        return Err(Refusal::TooFewRows {
            rows: problems.len(),
            parameters: 2,
            needed: NEEDED,
        }
        .into());
    }
    Ok(())
}

/// Maximum likelihood of the Beta-binomial distribution, with intervals from resampled problems.
///
/// # Errors
/// [`InputError::OutOfRange`] for a problem with more correct than drawn samples or none drawn;
/// [`Refusal::TooFewRows`] with fewer than three problems; [`Refusal::NoFiniteObjective`] when no
/// sample or every sample is correct, as then no distribution fits best.
pub fn fit_beta_coverage(
    problems: &[Problem],
    replicates: usize,
    level: f64,
    seed: u64,
) -> Result<BetaCoverage, FitError> {
    check(problems)?;
    let refusal = Refusal::NoFiniteObjective { starts: STARTS.len() };
    let ones = vec![1.0; problems.len()];
    let (best, log_likelihood) = likeliest(problems, &ones, &STARTS).ok_or(refusal)?;
    let samples: Vec<Option<(f64, f64)>> = (0..replicates)
        .into_par_iter()
        .map(|index| {
            let weights =
                Stream::new(seed, "coverage bootstrap", index as u64).resample_counts(problems.len());
            likeliest(problems, &weights, &[[best.0.ln(), best.1.ln()]]).map(|(point, _)| point)
        })
        .collect();
    let replicates: Vec<(f64, f64)> = samples.into_iter().flatten().collect();
    Ok(BetaCoverage {
        alpha: interval(best.0, replicates.iter().map(|(alpha, _)| *alpha), level),
        beta: interval(best.1, replicates.iter().map(|(_, beta)| *beta), level),
        log_likelihood,
        replicates,
        level,
    })
}

/// Logarithms of alpha and beta to start from.
const STARTS: [[f64; 2]; 6] = [
    [-2.0, 0.0],
    [-2.0, 3.0],
    [-1.0, 1.0],
    [-1.0, 5.0],
    [0.0, 2.0],
    [1.0, 1.0],
];

/// Largest logarithm of alpha or beta: beyond it the gamma functions cancel to nothing.
const FARTHEST: f64 = 18.0;

/// The likeliest `(alpha, beta)` of weighted problems, and the log likelihood there.
fn likeliest(problems: &[Problem], weights: &[f64], starts: &[[f64; 2]]) -> Option<((f64, f64), f64)> {
    let correct = problems
        .iter()
        .zip(weights)
        .any(|(problem, weight)| *weight > 0.0 && problem.correct > 0);
    let failed = problems
        .iter()
        .zip(weights)
        .any(|(problem, weight)| *weight > 0.0 && problem.correct < problem.samples);
    if !correct || !failed {
        return None;
    }
    let total: f64 = weights.iter().sum();
    let mut minus_likelihood = |point: &[f64], gradient: &mut [f64]| {
        if point.iter().any(|at| at.abs() > FARTHEST) {
            return f64::INFINITY;
        }
        let (alpha, beta) = (point[0].exp(), point[1].exp());
        let (mut value, mut by_alpha, mut by_beta) = (0.0, 0.0, 0.0);
        for (problem, weight) in problems.iter().zip(weights).filter(|(_, weight)| **weight > 0.0) {
            let (successes, failures) = (problem.correct as f64, (problem.samples - problem.correct) as f64);
            let all = successes + failures;
            let ln_beta = |a: f64, b: f64| ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
            value -= weight * (ln_beta(alpha + successes, beta + failures) - ln_beta(alpha, beta));
            let shared = digamma(alpha + beta) - digamma(alpha + beta + all);
            by_alpha -= weight * (digamma(alpha + successes) - digamma(alpha) + shared);
            by_beta -= weight * (digamma(beta + failures) - digamma(beta) + shared);
        }
        gradient[0] = alpha * by_alpha / total;
        gradient[1] = beta * by_beta / total;
        value / total
    };
    starts
        .iter()
        .map(|start| minimise(&mut minus_likelihood, start, None, Limits::full(100)))
        .filter(|minimum| minimum.value.is_finite())
        .min_by(|first, second| first.value.total_cmp(&second.value))
        .map(|minimum| {
            (
                (minimum.point[0].exp(), minimum.point[1].exp()),
                -minimum.value * total,
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pass_at_k_counts_subsets() {
        // Of the C(10, 3) = 120 triples of samples, C(7, 3) = 35 hold none of the 3 correct ones.
        let problem = Problem {
            samples: 10,
            correct: 3,
        };
        assert!((pass_at_k(problem, 3).unwrap() - 85.0 / 120.0).abs() < 1e-12);
        assert_eq!(
            pass_at_k(
                Problem {
                    samples: 10,
                    correct: 0
                },
                10
            ),
            Some(0.0)
        );
        assert_eq!(
            pass_at_k(
                Problem {
                    samples: 10,
                    correct: 8
                },
                3
            ),
            Some(1.0)
        );
        assert_eq!(
            pass_at_k(
                Problem {
                    samples: 1,
                    correct: 2
                },
                1
            ),
            None
        );
    }

    #[test]
    fn recovers_the_distribution_of_difficulty() {
        // Chances at the quantiles of Beta(0.5, 2), whose distribution function is (3 sqrt(p) - p^(3/2)) / 2.
        let mut stream = Stream::new(5, "problems", 0);
        let problems: Vec<Problem> = (0..600)
            .map(|index| {
                let target = (f64::from(index) + 0.5) / 600.0;
                let (mut low, mut high) = (0.0_f64, 1.0_f64);
                for _ in 0..60 {
                    let middle = 0.5 * (low + high);
                    if (1.5 * middle.sqrt() - 0.5 * middle.powf(1.5)) < target {
                        low = middle
                    } else {
                        high = middle
                    }
                }
                Problem {
                    samples: 100,
                    correct: (0..100).filter(|_| stream.uniform() < low).count() as u64,
                }
            })
            .collect();
        let fit = fit_beta_coverage(&problems, 100, 0.9, 0).unwrap();
        assert!(fit.alpha.covers(0.5), "{:?}", fit.alpha);
        assert!(fit.beta.covers(2.0), "{:?}", fit.beta);
        let seen = coverage(&problems, 10).unwrap();
        assert!(
            (fit.at(10.0).value - seen).abs() < 0.02,
            "{:?} {seen}",
            fit.at(10.0)
        );
    }

    #[test]
    fn nothing_solved_is_refused() {
        let none = [Problem {
            samples: 10,
            correct: 0,
        }; 5];
        assert!(matches!(
            fit_beta_coverage(&none, 0, 0.9, 0),
            Err(FitError::Refused(Refusal::NoFiniteObjective { .. }))
        ));
        let impossible = [Problem {
            samples: 1,
            correct: 2,
        }; 5];
        assert!(matches!(
            fit_beta_coverage(&impossible, 0, 0.9, 0),
            Err(FitError::Input(_))
        ));
    }
}
