//! Loss as a function of the shares of any number of domains in the training data, and the best shares.
//!
//! [`Mixtures`] holds runs that differ in their mixture alone, [`fit_mixture`] fits a [`MixtureForm`] to them with a
//! bootstrap, [`MixtureFit::optimum`] finds the shares of least loss under caps: with how much too good the law makes
//! them look, and how far shares as good lie apart. [`best_mixture`] averages the best of mixtures that a [`Prior`] draws, by
//! the [`Regressor`] that predicts runs left out best.

mod fit;
mod form;
mod optimum;
mod prior;
mod regressor;
mod search;
mod sweep;
mod trees;

pub use fit::{MixtureFit, MixtureOptions, fit_mixture};
pub use form::MixtureForm;
pub use optimum::Optimum;
pub use prior::Prior;
pub use regressor::{Checked, Regressor, rank_correlation};
pub use search::{BestMixture, SearchOptions, best_mixture};
pub use sweep::{BestFor, Sweep, SweepRun};

use std::collections::BTreeSet;

use crate::error::InputError;

/// How far shares of one mixture may sum from 1: they are often printed in few digits.
const ROUNDING: f64 = 0.02;

/// Runs of one size and length whose data are mixed in different shares.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixtures {
    domains: usize,
    /// Row by row.
    shares: Vec<f64>,
    losses: Vec<f64>,
}

impl Mixtures {
    /// From the shares of each run, a domain a number and in one order for all runs, and its loss.
    ///
    /// # Errors
    /// [`InputError`] for rows of different lengths, fewer than two domains, shares that are no shares or do not sum
    /// to 1, a loss that is not finite, and a domain that is in no mixture.
    pub fn new(shares: &[Vec<f64>], losses: &[f64]) -> Result<Self, InputError> {
        let domains = shares.first().map_or(0, Vec::len);
        let length = |column: &str, found, expected| InputError::Length {
            column: column.into(),
            found,
            expected,
        };
        if losses.len() != shares.len() {
            return Err(length("loss", losses.len(), shares.len()));
        }
        if domains < 2 {
            return Err(InputError::Option {
                option: "the number of domains",
                value: domains as f64,
                rule: "2 or more: one domain alone has no mixture",
            });
        }
        let mut all = Vec::with_capacity(domains * losses.len());
        for (row, (mixture, loss)) in shares.iter().zip(losses).enumerate() {
            if mixture.len() != domains {
                return Err(length("shares", mixture.len(), domains));
            }
            all.extend(check_mixture(mixture, row)?);
            if !loss.is_finite() {
                return Err(InputError::NotFinite {
                    column: "loss".into(),
                    row,
                    value: *loss,
                });
            }
        }
        let is_absent = |domain: &usize| shares.iter().all(|mixture| mixture[*domain] == 0.0);
        if let Some(domain) = (0..domains).find(is_absent) {
            return Err(InputError::Option {
                option: "the largest share of a domain",
                value: 0.0,
                rule: match domain {
                    0 => "above 0: the first domain is in no mixture; leave it out",
                    _ => "above 0: a domain after the first is in no mixture; leave it out",
                },
            });
        }
        Ok(Self {
            domains,
            shares: all,
            losses: losses.to_vec(),
        })
    }

    /// Number of runs.
    pub fn rows(&self) -> usize {
        self.losses.len()
    }

    /// Number of domains.
    pub fn domains(&self) -> usize {
        self.domains
    }

    /// The losses.
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// How many mixtures differ.
    fn different(&self) -> usize {
        let bits = |mixture: &[f64]| mixture.iter().map(|share| share.to_bits()).collect::<Vec<_>>();
        self.mixtures().map(bits).collect::<BTreeSet<_>>().len()
    }

    /// A mixture of as many domains.
    fn check(&self, mixture: &[f64], row: usize) -> Result<Vec<f64>, InputError> {
        match mixture.len() == self.domains {
            true => check_mixture(mixture, row),
            false => Err(InputError::Length {
                column: "shares".into(),
                found: mixture.len(),
                expected: self.domains,
            }),
        }
    }

    /// The mixtures.
    fn mixtures(&self) -> impl Iterator<Item = &[f64]> {
        self.shares.chunks_exact(self.domains)
    }
}

/// Numbers as the shares of one mixture, which sum to 1.
fn check_mixture(mixture: &[f64], row: usize) -> Result<Vec<f64>, InputError> {
    let wrong = |value: f64, rule| InputError::OutOfRange {
        column: "shares".into(),
        row,
        value,
        rule,
    };
    let is_share = |share: &f64| (0.0..=1.0).contains(share);
    if let Some(share) = mixture.iter().find(|share| !is_share(share)) {
        return Err(wrong(*share, "a share, 0 to 1"));
    }
    let sum: f64 = mixture.iter().sum();
    match (sum - 1.0).abs() <= ROUNDING {
        true => Ok(mixture.to_vec()),
        false => Err(wrong(sum, "1, as the sum of all shares")),
    }
}

#[cfg(test)]
mod tests;
