//! The difference of mean logarithms of two samples of crossings, with what their spread and their bounds leave open.

use super::Options;
use super::crossing::Crossing;
use crate::fit::Estimate;
use crate::numeric::{Stream, student_over_normal};

/// The ends of a difference: equal where all crossings are known.
#[derive(Clone, Copy)]
struct Ends {
    low: f64,
    high: f64,
}

impl Ends {
    /// The mean of a sample by these weights.
    fn of(sample: &[Crossing], weights: &[f64]) -> Self {
        let mean = |end: fn(&Crossing) -> f64| {
            let drawn = sample.iter().zip(weights).filter(|(_, weight)| **weight > 0.0);
            let (sum, all) = drawn.fold((0.0, 0.0), |(sum, all), (crossing, weight)| {
                (sum + weight * end(crossing), all + weight)
            });
            sum / all
        };
        Self {
            low: mean(|crossing| crossing.low),
            high: mean(|crossing| crossing.high),
        }
    }

    /// How far it is behind another.
    fn after(self, other: Self) -> Self {
        Self {
            low: self.low - other.high,
            high: self.high - other.low,
        }
    }
}

/// How many times the compute of the first the second takes, in the geometric mean: percentiles of samples of the seeds,
/// as much wider as so few of them make it (Hesterberg 2015, section 5.3). Without a first, the compute of the second itself.
/// `None` where nothing bounds it on either side.
pub(super) fn difference(
    first: Option<&[Crossing]>,
    second: &[Crossing],
    options: &Options,
) -> Option<Estimate> {
    let mean = |draw: &mut dyn FnMut(usize) -> Vec<f64>| {
        let before = first.map(|first| Ends::of(first, &draw(first.len())));
        let own = Ends::of(second, &draw(second.len()));
        before.map_or(own, |before| own.after(before))
    };
    let found = mean(&mut |count| vec![1.0; count]);
    let (is_below, is_above) = (found.low.is_finite(), found.high.is_finite());
    let value = match (is_below, is_above) {
        (true, true) => 0.5 * (found.low + found.high),
        (true, false) => found.low,
        (false, true) => found.high,
        (false, false) => return None,
    };
    let point = Estimate {
        open_below: !is_below,
        open_above: !is_above,
        ..Estimate::point(value.exp())
    };
    let counts: Vec<usize> = first
        .iter()
        .map(|first| first.len())
        .chain([second.len()])
        .collect();
    let Some(wider) = wider(&counts, options.level) else {
        return Some(point);
    };
    let draws: Vec<Ends> = (0..options.replicates as u64)
        .map(|index| {
            let mut stream = Stream::new(options.seed, "seeds of an emergence", index);
            mean(&mut |count| stream.resample_counts(count))
        })
        .collect();
    let tail = 0.5 * (1.0 - options.level);
    let end = |of: fn(&Ends) -> f64, share: f64, known: f64| {
        let mut ends: Vec<f64> = draws.iter().map(of).collect();
        // What is infinite lies at an end, as it should.
        ends.sort_by(f64::total_cmp);
        let at = ends[(share * (ends.len() - 1) as f64).round() as usize];
        known + wider * (at - known)
    };
    let low = match is_below {
        true => end(|ends| ends.low, tail, found.low),
        false => value,
    };
    let high = match is_above {
        true => end(|ends| ends.high, 1.0 - tail, found.high),
        false => value,
    };
    let ends = (low.exp(), high.exp());
    Some(Estimate {
        open_below: point.open_below,
        open_above: point.open_above,
        ..Estimate::within(point.value, ends, is_below && is_above)
    })
}

/// How many times wider than a bootstrap's percentiles an interval of samples of so many seeds must be; `None` where one has
/// a single seed, which tells of no spread.
fn wider(counts: &[usize], level: f64) -> Option<f64> {
    let least = *counts.iter().min()?;
    let freedom: usize = counts.iter().map(|count| count.saturating_sub(1)).sum();
    (least > 1)
        .then(|| (least as f64 / (least as f64 - 1.0)).sqrt() * student_over_normal(level, freedom as f64))
}
