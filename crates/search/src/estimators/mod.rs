//! What many samples tell of fewer, of strategies at equal cost, and of verifiers; intervals resample problems.

mod adaptive;
mod allocation;
mod best_of_n;
mod comparison;
mod difficulty;
mod equal_tokens;
mod false_accepts;
mod majority;
mod weighted_vote;

pub use adaptive::{Adaptive, Pool, adaptive};
pub use allocation::{Chance, Stopped, allocated, covered, stopped, stopped_at_first, worth, worth_unknown};
pub use best_of_n::{Scored, best_of_n};
pub use comparison::{Comparison, LEVEL, Verdict, compare, mean, resampled};
pub use difficulty::{Ease, Pilot, Piloted, Quintiles, by_pilot, by_quintile, vote_entropy};
pub use equal_tokens::{Measured, at_tokens};
pub use false_accepts::{FalseAccepts, Judged, cap, false_accepts};
pub use majority::{Vote, majority};
pub use triaxis_laws::coverage::{Problem as Counts, coverage, pass_at_k};
pub use weighted_vote::{Resampled, weighted_vote};

use crate::error::SearchError;

/// Checks that `n` of so many samples can be drawn.
fn draws(n: usize, samples: usize) -> Result<(), SearchError> {
    match (1..=samples).contains(&n) {
        true => Ok(()),
        false => Err(SearchError::new(format!(
            "{n} of {samples} samples: must be from 1 to as many as there are; ask for fewer, or draw more"
        ))),
    }
}
