//! The shares of least loss by a law of mixtures, and how little may be made of them.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{MixtureFit, MixtureForm};
use crate::error::InputError;
use crate::fit::{Estimate, Interval};
use crate::numeric::{golden_section, quantile_sorted, sorted};

/// Most exchanges between two domains.
const EXCHANGES: usize = 2000;
/// Shares of a thousandth are all that a mixture is mixed to.
const LEAST_SHARE: f64 = 1e-4;

/// The best mixture by a law.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Optimum {
    /// The share of each domain.
    pub shares: Vec<f64>,
    /// The law's loss there, with its interval.
    pub loss: Estimate,
    /// How much too low that is on average: the law is lowest where its errors made it so. By the bootstrap: how far
    /// the best of each sample's law lies, by the law of all rows, above what its own law says of it.
    pub optimism: Option<f64>,
    /// Where the best share of each domain lies by the laws of the bootstrap's samples: mixtures between are as good
    /// as can be told.
    pub spread: Option<Vec<Interval>>,
    /// Domains whose share is above that of every run fitted.
    pub beyond: Vec<usize>,
}

impl MixtureFit {
    /// The shares of least loss, none above its cap: what there is of a domain and how often it may be repeated.
    ///
    /// # Errors
    /// [`InputError`] for another number of caps than domains, caps that are no shares, or that sum to less than 1.
    pub fn optimum(&self, caps: &[f64]) -> Result<Optimum, InputError> {
        check_caps(caps, self.domains)?;
        let shares = lowest(self.form, &self.best, caps);
        let own: Vec<Vec<f64>> = self
            .draws
            .par_iter()
            .map(|draw| lowest(self.form, draw, caps))
            .collect();
        let of_draws = self.draws.iter().zip(&own);
        let gaps =
            of_draws.map(|(draw, shares)| self.form.loss(&self.best, shares) - self.form.loss(draw, shares));
        let optimism = (!own.is_empty()).then(|| gaps.sum::<f64>() / own.len() as f64);
        let tail = 0.5 * (1.0 - self.level);
        let of_domain = |domain: usize| {
            let found = sorted(own.iter().map(|shares| shares[domain]));
            Interval {
                low: quantile_sorted(&found, tail).min(shares[domain]),
                high: quantile_sorted(&found, 1.0 - tail).max(shares[domain]),
            }
        };
        let spread = (!own.is_empty()).then(|| (0..self.domains).map(of_domain).collect());
        let is_beyond = |domain: &usize| shares[*domain] > self.largest[*domain] + LEAST_SHARE;
        Ok(Optimum {
            loss: self.predict(&shares)?,
            beyond: (0..self.domains).filter(is_beyond).collect(),
            optimism,
            spread,
            shares,
        })
    }
}

/// Refuses caps that are no shares, or leave no mixture of so many domains.
pub(super) fn check_caps(caps: &[f64], domains: usize) -> Result<(), InputError> {
    if caps.len() != domains {
        return Err(InputError::Length {
            column: "caps".into(),
            found: caps.len(),
            expected: domains,
        });
    }
    let wrong = |row, value, rule| InputError::OutOfRange {
        column: "caps".into(),
        row,
        value,
        rule,
    };
    let no_share = |(_, cap): &(usize, &f64)| !(0.0..=1.0).contains(*cap);
    if let Some((row, cap)) = caps.iter().enumerate().find(no_share) {
        return Err(wrong(row, *cap, "a share, 0 to 1"));
    }
    let sum: f64 = caps.iter().sum();
    match sum >= 1.0 - 1e-9 {
        true => Ok(()),
        false => Err(wrong(
            0,
            sum,
            "1 or more as the sum of all caps, or no mixture is left; raise some",
        )),
    }
}

/// The shares of least loss, from the caps in proportion and from the best mixture of few domains; where exchanges may end
/// in a basin of their own, from every domain at its cap, too.
fn lowest(form: MixtureForm, parameters: &[f64], caps: &[f64]) -> Vec<f64> {
    let sum: f64 = caps.iter().sum();
    let even: Vec<f64> = caps.iter().map(|cap| cap / sum).collect();
    let slopes = form.slopes(parameters, &even);
    let first = |domain: usize| {
        let mut slopes = slopes.clone();
        slopes[domain] = f64::NEG_INFINITY;
        filled(&slopes, caps)
    };
    let vertices = if form.is_convex(parameters, caps.len()) {
        0
    } else {
        caps.len()
    };
    let starts = [even.clone(), filled(&slopes, caps)]
        .into_iter()
        .chain((0..vertices).map(first));
    let found = starts.map(|start| exchanged(form, parameters, caps, start));
    let by_loss = |one: &Vec<f64>, other: &Vec<f64>| {
        form.loss(parameters, one)
            .total_cmp(&form.loss(parameters, other))
    };
    found.min_by(by_loss).unwrap_or(even)
}

/// The mixture of least `slopes`: the best domain to its cap, then the next.
fn filled(slopes: &[f64], caps: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..slopes.len()).collect();
    order.sort_by(|one, other| slopes[*one].total_cmp(&slopes[*other]));
    let (mut shares, mut left) = (vec![0.0; slopes.len()], 1.0);
    for domain in order {
        shares[domain] = caps[domain].min(left);
        left -= shares[domain];
    }
    shares
}

/// Shares from which no exchange between two domains gains: the one whose last part costs most gives to the one
/// whose next part gains most (the pairwise steps of Frank and Wolfe's method: Lacoste-Julien & Jaggi 2015).
fn exchanged(form: MixtureForm, parameters: &[f64], caps: &[f64], start: Vec<f64>) -> Vec<f64> {
    let mut shares = start;
    let domains = 0..shares.len();
    for _ in 0..EXCHANGES {
        let slopes = form.slopes(parameters, &shares);
        let by_slope = |one: &usize, other: &usize| slopes[*one].total_cmp(&slopes[*other]);
        let giver = domains.clone().filter(|at| shares[*at] > 1e-12).max_by(by_slope);
        let taker = domains
            .clone()
            .filter(|at| shares[*at] < caps[*at] - 1e-12)
            .min_by(by_slope);
        let (Some(giver), Some(taker)) = (giver, taker) else {
            break;
        };
        let most = shares[giver].min(caps[taker] - shares[taker]);
        if slopes[giver] - slopes[taker] <= 1e-9 || giver == taker {
            break;
        }
        let moved = |step: f64| {
            let mut moved = shares.clone();
            moved[giver] -= step;
            moved[taker] += step;
            moved
        };
        let step = shortest(|step| form.loss(parameters, &moved(step)), most);
        if step <= 1e-9 {
            break;
        }
        shares = moved(step);
    }
    shares
}

/// The step between 0 and `most` of least loss, by golden section; all of it where nothing beats the end.
fn shortest(loss: impl Fn(f64) -> f64, most: f64) -> f64 {
    let middle = golden_section([0.0, most], 40, &loss, |one, other| one < other).middle();
    match loss(most) <= loss(middle) {
        true => most,
        false => middle,
    }
}
