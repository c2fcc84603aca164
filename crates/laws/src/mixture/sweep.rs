//! What a sweep over shares of sources says: runs of many mixtures, and the best mixture for each text.

use serde::{Deserialize, Serialize};
use triaxis_units::Finding;

use super::regressor::{absent_apart, in_too_few};
use super::{BestMixture, Mixtures, Prior, SearchOptions, best_mixture};
use crate::error::FitError;

/// A sweep over the shares of sources.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// The arm that it is of, where a study has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm: Option<String>,
    /// The sources.
    pub sources: Vec<String>,
    /// The share that each has of the text there is.
    pub natural: Vec<f64>,
    /// The largest that it may have.
    pub caps: Vec<f64>,
    /// How often a source may be seen, which the caps follow from.
    pub max_epochs: f64,
    /// In a run of so many tokens.
    pub of_tokens: f64,
    /// Tokens that each run was trained on.
    pub tokens: f64,
    /// Its parameters.
    pub params: f64,
    /// The runs that have a loss.
    pub runs: Vec<SweepRun>,
    /// How many there are to be.
    pub asked: usize,
    /// The best mixture by the loss on all texts together, then by that on each.
    pub best: Vec<BestFor>,
}

/// A run of one mixture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SweepRun {
    /// Its trial.
    pub trial: String,
    /// The share of each source in the tokens that it saw.
    pub shares: Vec<f64>,
    /// Its losses in bits per byte, in the order of `best`.
    pub losses: Vec<f64>,
}

/// The best mixture by the loss on a text, or why nobody can say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BestFor {
    /// The text.
    pub text: String,
    /// The mixture.
    pub found: Finding<BestMixture>,
}

impl Sweep {
    /// Finds the best mixture for each of `texts`, whose losses the runs have in their order, among those that are drawn as
    /// the runs were.
    pub fn search(&mut self, texts: &[String], prior: &Prior, options: &SearchOptions) {
        let shares: Vec<Vec<f64>> = self.runs.iter().map(|run| run.shares.clone()).collect();
        // Sources of which there is nothing are in no mixture.
        let domains: Vec<usize> = (0..self.sources.len())
            .filter(|source| self.caps[*source] > 0.0)
            .collect();
        let of = |all: &[f64]| domains.iter().map(|source| all[*source]).collect::<Vec<f64>>();
        let rows: Vec<Vec<f64>> = shares.iter().map(|shares| of(shares)).collect();
        let prior = Prior {
            shares: of(&prior.shares),
            caps: of(&prior.caps),
            ..prior.clone()
        };
        let found = |at: usize| -> Result<BestMixture, FitError> {
            if let Some(domain) = absent_apart(&rows) {
                let source = &self.sources[domains[domain]];
                return Err(in_too_few(&format!("source `{source}`")).into());
            }
            let losses: Vec<f64> = self.runs.iter().map(|run| run.losses[at]).collect();
            let best = best_mixture(
                &Mixtures::new(&rows, &losses)?,
                &prior,
                &of(&self.natural),
                options,
            )?;
            Ok(best.among(&domains, self.sources.len()))
        };
        self.best = texts
            .iter()
            .enumerate()
            .map(|(at, text)| BestFor {
                text: text.clone(),
                found: Finding::of(found(at)),
            })
            .collect();
    }

    /// The run of least loss on all texts together.
    pub fn lowest(&self) -> Option<&SweepRun> {
        let loss = |run: &SweepRun| run.losses.first().copied().unwrap_or(f64::INFINITY);
        self.runs
            .iter()
            .min_by(|one, other| loss(one).total_cmp(&loss(other)))
    }
}
