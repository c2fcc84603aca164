//! What it is worth to know more before a choice: of choices scored in many worlds, a choice a row.

use std::collections::BTreeMap;

/// What is lost, on average, by a choice where another would have been better: its expected regret. Of the best choice it
/// is the expected value of perfect information (Raiffa and Schlaifer 1961).
///
/// ```
/// let scores = [vec![1.0, 0.0], vec![0.0, 4.0]];
/// assert_eq!(triaxis_plan::information::regret(&scores, 1), 0.5);
/// ```
pub fn regret(scores: &[Vec<f64>], choice: usize) -> f64 {
    let worlds = scores[choice].len();
    let lost = (0..worlds).map(|world| most(scores, world) - scores[choice][world]);
    lost.sum::<f64>() / worlds as f64
}

/// The largest score of a world.
pub fn most(scores: &[Vec<f64>], world: usize) -> f64 {
    scores
        .iter()
        .map(|scores| scores[world])
        .fold(f64::NEG_INFINITY, f64::max)
}

/// The place of the largest number, the first of equals.
pub fn largest(numbers: impl Iterator<Item = f64>) -> usize {
    let best = numbers
        .enumerate()
        .fold((0, f64::NEG_INFINITY), |best, (at, number)| {
            if number > best.1 { (at, number) } else { best }
        });
    best.0
}

/// What worlds share: the half from which choices are made for the other, and the replicate of the law.
#[derive(Debug, Clone, Copy)]
pub struct Groups<'a> {
    /// Of each world.
    pub halves: &'a [bool],
    /// Of each world.
    pub replicates: &'a [usize],
}

/// What an experiment shows in each world, and how far that is off.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// Its result without noise.
    pub results: &'a [f64],
    /// The standard deviation of the noise.
    pub noise: f64,
    /// That noise in each world, as normal deviates.
    pub deviates: &'a [f64],
}

/// The value of an experiment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worth {
    /// Expected rise of the score.
    pub value: f64,
    /// Its standard error by the number of worlds.
    pub error: f64,
    /// Share of the worlds in which the choice changes.
    pub flips: f64,
}

/// The expected value of what an experiment shows: each world in turn is the truth and shows its result, and the choice
/// that is then best by the other half of the worlds is judged in the true one, so that luck is not taken for value.
pub fn of_experiment(scores: &[Vec<f64>], shown: Shown<'_>, groups: Groups<'_>) -> Worth {
    let worlds = shown.results.len();
    let others = [true, false].map(|half| -> Vec<usize> {
        (0..worlds)
            .filter(|world| groups.halves[*world] == half)
            .collect()
    });
    let prior = [0, 1].map(|half| {
        let sum = |choice: &Vec<f64>| others[half].iter().map(|world| choice[*world]).sum();
        largest(scores.iter().map(sum))
    });
    let (mut gains, mut flips) = (Vec::with_capacity(worlds), 0);
    let mut weighted = vec![0.0; scores.len()];
    for truth in 0..worlds {
        let seen = shown.results[truth] + shown.noise * shown.deviates[truth];
        // Places of the other half.
        let half = usize::from(groups.halves[truth]);
        let before = prior[half];
        weighted.fill(0.0);
        let mut total = 0.0;
        for &world in &others[half] {
            let off = (seen - shown.results[world]) / shown.noise;
            // Beyond eight deviations a world weighs less than one in 10^13.
            if off.abs() > 8.0 {
                continue;
            }
            let weight = (-0.5 * off * off).exp();
            total += weight;
            for (sum, choice) in weighted.iter_mut().zip(scores) {
                *sum += weight * choice[world];
            }
        }
        // What no world foretold says nothing between the choices.
        let after = if total > 0.0 {
            largest(weighted.iter().copied())
        } else {
            before
        };
        flips += usize::from(after != before);
        gains.push(scores[after][truth] - scores[before][truth]);
    }
    let value = gains.iter().sum::<f64>() / worlds.max(1) as f64;
    Worth {
        value,
        error: error(&gains, value, groups.replicates),
        flips: flips as f64 / worlds as f64,
    }
}

/// The standard error of a mean: worlds of one replicate gain together.
fn error(gains: &[f64], mean: f64, replicates: &[usize]) -> f64 {
    let mut sums = BTreeMap::new();
    for (gain, replicate) in gains.iter().zip(replicates) {
        *sums.entry(replicate).or_insert(0.0) += gain - mean;
    }
    let clusters = sums.len() as f64;
    let spread = sums.values().map(|sum: &f64| sum * sum).sum::<f64>() * clusters / (clusters - 1.0).max(1.0);
    spread.sqrt() / gains.len() as f64
}
