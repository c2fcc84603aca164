//! The best mixture as the mean of the best of many that are drawn, and how far refits put it elsewhere.
//!
//! The one mixture that a law likes best is where its errors are luckiest, and often at an edge that no run was near. So
//! mixtures are drawn as a prior has them, and those of least predicted loss are averaged (Liu et al. 2024, RegMix, section
//! 3.3); laws of runs drawn again have best mixtures of their own, and what these differ by is what nobody knows.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use triaxis_units::{Estimate, Interval};

use super::regressor::{Checked, Regressor, Surface};
use super::{Mixtures, Prior};
use crate::error::{FitError, InputError, Refusal};
use crate::numeric::{Stream, quantile_sorted, sorted};

/// The least share of the refits that must tell all domains apart.
const LEAST_KEPT: f64 = 0.9;
/// By how much a share may be above that of every run and not be beyond them.
const LEAST_SHARE: f64 = 1e-4;

/// How the best mixture is searched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchOptions {
    /// What tells losses; what predicts rows left out best, if not said.
    pub regressor: Option<Regressor>,
    /// Mixtures that are drawn.
    pub candidates: usize,
    /// How many of them, those of least predicted loss, are averaged.
    pub top: usize,
    /// Refits to rows drawn again.
    pub refits: usize,
    /// Level of the intervals.
    pub level: f64,
    /// Seed of all draws.
    pub seed: u64,
}

impl Default for SearchOptions {
    /// The share of the candidates that is averaged is that of Liu et al. 2024, 128 of 100,000.
    fn default() -> Self {
        Self {
            regressor: None,
            candidates: 20_000,
            top: 26,
            refits: 100,
            level: 0.9,
            seed: 0,
        }
    }
}

impl SearchOptions {
    fn check(&self) -> Result<(), InputError> {
        let option = |option, value, rule| InputError::Option { option, value, rule };
        if !(self.level > 0.0 && self.level < 1.0) {
            return Err(option("level", self.level, "between 0 and 1"));
        }
        if self.refits == 0 {
            return Err(option("refits", 0.0, "1 or more: the spread is that of refits"));
        }
        if self.top == 0 || self.top > self.candidates {
            return Err(option(
                "top",
                self.top as f64,
                "from 1 to the number of candidates",
            ));
        }
        Ok(())
    }
}

/// The best mixture by what runs of others say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BestMixture {
    /// Level of all intervals.
    pub level: f64,
    /// How well each regressor predicts rows left out, the best first.
    pub checked: Vec<Checked>,
    /// The one whose predictions were taken.
    pub regressor: Regressor,
    /// The share of each domain: the mean of the best of the candidates, with where refits have it.
    pub shares: Vec<Estimate>,
    /// The predicted loss of that mixture; the interval is without the luck of being lowest, and may lie above it.
    pub loss: Estimate,
    /// That of the shares that text is there in.
    pub natural: Estimate,
    /// The latter less the former; the interval is without that luck as well, and may lie below it.
    pub gain: Estimate,
    /// How much too low the loss is on average: by how much the best mixture of a refit's law is worse by the law of all
    /// rows than by its own.
    pub optimism: f64,
    /// Domains whose share is above that of every run.
    pub beyond: Vec<usize>,
    /// Mixtures within the caps that were drawn.
    pub candidates: usize,
    /// How many of them were averaged.
    pub top: usize,
    /// Refits that tell all domains apart.
    pub refits: usize,
}

impl BestMixture {
    /// The same where its domains are those at some places of `all`, and nothing is of the others.
    pub(super) fn among(self, places: &[usize], all: usize) -> Self {
        let mut shares = vec![Estimate::point(0.0); all];
        for (place, share) in places.iter().zip(&self.shares) {
            shares[*place] = *share;
        }
        Self {
            shares,
            beyond: self.beyond.iter().map(|domain| places[*domain]).collect(),
            ..self
        }
    }
}

/// The best mixture of the domains of `runs`, of those that are drawn as `prior` says, beside the shares `natural`.
///
/// # Errors
/// [`InputError`] for options outside their rules, and a prior of another number of domains; [`Refusal`] where no regressor
/// can be fitted, the asked one cannot, a tenth of the refits do not tell all domains apart, or no mixture is drawn within
/// the caps.
pub fn best_mixture(
    runs: &Mixtures,
    prior: &Prior,
    natural: &[f64],
    options: &SearchOptions,
) -> Result<BestMixture, FitError> {
    options.check()?;
    if prior.shares.len() != runs.domains() {
        return Err(InputError::Length {
            column: "prior".into(),
            found: prior.shares.len(),
            expected: runs.domains(),
        }
        .into());
    }
    let natural = runs.check(natural, 0)?;
    let checked = checked(runs, options.regressor)?;
    let regressor = checked[0].regressor;
    let surface = regressor.fitted(runs)?;
    let candidates = drawn(prior, options)?;
    let search = Search {
        natural: &natural,
        candidates: &candidates,
        top: options.top.min(candidates.len()),
    };
    let own = search.best(&surface);
    if candidates.iter().all(|shares| surface.loss(shares) == own.loss) {
        return Err(Refusal::Collinear {
            columns: "the shares".into(),
            reason: format!(
                "the law of {} predicts one loss of all {} mixtures that were drawn; add runs, or runs of mixtures further \
                 apart",
                regressor.name(),
                candidates.len()
            ),
        }
        .into());
    }
    let refit = |at: u64| {
        let weights = Stream::new(options.seed, "mixtures drawn", at).resample_counts(runs.rows());
        let refitted = Regressor::refitted(runs, &weights, &surface)?;
        let best = search.best(&refitted);
        let by_all = Best {
            loss: surface.loss(&best.shares),
            natural: own.natural,
            shares: best.shares.clone(),
        };
        Some((best, by_all))
    };
    let refits: Vec<(Best, Best)> = (0..options.refits as u64)
        .into_par_iter()
        .filter_map(refit)
        .collect();
    if (refits.len() as f64) < LEAST_KEPT * options.refits as f64 {
        return Err(Refusal::Collinear {
            columns: "the shares".into(),
            reason: format!(
                "only {} of {} refits to runs drawn again tell all domains apart; add runs, or join domains that are in few \
                 of them",
                refits.len(),
                options.refits
            ),
        }
        .into());
    }
    let estimate = |of: &dyn Fn(&Best) -> f64| {
        estimate(of(&own), refits.iter().map(|(best, _)| of(best)), options.level)
    };
    // A refit is lowest where its luck made it so, as the law of all rows is: what it is off by there holds both.
    let without_luck = |of: &dyn Fn(&Best) -> f64| {
        pivoted(
            of(&own),
            refits.iter().map(|(best, by_all)| of(best) - of(by_all)),
            options.level,
        )
    };
    let optimism = refits.iter().map(|(best, by_all)| by_all.loss - best.loss);
    let largest = |domain: usize| runs.mixtures().map(|shares| shares[domain]).fold(0.0, f64::max);
    let is_beyond = |domain: &usize| own.shares[*domain] > largest(*domain) + LEAST_SHARE;
    let domains = 0..runs.domains();
    Ok(BestMixture {
        level: options.level,
        regressor,
        shares: domains
            .clone()
            .map(|domain| estimate(&|best| best.shares[domain]))
            .collect(),
        loss: without_luck(&|best| best.loss),
        natural: estimate(&|best| best.natural),
        gain: without_luck(&|best| best.natural - best.loss),
        optimism: optimism.sum::<f64>() / refits.len() as f64,
        beyond: domains.filter(is_beyond).collect(),
        candidates: candidates.len(),
        top: search.top,
        refits: refits.len(),
        checked,
    })
}

/// The regressors by their error on rows left out: those that can be fitted, or the asked one alone.
fn checked(runs: &Mixtures, asked: Option<Regressor>) -> Result<Vec<Checked>, FitError> {
    if let Some(asked) = asked {
        asked.fitted(runs)?;
    }
    let all = Regressor::ALL
        .into_iter()
        .filter(|one| asked.is_none_or(|asked| asked == *one));
    let mut refused = None;
    let mut checked: Vec<Checked> = Vec::new();
    for regressor in all {
        match regressor.checked(runs) {
            Ok(found) => checked.push(found),
            Err(_) if asked.is_some() => checked.push(Checked {
                regressor,
                error: None,
                rank: None,
            }),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    checked.sort_by(|one, other| {
        let error = |of: &Checked| of.error.unwrap_or(f64::INFINITY);
        error(one).total_cmp(&error(other))
    });
    match refused {
        Some(refused) if checked.is_empty() => Err(refused),
        _ => Ok(checked),
    }
}

/// Mixtures within the caps.
fn drawn(prior: &Prior, options: &SearchOptions) -> Result<Vec<Vec<f64>>, FitError> {
    let draw = |at: u64| prior.draw(&mut Stream::new(options.seed, "candidates", at));
    // Whoever gives up once gives up nearly always.
    let first = draw(0);
    let drawn: Vec<Vec<f64>> = match first {
        None => Vec::new(),
        Some(_) => (0..options.candidates as u64)
            .into_par_iter()
            .filter_map(draw)
            .collect(),
    };
    match drawn.len() {
        0 => Err(InputError::Option {
            option: "the sum of all caps",
            value: prior.caps.iter().sum(),
            rule: "well above 1: no mixture that is drawn is within them; raise some",
        }
        .into()),
        _ => Ok(drawn),
    }
}

struct Search<'a> {
    natural: &'a [f64],
    candidates: &'a [Vec<f64>],
    top: usize,
}

/// The best mixture by one law, its loss, and that of the natural one.
struct Best {
    shares: Vec<f64>,
    loss: f64,
    natural: f64,
}

impl Search<'_> {
    fn best(&self, surface: &Surface) -> Best {
        let losses: Vec<f64> = self
            .candidates
            .iter()
            .map(|shares| surface.loss(shares))
            .collect();
        let mut order: Vec<usize> = (0..losses.len()).collect();
        let by_loss =
            |one: &usize, other: &usize| losses[*one].total_cmp(&losses[*other]).then(one.cmp(other));
        order.select_nth_unstable_by(self.top - 1, by_loss);
        // Sums hang on their order.
        order[..self.top].sort_unstable();
        let mut shares = vec![0.0; self.natural.len()];
        for candidate in &order[..self.top] {
            for (sum, share) in shares.iter_mut().zip(&self.candidates[*candidate]) {
                *sum += share / self.top as f64;
            }
        }
        Best {
            loss: surface.loss(&shares),
            natural: surface.loss(self.natural),
            shares,
        }
    }
}

/// A value with the interval of samples, which holds it.
fn estimate(value: f64, samples: impl Iterator<Item = f64>, level: f64) -> Estimate {
    let [low, high] = tails(samples, level);
    with_interval(value, [low.min(value), high.max(value)], level)
}

/// A value with the interval of what it is without errors like these (the basic bootstrap: Davison & Hinkley 1997, section
/// 5.2).
fn pivoted(value: f64, errors: impl Iterator<Item = f64>, level: f64) -> Estimate {
    let [low, high] = tails(errors, level);
    with_interval(value, [value - high, value - low], level)
}

/// The values that samples are between as often as `level` says.
fn tails(samples: impl Iterator<Item = f64>, level: f64) -> [f64; 2] {
    let found = sorted(samples);
    let tail = 0.5 * (1.0 - level);
    [tail, 1.0 - tail].map(|at| quantile_sorted(&found, at))
}

fn with_interval(value: f64, [low, high]: [f64; 2], level: f64) -> Estimate {
    Estimate {
        value,
        interval: Some(Interval { low, high, level }),
    }
}
