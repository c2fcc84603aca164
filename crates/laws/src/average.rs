//! What several laws say of one run, as one prediction: no choice of a form is certain.

use crate::fit::{Holdout, Interval, Prediction};
use crate::numeric::{Stream, normal_cdf, normal_quantile};

/// Random weightings of the runs held out.
const DRAWS: u64 = 1000;

/// Relative error below which laws are as good: a law that was right by luck does not silence the others.
const LEAST_ERROR: f64 = 1e-4;

/// Shares below which a law is not heard.
pub const LEAST_SHARE: f64 = 0.01;

/// How much each of several laws is to be believed, by its check on the same runs held out: the shares sum to
/// one.
///
/// A share is the mean likelihood of the law's errors on the runs held out, over random weightings of these
/// runs (pseudo-BMA with the Bayesian bootstrap: Yao et al. 2018, section 3.4), for normal errors of an
/// unknown scale. So laws whose errors differ by less than a few runs can tell share alike, and one that is
/// clearly worse is left out. Rows of one run count as one. Laws that were not checked on the runs of the
/// first that was have no share, unless none was checked: then all have the same.
pub fn shares(checks: &[Option<&Holdout>]) -> Vec<f64> {
    let Some(first) = checks.iter().flatten().next() else {
        return vec![1.0 / checks.len().max(1) as f64; checks.len()];
    };
    let squares: Vec<Option<Vec<f64>>> = checks
        .iter()
        .map(|check| {
            check
                .filter(|check| check.rows == first.rows)
                .map(squares_of_runs)
        })
        .collect();
    let runs = squares.iter().flatten().next().map_or(0, Vec::len);
    let mut shares = vec![0.0; checks.len()];
    for draw in 0..DRAWS {
        let mut stream = Stream::new(0, "weights of runs held out", draw);
        let weights: Vec<f64> = (0..runs).map(|_| -stream.uniform().ln()).collect();
        let total: f64 = weights.iter().sum();
        let likelihood = |squares: &Vec<f64>| {
            let sum: f64 = squares
                .iter()
                .zip(&weights)
                .map(|(square, weight)| weight * square)
                .sum();
            -0.5 * runs as f64 * (sum / total + LEAST_ERROR * LEAST_ERROR).ln()
        };
        let logs = squares
            .iter()
            .map(|squares| squares.as_ref().map_or(f64::NEG_INFINITY, likelihood));
        let logs: Vec<f64> = logs
            .map(|log| if log.is_nan() { f64::NEG_INFINITY } else { log })
            .collect();
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if most.is_infinite() {
            continue;
        }
        let sum: f64 = logs.iter().map(|log| (log - most).exp()).sum();
        for (share, log) in shares.iter_mut().zip(&logs) {
            *share += (log - most).exp() / sum;
        }
    }
    let total: f64 = shares.iter().sum();
    shares
        .iter()
        .map(|share| if total > 0.0 { share / total } else { 0.0 })
        .collect()
}

/// Mean squared error of every run held out.
fn squares_of_runs(check: &Holdout) -> Vec<f64> {
    let mut runs = check.runs.clone();
    runs.sort_unstable();
    runs.dedup();
    let of = |run: &usize| {
        let own = check
            .errors
            .iter()
            .zip(&check.runs)
            .filter(|(_, other)| *other == run);
        let (sum, count) = own.fold((0.0, 0.0), |(sum, count), (error, _)| {
            (sum + error * error, count + 1.0)
        });
        sum / count
    };
    runs.iter().map(of).collect()
}

/// The prediction of several laws together, each with its share: the mean of their values, and the interval of
/// the mixture of what they hold possible (Hoeting et al. 1999), so that laws which disagree give a wider one
/// than any of them; none where one of them has none. Inputs and reach are those of the law of the largest
/// share. `None` without any share.
pub fn average(predictions: &[(f64, Prediction)]) -> Option<Prediction> {
    let heard = |(share, _): &&(f64, Prediction)| *share >= LEAST_SHARE;
    let heard: Vec<&(f64, Prediction)> = predictions.iter().filter(heard).collect();
    let total: f64 = heard.iter().map(|(share, _)| share).sum();
    let (_, main) = heard.iter().max_by(|one, other| one.0.total_cmp(&other.0))?;
    let together = |of: fn(&Prediction) -> Option<Interval>| {
        let part = |(share, prediction): &&(f64, Prediction)| {
            let Interval { low, high } = of(prediction)?;
            let (share, value) = (share / total, prediction.value);
            Some(Part {
                share,
                value,
                low,
                high,
            })
        };
        let parts: Option<Vec<Part>> = heard.iter().map(part).collect();
        parts.map(|parts| interval(&parts, main.level))
    };
    Some(Prediction {
        value: heard
            .iter()
            .map(|(share, prediction)| share / total * prediction.value)
            .sum(),
        interval: together(|prediction| prediction.interval),
        law: together(|prediction| prediction.law),
        ..main.clone()
    })
}

/// What one law holds possible: half a normal distribution on either side of its value.
struct Part {
    share: f64,
    value: f64,
    low: f64,
    high: f64,
}

impl Part {
    /// How probable a response of at most `at` is, if `level` lies between the ends.
    fn below(&self, at: f64, level: f64) -> f64 {
        let end = if at < self.value {
            self.value - self.low
        } else {
            self.high - self.value
        };
        match end > 0.0 {
            true => normal_cdf((at - self.value) / end * normal_quantile(0.5 * (1.0 + level))),
            false => f64::from(at >= self.value),
        }
    }
}

/// The equal-tailed interval of a mixture, by bisection.
fn interval(parts: &[Part], level: f64) -> Interval {
    let least = parts.iter().map(|part| part.low).fold(f64::INFINITY, f64::min);
    let most = parts
        .iter()
        .map(|part| part.high)
        .fold(f64::NEG_INFINITY, f64::max);
    let at = |probability: f64| {
        let (mut low, mut high) = (least, most);
        for _ in 0..80 {
            let middle = 0.5 * (low + high);
            let below: f64 = parts
                .iter()
                .map(|part| part.share * part.below(middle, level))
                .sum();
            match below < probability {
                true => low = middle,
                false => high = middle,
            }
        }
        0.5 * (low + high)
    };
    Interval {
        low: at(0.5 * (1.0 - level)),
        high: at(0.5 * (1.0 + level)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn check(errors: &[f64]) -> Holdout {
        Holdout {
            rows: (0..errors.len()).collect(),
            runs: (0..errors.len()).collect(),
            fitted: 10,
            reach: 2.0,
            errors: errors.to_vec(),
            mean_absolute: errors.iter().map(|error| error.abs()).sum::<f64>() / errors.len() as f64,
            baseline: 0.5,
        }
    }

    fn said(value: f64, reach: f64) -> Prediction {
        let interval = Some(Interval {
            low: value - reach,
            high: value + reach,
        });
        Prediction {
            inputs: BTreeMap::new(),
            value,
            interval,
            law: interval,
            level: 0.9,
            reach: BTreeMap::new(),
        }
    }

    #[test]
    fn shares_follow_the_errors_as_far_as_few_runs_tell() {
        let good = check(&[0.01, -0.012, 0.008, 0.011, -0.009, 0.01]);
        let alike = check(&[-0.011, 0.011, 0.009, -0.01, 0.01, 0.01]);
        let bad = check(&[0.05, 0.06, 0.04, 0.05, 0.06, 0.05]);
        let found = shares(&[Some(&good), Some(&alike), Some(&bad)]);
        assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{found:?}");
        assert!((found[0] - 0.5).abs() < 0.1 && found[2] < 1e-3, "{found:?}");
        // Two runs tell less than six.
        let of_two = shares(&[Some(&check(&[0.01, 0.01])), Some(&check(&[0.02, 0.02]))]);
        let of_six = shares(&[Some(&check(&[0.01; 6])), Some(&check(&[0.02; 6]))]);
        assert!((of_two[1] - 0.2).abs() < 1e-3, "{of_two:?}");
        assert!((of_six[1] - 1.0 / 65.0).abs() < 1e-3, "{of_six:?}");
        // Six rows of one run are one piece of evidence.
        let one_run = |error: f64| Holdout {
            runs: vec![3; 6],
            ..check(&[error; 6])
        };
        let of_one = shares(&[Some(&one_run(0.01)), Some(&one_run(0.02))]);
        assert!((of_one[1] - 1.0 / 3.0).abs() < 1e-3, "{of_one:?}");
    }

    #[test]
    fn a_law_that_was_not_checked_has_no_share_beside_one_that_was() {
        let good = check(&[0.01; 4]);
        let others = Holdout {
            rows: vec![7],
            ..check(&[0.0])
        };
        let unusable = check(&[f64::NAN; 4]);
        let found = shares(&[None, Some(&good), Some(&others), Some(&unusable)]);
        assert_eq!(found, [0.0, 1.0, 0.0, 0.0]);
        assert_eq!(shares(&[None, None]), [0.5, 0.5]);
        assert_eq!(shares(&[]), [0.0_f64; 0]);
    }

    #[test]
    fn one_law_speaks_for_itself_and_two_that_disagree_say_less() {
        let alone = average(&[(1.0, said(2.0, 0.3))]).unwrap();
        let of_alone = alone.interval.unwrap();
        assert!(
            (of_alone.low - 1.7).abs() < 1e-9 && (of_alone.high - 2.3).abs() < 1e-9,
            "{alone:?}"
        );
        let apart = average(&[(0.3, said(1.0, 0.1)), (0.1, said(2.0, 0.1))]).unwrap();
        assert!((apart.value - 1.25).abs() < 1e-12, "{apart:?}");
        // A quarter of the mixture lies around 2: its upper twentieth is the upper fifth there.
        let expected = 2.0 + 0.1 * normal_quantile(0.8) / normal_quantile(0.95);
        assert!(
            (apart.interval.unwrap().high - expected).abs() < 1e-6,
            "{apart:?}"
        );
        assert!(apart.interval.unwrap().low < 1.0, "{apart:?}");
        let unknown = Prediction {
            interval: None,
            ..said(1.0, 0.1)
        };
        assert_eq!(
            average(&[(0.5, unknown), (0.5, said(1.0, 0.1))])
                .unwrap()
                .interval,
            None
        );
        assert!(average(&[(0.001, said(1.0, 0.1))]).is_none() && average(&[]).is_none());
    }
}
