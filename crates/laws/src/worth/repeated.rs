//! The law of runs that repeat their text.

use serde::{Deserialize, Serialize};
use triaxis_units::Finding;

use super::{Repetition, repetition};
use crate::error::FitError;
use crate::fit::{Estimate, FitOptions, fit};
use crate::forms::DataConstrained;
use crate::observations::Observations;

/// A run on text that it may have seen more than once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RepeatedRun {
    /// Parameters N.
    pub params: f64,
    /// Training tokens D, repeats counted.
    pub tokens: f64,
    /// Those among them that differ, U.
    pub unique: f64,
    /// Validation loss.
    pub loss: f64,
}

/// What the data-constrained law says of runs that repeat their text, and of others beside them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RepeatedLaw {
    /// Runs fitted.
    pub runs: usize,
    /// Repeats after which a further one is worth 1/e of new text: `R_D` of Muennighoff et al. 2023.
    pub limit: Estimate,
    /// What the most epochs that were measured are worth.
    pub most: Repetition,
}

/// What an arm's epochs over its unique tokens are worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Repeated {
    /// The arm.
    pub arm: String,
    /// The arm of fresh text whose runs the law is fitted to as well; `None` if there is no such arm.
    pub beside: Option<String>,
    /// Level at which intervals are told.
    pub level: f64,
    /// The law, or why nobody can say.
    pub found: Finding<RepeatedLaw>,
}

impl RepeatedLaw {
    /// Fits the law to `runs`, and asks it of `unique` tokens.
    ///
    /// # Errors
    /// As [`fit`].
    pub fn of(runs: &[RepeatedRun], unique: f64, options: &FitOptions) -> Result<Self, FitError> {
        let column = |of: fn(&RepeatedRun) -> f64| runs.iter().map(of).collect::<Vec<_>>();
        let observations = Observations::new()
            .with("params", column(|run| run.params))?
            .with("tokens", column(|run| run.tokens))?
            .with("unique_tokens", column(|run| run.unique))?
            .with("loss", column(|run| run.loss))?;
        let epochs = runs.iter().map(|run| run.tokens / run.unique).fold(1.0, f64::max);
        let law = fit(&DataConstrained, &observations, options)?;
        Ok(Self {
            runs: runs.len(),
            limit: law.parameters["R_D"].estimate,
            most: repetition(&law, unique, epochs)?,
        })
    }
}
