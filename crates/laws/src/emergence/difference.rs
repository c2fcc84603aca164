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
    /// The mean of the second less that of the first, each by these weights.
    fn of(first: &[Crossing], second: &[Crossing], weights: [&[f64]; 2]) -> Self {
        let mean = |of: &[Crossing], weights: &[f64], end: fn(&Crossing) -> f64| {
            let drawn = of.iter().zip(weights).filter(|(_, weight)| **weight > 0.0);
            let (sum, all) = drawn.fold((0.0, 0.0), |(sum, all), (crossing, weight)| {
                (sum + weight * end(crossing), all + weight)
            });
            sum / all
        };
        let low = |crossing: &Crossing| crossing.low;
        let high = |crossing: &Crossing| crossing.high;
        Self {
            low: mean(second, weights[1], low) - mean(first, weights[0], high),
            high: mean(second, weights[1], high) - mean(first, weights[0], low),
        }
    }
}

/// How many times the compute of the first the second takes, in the geometric mean: percentiles of samples of the seeds,
/// as much wider as so few of them make it (Hesterberg 2015, section 5.3). `None` where nothing bounds it on either side.
pub(super) fn difference(first: &[Crossing], second: &[Crossing], options: &Options) -> Option<Estimate> {
    let ones = [first, second].map(|of| vec![1.0; of.len()]);
    let found = Ends::of(first, second, [&ones[0], &ones[1]]);
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
    let Some(wider) = wider([first.len(), second.len()], options.level) else {
        return Some(point);
    };
    let draws: Vec<Ends> = (0..options.replicates as u64)
        .map(|index| {
            let mut stream = Stream::new(options.seed, "seeds of an emergence", index);
            let weights = [first, second].map(|of| stream.resample_counts(of.len()));
            Ends::of(first, second, [&weights[0], &weights[1]])
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
    let low = is_below
        .then(|| end(|ends| ends.low, tail, found.low))
        .unwrap_or(value);
    let high = is_above
        .then(|| end(|ends| ends.high, 1.0 - tail, found.high))
        .unwrap_or(value);
    let ends = (low.exp(), high.exp());
    Some(Estimate {
        open_below: point.open_below,
        open_above: point.open_above,
        ..Estimate::within(point.value, ends, is_below && is_above)
    })
}

/// How many times wider than a bootstrap's percentiles an interval of so many seeds must be; `None` where a sample that
/// varies has only one. A sample of one thing that is known does not count.
fn wider(counts: [usize; 2], level: f64) -> Option<f64> {
    let [first, second] = counts;
    let (least, freedom) = match first {
        1 => (second, second.checked_sub(1)?),
        _ => (first.min(second), (first + second).checked_sub(2)?),
    };
    (least > 1)
        .then(|| (least as f64 / (least as f64 - 1.0)).sqrt() * student_over_normal(level, freedom as f64))
}
