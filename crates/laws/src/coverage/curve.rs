//! Coverage against samples: from counts, or a published curve as evidence.

use super::difficulty::{dot, missed};
use super::posterior::{Evidence, Expected};
use super::{Problem, check, pass_at_k};
use crate::error::{FitError, InputError};
use crate::numeric::{Cholesky, solve_positive};
use crate::observations::Observations;

/// Numbers of samples at most.
const POINTS: usize = 40;

/// Coverage at increasing numbers of samples, from the counts of each problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Numbers of samples k, from 1 to the fewest that any problem has, evenly in logarithms.
    pub samples: Vec<u64>,
    /// Coverage at each: the mean over problems of the unbiased estimate (Chen et al. 2021, equation 1).
    pub coverage: Vec<f64>,
}

impl Curve {
    /// The curve of `problems`.
    ///
    /// # Errors
    /// [`InputError::OutOfRange`] for a problem without samples or with more correct than drawn;
    /// [`TooFewRows`](crate::error::Refusal::TooFewRows) with fewer than three problems.
    pub fn new(problems: &[Problem]) -> Result<Self, FitError> {
        check(problems)?;
        let most = problems.iter().map(|problem| problem.samples).min().unwrap_or(1);
        let step = (most as f64).ln() / (POINTS - 1) as f64;
        let mut samples: Vec<u64> = (0..POINTS)
            .map(|at| (step * at as f64).exp().round() as u64)
            .collect();
        samples.dedup();
        let coverage = samples.iter().map(|k| {
            let passes = problems.iter().filter_map(|problem| pass_at_k(*problem, *k));
            passes.sum::<f64>() / problems.len() as f64
        });
        Ok(Self {
            coverage: coverage.collect(),
            samples,
        })
    }

    /// The curve as a table of `samples` and `coverage`.
    pub fn table(&self) -> Observations {
        Observations::new()
            .with("samples", self.samples.iter().map(|k| *k as f64).collect())
            .and_then(|table| table.with("coverage", self.coverage.clone()))
            .expect("both columns have a row a number of samples")
    }
}

/// Points of a curve that are evidence: more say the same again, as all are of the same problems.
const TOLD: usize = 4;

/// Coverage as a table has it is not sharper than this.
const ROUNDING: f64 = 1e-3;

/// A curve of coverage by `pass@k`, of so many problems that had as many samples as the largest k.
pub(super) struct OneCurve {
    points: Vec<(f64, f64)>,
    samples: f64,
    problems: f64,
}

impl OneCurve {
    /// The curve in columns `samples` and `coverage`.
    ///
    /// # Errors
    /// [`InputError`] for columns that are missing, shares outside 0 to 1, and a number of samples that is there twice.
    pub(super) fn new(table: &Observations, problems: f64) -> Result<Self, InputError> {
        let points = points(table)?;
        let (first, last) = (points[0].0, points[points.len() - 1].0);
        let wanted = (0..TOLD).map(|at| first * (last / first).powf(at as f64 / (TOLD - 1) as f64));
        let nearest = |wanted: f64| {
            let distance = |point: &(f64, f64)| (point.0 / wanted).ln().abs();
            points
                .iter()
                .copied()
                .min_by(|one, other| distance(one).total_cmp(&distance(other)))
        };
        let mut told: Vec<(f64, f64)> = wanted.filter_map(nearest).collect();
        told.dedup();
        Ok(Self {
            points: told,
            samples: last,
            problems,
        })
    }

    /// Covariances of the points, row-major, and what was seen less what is expected.
    ///
    /// Two subsets of k and l of the same n samples share `k l / n` on average, so both miss a problem with
    /// the chance that `k + l - k l / n` samples do.
    fn told(&self, shares: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let miss = |samples: f64| dot(shares, &missed(samples));
        let misses: Vec<f64> = self.points.iter().map(|(k, _)| miss(*k)).collect();
        let mut covariance = Vec::with_capacity(misses.len() * misses.len());
        for (row, (k, _)) in self.points.iter().enumerate() {
            for (column, (l, _)) in self.points.iter().enumerate() {
                let both = miss(k + l - k * l / self.samples);
                let rounding = if row == column { ROUNDING * ROUNDING } else { 0.0 };
                covariance.push((both - misses[row] * misses[column]) / self.problems + rounding);
            }
        }
        let seen = self.points.iter().zip(&misses);
        (
            covariance,
            seen.map(|((_, seen), miss)| seen - (1.0 - miss)).collect(),
        )
    }
}

/// The points of a curve in the order of their samples.
fn points(table: &Observations) -> Result<Vec<(f64, f64)>, InputError> {
    let (samples, coverage) = (table.column("samples")?, table.column("coverage")?);
    let wrong = |column: &str, row: usize, value: f64, rule| InputError::OutOfRange {
        column: column.into(),
        row,
        value,
        rule,
    };
    let row = |at: &usize| (samples[*at], coverage[*at]);
    let mut order: Vec<usize> = (0..table.rows()).collect();
    for at in &order {
        let (samples, coverage) = row(at);
        if samples.is_nan() || samples < 1.0 {
            return Err(wrong("samples", *at, samples, "one or more"));
        }
        if !(0.0..=1.0).contains(&coverage) {
            let rule = match (1.0..=100.0).contains(&coverage) {
                true => "a share of 0 to 1: this looks like percent, so divide the column by 100",
                false => "a share of 0 to 1",
            };
            return Err(wrong("coverage", *at, coverage, rule));
        }
    }
    order.sort_by(|one, other| samples[*one].total_cmp(&samples[*other]));
    if let Some(pair) = order.windows(2).find(|pair| samples[pair[0]] == samples[pair[1]]) {
        let rule = "in one row of a curve: choose the rows of one model or task";
        return Err(wrong("samples", pair[1], samples[pair[1]], rule));
    }
    match order.is_empty() {
        true => Err(InputError::Length {
            column: "coverage".into(),
            found: 0,
            expected: 1,
        }),
        false => Ok(order.iter().map(row).collect()),
    }
}

/// Checks that a table of `samples` and `coverage` is one curve of shares.
///
/// # Errors
/// [`InputError`] for columns that are missing, shares outside 0 to 1 (percent, most likely), and a number of
/// samples that is there twice.
pub(super) fn check_curve(table: &Observations) -> Result<(), InputError> {
    points(table).map(drop)
}

impl Evidence for OneCurve {
    fn problems(&self) -> f64 {
        self.problems
    }

    fn ln_likelihood(&self, shares: &[f64]) -> f64 {
        let (covariance, left) = self.told(shares);
        let Some(factor) = Cholesky::of(&covariance, left.len()) else {
            return f64::NEG_INFINITY;
        };
        -0.5 * (dot(&left, &factor.solve(&left)) + factor.ln_determinant())
    }

    /// Of the problems of the curve: what is expected of the distribution, moved by what the points showed.
    fn expected(&self, shares: &[f64], missed_all: [&[f64]; 2]) -> Expected {
        let [once, twice] = missed_all.map(|missed| dot(shares, missed));
        let (covariance, left) = self.told(shares);
        let with: Vec<f64> = self
            .points
            .iter()
            .map(|(k, _)| {
                let fewer = missed(*k);
                let both: f64 = shares
                    .iter()
                    .zip(missed_all[0])
                    .zip(&fewer)
                    .map(|((share, one), other)| share * one * other)
                    .sum();
                (both - once * dot(shares, &fewer)) / self.problems
            })
            .collect();
        let law = (twice - once * once) / self.problems;
        let run = once * (1.0 - once) / self.problems;
        let told = solve_positive(&covariance, &with);
        let (moved, known) = told.map_or((0.0, 0.0), |told| (dot(&told, &left), dot(&told, &with)));
        Expected {
            mean: (1.0 - once + moved).clamp(0.0, 1.0),
            law: (law - known).max(0.0),
            run: (run - known).max(0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_of_counts_is_the_mean_of_the_unbiased_estimates() {
        let problems: Vec<Problem> = (0..30)
            .map(|correct| Problem {
                samples: 100,
                correct,
            })
            .collect();
        let curve = Curve::new(&problems).unwrap();
        assert_eq!(
            (curve.samples[0], curve.samples[curve.samples.len() - 1]),
            (1, 100)
        );
        assert!(curve.samples.is_sorted_by(|one, other| one < other));
        assert!((curve.coverage[0] - 0.145).abs() < 1e-12);
        assert!((curve.coverage.last().unwrap() - 29.0 / 30.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_no_curve_of_shares_is_refused() {
        let told = |samples: &[f64], coverage: &[f64]| {
            let table = Observations::new().with("samples", samples.to_vec()).unwrap();
            let table = table.with("coverage", coverage.to_vec()).unwrap();
            check_curve(&table).map_err(|error| error.to_string())
        };
        assert_eq!(told(&[1.0, 2.0], &[0.1, 0.2]), Ok(()));
        assert!(told(&[1.0, 2.0], &[5.0, 9.0]).unwrap_err().contains("percent"));
        assert!(told(&[1.0, 2.0], &[0.1, -0.2]).unwrap_err().contains("0 to 1"));
        assert!(
            told(&[0.5, 2.0], &[0.1, 0.2])
                .unwrap_err()
                .contains("one or more")
        );
        assert!(told(&[2.0, 2.0], &[0.1, 0.2]).unwrap_err().contains("one model"));
    }

    #[test]
    fn what_is_no_count_is_refused() {
        let wrong = |samples, correct| Curve::new(&[Problem { samples, correct }; 4]);
        assert!(matches!(
            wrong(4, 5),
            Err(FitError::Input(InputError::OutOfRange { .. }))
        ));
        assert!(matches!(wrong(0, 0), Err(FitError::Input(_))));
        assert!(matches!(
            Curve::new(&[Problem {
                samples: 1,
                correct: 1
            }]),
            Err(FitError::Refused(_))
        ));
    }
}
