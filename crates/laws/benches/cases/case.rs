//! A case: what is simulated, what is told of it, and how often that is right.

use std::fmt;

use rayon::prelude::*;
use triaxis_laws::forms::Chinchilla;
use triaxis_laws::numeric::Stream;
use triaxis_laws::{Estimate, Interval, Observations};

/// The law that most cases are simulated from.
pub const TRUTH: Chinchilla = Chinchilla {
    E: 1.8172,
    A: 482.01,
    B: 2085.43,
    alpha: 0.3478,
    beta: 0.3658,
};

/// A case of the registry.
pub struct Case {
    /// Its name on the command line.
    pub name: &'static str,
    /// What is told of data simulated with a noise and a seed, the same quantities in the same order each time.
    pub tell: fn(f64, u64) -> Vec<Told>,
}

/// What was told of one quantity.
#[derive(Clone)]
pub struct Told {
    pub quantity: String,
    pub truth: f64,
    /// The interval, if there was one.
    pub interval: Option<Interval>,
    /// Whether an end was said to be open.
    pub open: bool,
}

impl Told {
    /// By an estimate.
    pub fn estimate(quantity: &str, truth: f64, estimate: &Estimate) -> Self {
        Self {
            quantity: quantity.into(),
            truth,
            interval: estimate.interval,
            open: estimate.interval.is_some() && !estimate.identified,
        }
    }

    /// By an interval without more words.
    pub fn interval(quantity: &str, truth: f64, interval: Option<Interval>) -> Self {
        Self {
            quantity: quantity.into(),
            truth,
            interval,
            open: false,
        }
    }

    /// That nothing is told.
    pub fn refused(quantity: &str) -> Self {
        Self::interval(quantity, f64::NAN, None)
    }
}

/// What was told of a quantity over all repeats.
pub struct Tally {
    pub quantity: String,
    pub repeats: usize,
    /// Intervals that had two closed ends, and those of them that held the truth.
    pub closed: usize,
    pub closed_held: usize,
    /// The same of those with an open end.
    pub open: usize,
    pub open_held: usize,
    /// Median width over the truth.
    pub width: f64,
}

impl Tally {
    /// Intervals of either kind that held the truth, of all that were given; NaN of none.
    pub fn held(&self) -> f64 {
        (self.closed_held + self.open_held) as f64 / (self.closed + self.open) as f64
    }

    pub fn refused(&self) -> usize {
        self.repeats - self.closed - self.open
    }

    /// What a share of so many intervals varies by from one simulation to another.
    pub fn standard_error(&self, share: f64) -> f64 {
        (share * (1.0 - share) / (self.closed + self.open) as f64).sqrt()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = |count: usize| count as f64 / self.repeats as f64;
        let (least, most) = (0.85, 0.95);
        let verdict = match self.held() {
            held if held.is_nan() => "refused",
            held if (least..=most).contains(&held) => "holds",
            held if held < least - 2.0 * self.standard_error(least) => "MISSES",
            held if held < most + 2.0 * self.standard_error(most) => "within error",
            _ if self.open > 0 => "wide, open",
            _ => "TOO WIDE",
        };
        write!(
            formatter,
            "{} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} | {verdict}",
            self.quantity,
            self.held(),
            self.standard_error(self.held()),
            share(self.open),
            share(self.refused()),
            self.width,
        )
    }
}

impl Case {
    /// What is told over `repeats` simulations, a tally a quantity.
    pub fn told(&self, noise: f64, repeats: usize) -> Vec<Tally> {
        let all: Vec<Vec<Told>> = (0..repeats as u64)
            .into_par_iter()
            .map(|seed| (self.tell)(noise, seed))
            .collect();
        let quantities = all.first().map_or(0, Vec::len);
        (0..quantities)
            .map(|at| tally(all.iter().map(|told| &told[at])))
            .collect()
    }
}

fn tally<'a>(told: impl Iterator<Item = &'a Told>) -> Tally {
    let mut tally = Tally {
        quantity: String::new(),
        repeats: 0,
        closed: 0,
        closed_held: 0,
        open: 0,
        open_held: 0,
        width: f64::NAN,
    };
    let mut widths = Vec::new();
    for one in told {
        tally.quantity.clone_from(&one.quantity);
        tally.repeats += 1;
        let Some(interval) = one.interval else { continue };
        let holds = usize::from(interval.holds(one.truth));
        match one.open {
            true => (tally.open, tally.open_held) = (tally.open + 1, tally.open_held + holds),
            false => (tally.closed, tally.closed_held) = (tally.closed + 1, tally.closed_held + holds),
        }
        widths.push(interval.width() / one.truth.abs());
    }
    widths.sort_by(f64::total_cmp);
    tally.width = widths.get(widths.len() / 2).copied().unwrap_or(f64::NAN);
    tally
}

/// Runs of [`TRUTH`] with relative noise at `(params, tokens)`.
pub fn runs(design: &[(f64, f64)], noise: f64, seed: u64) -> Observations {
    let mut stream = Stream::new(seed, "runs", 0);
    let loss = design
        .iter()
        .map(|(params, tokens)| TRUTH.loss(*params, *tokens) * (noise * stream.normal()).exp());
    let loss = loss.collect();
    Observations::new()
        .with("params", design.iter().map(|run| run.0).collect())
        .unwrap()
        .with("tokens", design.iter().map(|run| run.1).collect())
        .unwrap()
        .with("loss", loss)
        .unwrap()
}
