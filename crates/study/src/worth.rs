//! What a token of an arm's text is worth in those of the arm that it was compared with, for a plan by that one's law.

use triaxis_laws::worth::{Comparison, Worth};
use triaxis_plan::Uncertain;

use crate::answer::Answer;
use crate::error::StudyError;
use crate::plan::uncertain;
use crate::sealed;
use crate::store::Store;

/// What a token of an arm's text is worth.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenWorth {
    /// Tokens of the baseline's text that one of the arm's is worth.
    pub worth: Uncertain<f64>,
    /// The baseline.
    pub baseline: String,
}

/// What a token of `arm` is worth by the comparisons of the study in `store`: the first that it is in.
///
/// # Errors
/// [`StudyError::NoWorth`] where the arm was not compared, or its runs bound what its tokens are worth on one side at most.
pub fn token_worth(store: &Store, arm: &str) -> Result<TokenWorth, StudyError> {
    let refused = |reason: String| StudyError::NoWorth {
        folder: store.folder().to_owned(),
        arm: arm.to_owned(),
        reason,
    };
    let answer: Option<Answer> = sealed::read(&store.analysis())?;
    let answer = answer.ok_or_else(|| refused("it has not run to its end; run it first".to_owned()))?;
    let comparisons = answer.comparison.iter().chain(&answer.also);
    let found: Vec<&Comparison> = comparisons.filter_map(|comparison| comparison.found()).collect();
    let own = |comparison: &&Comparison| -> Option<(String, f64, Worth)> {
        let worth = comparison.arms.iter().find(|worth| worth.arm == arm)?;
        Some((comparison.baseline.clone(), comparison.level, worth.clone()))
    };
    let Some((baseline, level, worth)) = found.iter().find_map(own) else {
        let names = found.iter().flat_map(|comparison| &comparison.arms);
        let names: Vec<&str> = names.map(|worth| worth.arm.as_str()).collect();
        return Err(refused(match names.is_empty() {
            true => "no arm of it was compared".to_owned(),
            false => format!("those compared are {}", names.join(", ")),
        }));
    };
    let multiplier = worth.data_multiplier.as_ref();
    let worth = multiplier
        .and_then(|of| uncertain(of, 1.0, level))
        .ok_or_else(|| {
            refused("its runs bound that on one side at most; run more seeds or larger budgets".to_owned())
        })?;
    Ok(TokenWorth { worth, baseline })
}
