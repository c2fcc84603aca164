//! How samples are shared out among problems whose chances are known, or known as a distribution.

use crate::error::SearchError;

/// A chance that a sample is right, and the share of problems that have it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chance {
    /// The probability.
    pub p: f64,
    /// How many problems have it, in any unit.
    pub weight: f64,
}

/// What stopping at the first right sample does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stopped {
    /// The share of problems that are solved.
    pub solved: f64,
    /// The mean of samples that are drawn.
    pub samples: f64,
}

/// The samples that a problem of known chance is worth, where a right answer is worth as much as `1 ÷ ratio` samples: the
/// k-th adds p·(1 − p)^(k−1), so that there are 1 + ⌊ln(ratio ÷ p) ÷ ln(1 − p)⌋ of them, and none below `ratio`.
pub fn worth(p: f64, ratio: f64) -> u64 {
    if p < ratio || p <= 0.0 {
        return 0;
    }
    if p >= 1.0 {
        return 1;
    }
    1 + ((ratio / p).ln() / (-p).ln_1p()).floor() as u64
}

/// The most samples that a problem is worth whose chance is Beta(a, b), where a verifier says when one is right: after k
/// failures the next is right with probability a ÷ (a + b + k).
pub fn worth_unknown(a: f64, b: f64, ratio: f64) -> u64 {
    let failures = a / ratio - a - b;
    if failures < 0.0 {
        0
    } else {
        failures.floor() as u64 + 1
    }
}

/// The share of problems that are solved by so many samples each.
pub fn covered(chances: &[Chance], samples: f64) -> f64 {
    average(chances, |p| missed(p, samples)).map_or(0.0, |missed| 1.0 - missed)
}

/// The share of problems that are solved where chances are known and as many samples in the mean go where they solve most.
///
/// # Errors
/// When there is no problem that can be solved, or the mean is no positive number.
pub fn allocated(chances: &[Chance], samples: f64) -> Result<f64, SearchError> {
    let spent = |ratio: f64| average(chances, |p| worth(p, ratio) as f64).unwrap_or(0.0);
    let solved = |ratio: f64| average(chances, |p| 1.0 - missed(p, worth(p, ratio) as f64)).unwrap_or(0.0);
    positive(samples)?;
    if chances
        .iter()
        .all(|chance| chance.p <= 0.0 || chance.weight <= 0.0)
    {
        return Err(SearchError::new(
            "no problem can be solved by any number of samples: give one of a chance above 0",
        ));
    }
    // Fewer samples are worth it the dearer they are.
    let (mut cheap, mut dear) = (-690.0_f64, 0.1_f64);
    for _ in 0..200 {
        let middle = (cheap + dear) / 2.0;
        if spent(middle.exp()) >= samples {
            cheap = middle;
        } else {
            dear = middle;
        }
    }
    // Problems of one chance come to the last sample together: of these as many have it as there are samples for.
    let (few, many) = (spent(dear.exp()), spent(cheap.exp()));
    let share = if many > few {
        ((samples - few) / (many - few)).min(1.0)
    } else {
        0.0
    };
    let (less, more) = (solved(dear.exp()), solved(cheap.exp()));
    Ok(less + share * (more - less))
}

/// What drawing until the first right sample does, at most `cap`.
pub fn stopped_at_first(chances: &[Chance], cap: u64) -> Stopped {
    let drawn = |p: f64| match p > 0.0 {
        // Σ of (1 − p)^j below the cap.
        true => (1.0 - missed(p, cap as f64)) / p,
        false => cap as f64,
    };
    Stopped {
        solved: covered(chances, cap as f64),
        samples: average(chances, drawn).unwrap_or(0.0),
    }
}

/// What drawing until the first right sample does where as many samples are drawn in the mean, and the cap: some problems,
/// by chance, have a cap of one less.
///
/// # Errors
/// When the mean is below 1, or no cap takes as many samples, since all problems are solved before.
pub fn stopped(chances: &[Chance], samples: f64) -> Result<(u64, Stopped), SearchError> {
    const MOST: u64 = 1 << 40;
    let takes = |cap: u64| stopped_at_first(chances, cap).samples;
    if !(samples >= 1.0 && takes(MOST) >= samples) {
        return Err(SearchError::new(format!(
            "{samples} samples a problem: stopping at the first right one takes from 1 to {:.1}; choose a mean between",
            takes(MOST)
        )));
    }
    let (mut few, mut enough) = (0, MOST);
    while enough - few > 1 {
        let middle = few + (enough - few) / 2;
        if takes(middle) >= samples {
            enough = middle;
        } else {
            few = middle;
        }
    }
    let (less, more) = (stopped_at_first(chances, few), stopped_at_first(chances, enough));
    let share = (samples - less.samples) / (more.samples - less.samples);
    let solved = less.solved + share * (more.solved - less.solved);
    Ok((enough, Stopped { solved, samples }))
}

fn missed(p: f64, samples: f64) -> f64 {
    if samples <= 0.0 {
        1.0
    } else {
        (samples * (-p).ln_1p()).exp()
    }
}

fn positive(samples: f64) -> Result<(), SearchError> {
    match samples.is_finite() && samples > 0.0 {
        true => Ok(()),
        false => Err(SearchError::new(format!(
            "{samples} samples a problem: must be a number above 0; choose another"
        ))),
    }
}

/// The weighted mean of a value of each chance.
fn average(chances: &[Chance], value: impl Fn(f64) -> f64) -> Option<f64> {
    let total: f64 = chances.iter().map(|chance| chance.weight).sum();
    let sum = chances
        .iter()
        .map(|chance| chance.weight * value(chance.p))
        .sum::<f64>();
    (total > 0.0).then(|| sum / total)
}
