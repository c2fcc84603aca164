//! How well a classifier tells examples that it never saw.

use serde::Serialize;
use triaxis_units::{Estimate, Interval};

use super::Class;

/// Of a normal distribution this far around the mean is the share `LEVEL`.
const WIDTH: f64 = 1.959_963_984_540_054;
const LEVEL: f64 = 0.95;
/// Shares of all examples that thresholds are told for.
const SHARES: [f64; 9] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9];
/// Parts of the reliability table.
const BINS: usize = 10;

/// What was measured on examples that were held out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// Good examples and bad ones.
    pub examples: [usize; 2],
    /// Of pairs of a good and a bad one, those in which the good one is ranked higher: the area under the curve of true
    /// over false positives, with DeLong's interval (DeLong et al. 1988).
    pub area: Estimate,
    /// By threshold, the highest first.
    pub cuts: Vec<Cut>,
    /// By what the classifier says, the least likely first.
    pub reliability: Vec<Bin>,
    /// Mean distance between what it says and what is so, over those.
    pub calibration_error: f64,
}

/// What a threshold does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cut {
    /// The least probability of what is kept.
    pub threshold: f64,
    /// Share of all examples that is kept.
    pub kept: f64,
    /// Of what is kept, the share that is good.
    pub precision: Estimate,
    /// Of what is good, the share that is kept.
    pub recall: Estimate,
    /// Of what is bad, the share that is kept.
    pub bad_kept: Estimate,
}

/// Examples of about the same probability.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bin {
    /// How many.
    pub examples: usize,
    /// What the classifier says of them, on average.
    pub said: f64,
    /// The share that is good.
    pub good: Estimate,
}

/// A share with Wilson's interval (Wilson 1927).
fn share(part: usize, whole: usize) -> Estimate {
    let (count, share) = (whole as f64, part as f64 / whole.max(1) as f64);
    if whole == 0 {
        return Estimate::point(0.0);
    }
    Estimate {
        value: share,
        interval: Some(Interval::of_share(share, count, WIDTH, LEVEL)),
    }
}

fn within(value: f64, low: f64, high: f64) -> Estimate {
    let interval = Interval {
        low: low.clamp(0.0, 1.0),
        high: high.clamp(0.0, 1.0),
        level: LEVEL,
    };
    Estimate {
        value,
        interval: Some(interval),
    }
}

impl Measured {
    pub(super) fn of(scores: &[(f32, Class)]) -> Self {
        let mut sorted: Vec<(f64, bool)> = scores
            .iter()
            .map(|(score, class)| (f64::from(*score), *class == Class::Good))
            .collect();
        sorted.sort_by(|left, right| right.0.total_cmp(&left.0));
        let good = sorted.iter().filter(|(_, is_good)| *is_good).count();
        let reliability = reliability(&sorted);
        let distances = reliability
            .iter()
            .map(|bin| bin.examples as f64 * (bin.said - bin.good.value).abs());
        Self {
            examples: [good, sorted.len() - good],
            area: area(&sorted),
            cuts: cuts(&sorted, good),
            calibration_error: distances.sum::<f64>() / sorted.len().max(1) as f64,
            reliability,
        }
    }
}

/// What each share of examples takes; equal probabilities are on one side.
fn cuts(sorted: &[(f64, bool)], good: usize) -> Vec<Cut> {
    let mut cuts: Vec<Cut> = Vec::new();
    for wanted in SHARES {
        let last = (wanted * sorted.len() as f64).round() as usize;
        let Some((threshold, _)) = last.checked_sub(1).and_then(|last| sorted.get(last)) else {
            continue;
        };
        if cuts.last().is_some_and(|cut| cut.threshold == *threshold) {
            continue;
        }
        let kept = sorted.partition_point(|(score, _)| score >= threshold);
        let hits = sorted[..kept].iter().filter(|(_, is_good)| *is_good).count();
        cuts.push(Cut {
            threshold: *threshold,
            kept: kept as f64 / sorted.len() as f64,
            precision: share(hits, kept),
            recall: share(hits, good),
            bad_kept: share(kept - hits, sorted.len() - good),
        });
    }
    cuts
}

/// Tenths of the probabilities, those that hold something.
fn reliability(sorted: &[(f64, bool)]) -> Vec<Bin> {
    let mut bins = Vec::new();
    for bin in 0..BINS {
        let is_in = |score: f64| ((score * BINS as f64) as usize).min(BINS - 1) == bin;
        let inside: Vec<_> = sorted.iter().filter(|(score, _)| is_in(*score)).collect();
        if inside.is_empty() {
            continue;
        }
        let hits = inside.iter().filter(|(_, is_good)| *is_good).count();
        bins.push(Bin {
            examples: inside.len(),
            said: inside.iter().map(|(score, _)| score).sum::<f64>() / inside.len() as f64,
            good: share(hits, inside.len()),
        });
    }
    bins
}

/// The area and its interval: the variance of the mean of what each example wins against those of the other class. The
/// interval is taken of the area's logit, and of a whole area to the pair that may be missing, as in Hanley's rule of three.
fn area(sorted: &[(f64, bool)]) -> Estimate {
    let good = sorted.iter().filter(|(_, is_good)| *is_good).count();
    let counts = [(sorted.len() - good) as f64, good as f64];
    if counts.contains(&0.0) {
        return within(0.5, 0.0, 1.0);
    }
    // Of each class, sum and sum of squares of the shares that are won.
    let (mut sums, mut squares) = ([0.0; 2], [0.0; 2]);
    let mut above = [0.0; 2];
    for equal in sorted.chunk_by(|left, right| left.0 == right.0) {
        let hits = equal.iter().filter(|(_, is_good)| *is_good).count() as f64;
        let here = [equal.len() as f64 - hits, hits];
        let won = [
            (above[1] + here[1] / 2.0) / counts[1],
            (counts[0] - above[0] - here[0] / 2.0) / counts[0],
        ];
        for class in 0..2 {
            sums[class] += here[class] * won[class];
            squares[class] += here[class] * won[class] * won[class];
            above[class] += here[class];
        }
    }
    let area = sums[1] / counts[1];
    let variance: f64 = (0..2)
        .map(|class| {
            let mean = sums[class] / counts[class];
            let spread = squares[class] / counts[class] - mean * mean;
            spread.max(0.0) / (counts[class] - 1.0).max(1.0)
        })
        .sum();
    if variance == 0.0 {
        let missing = 3.0 / counts[0].min(counts[1]);
        return within(area, area - missing, area + missing);
    }
    let (logit, deviation) = (
        (area / (1.0 - area)).ln(),
        variance.sqrt() / (area * (1.0 - area)),
    );
    let [low, high] = [-WIDTH, WIDTH].map(|width| super::logistic(logit + width * deviation));
    within(area, low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilsons_interval_is_that_of_the_paper() {
        // Newcombe 1998, table I, method 3: 81 of 263 and 0 of 20.
        for (part, whole, low, high) in [(81, 263, 0.2553, 0.3662), (0, 20, 0.0, 0.1611)] {
            let interval = share(part, whole).interval.unwrap();
            assert!(
                (interval.low - low).abs() < 5e-5 && (interval.high - high).abs() < 5e-5,
                "{interval:?}"
            );
        }
    }

    #[test]
    fn the_area_and_its_variance_are_those_of_all_pairs() {
        let scores: Vec<(f64, bool)> = (0..60)
            .map(|place| (f64::from(place * 7 % 19), place * 7 % 19 + place * 5 % 23 > 18))
            .collect();
        let of = |wanted: bool| -> Vec<f64> {
            let those = scores.iter().filter(|(_, is_good)| *is_good == wanted);
            those.map(|(score, _)| *score).collect()
        };
        let (good, bad) = (of(true), of(false));
        let won = |left: f64, right: f64| {
            f64::from(u8::from(left > right)) + 0.5 * f64::from(u8::from(left == right))
        };
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let variance = |values: &[f64]| {
            let squares = values.iter().map(|value| (value - mean(values)).powi(2));
            squares.sum::<f64>() / (values.len() - 1) as f64 / values.len() as f64
        };
        let by_good: Vec<f64> = good
            .iter()
            .map(|good| mean(&bad.iter().map(|bad| won(*good, *bad)).collect::<Vec<_>>()))
            .collect();
        let by_bad: Vec<f64> = bad
            .iter()
            .map(|bad| mean(&good.iter().map(|good| won(*good, *bad)).collect::<Vec<_>>()))
            .collect();
        let (expected, deviation) = (mean(&by_good), (variance(&by_good) + variance(&by_bad)).sqrt());
        let mut sorted = scores.clone();
        sorted.sort_by(|left, right| right.0.total_cmp(&left.0));
        let found = area(&sorted);
        assert!((found.value - expected).abs() < 1e-12);
        let interval = found.interval.unwrap();
        let logit = |at: f64| (at / (1.0 - at)).ln();
        let half = (logit(interval.high) - logit(interval.low)) / 2.0;
        assert!((half - WIDTH * deviation / (expected * (1.0 - expected))).abs() < 1e-12);
    }
}
