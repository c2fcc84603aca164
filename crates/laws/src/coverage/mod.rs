//! Repeated sampling: how many problems at least one of k samples solves, from counts of correct samples.

mod counts;
mod curve;
mod difficulty;
mod law;
mod posterior;
mod shown;

pub use curve::Curve;
pub(crate) use difficulty::ln_normal;
pub use difficulty::{Chance, Difficulty};
pub use law::{Coverage, Weighted, fit_curve, laws, no_difficulty};

use serde::{Deserialize, Serialize};
use statrs::function::gamma::ln_gamma;

use crate::error::{FitError, InputError, Refusal};
use crate::numeric::Stream;

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
    Some(0.0 - missed.exp_m1().min(0.0))
}

/// The mean of [`pass_at_k`] over the problems that have `k` samples; `None` when none has.
pub fn coverage(problems: &[Problem], k: u64) -> Option<f64> {
    let values: Vec<f64> = problems
        .iter()
        .filter_map(|problem| pass_at_k(*problem, k))
        .collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
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

/// The problems with at most so many samples each, drawn from those they have without replacement.
pub fn thinned(problems: &[Problem], samples: u64, seed: u64) -> Vec<Problem> {
    let drawn = |(index, problem): (usize, &Problem)| {
        let mut stream = Stream::new(seed, "samples kept", index as u64);
        let (mut left, mut correct_left) = (problem.samples, problem.correct);
        let samples = samples.min(left);
        for _ in 0..samples {
            let is_correct = (stream.below(left as usize) as u64) < correct_left;
            correct_left -= u64::from(is_correct);
            left -= 1;
        }
        Problem {
            samples,
            correct: problem.correct - correct_left,
        }
    };
    problems.iter().enumerate().map(drawn).collect()
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
    fn thinned_counts_are_of_fewer_samples_of_the_same_problems() {
        let problems: Vec<Problem> = (0..400)
            .map(|at| Problem {
                samples: if at % 2 == 0 { 1000 } else { 30 },
                correct: at % 30,
            })
            .collect();
        let few = thinned(&problems, 100, 1);
        assert!(
            few.iter()
                .step_by(2)
                .all(|problem| problem.samples == 100 && problem.correct <= 29)
        );
        assert!(
            few.iter()
                .zip(&problems)
                .skip(1)
                .step_by(2)
                .all(|(few, all)| few == all)
        );
        let kept = few.iter().step_by(2).map(|problem| problem.correct).sum::<u64>() as f64;
        let all = problems
            .iter()
            .step_by(2)
            .map(|problem| problem.correct)
            .sum::<u64>() as f64;
        assert!((kept / (0.1 * all) - 1.0).abs() < 0.2, "{kept} of {all}");
    }
}
