//! The registry of strategies, and one file for each.

mod adaptive_consistency;
mod beam;
mod best_of_n;
mod budget_forcing;
mod dvts;
mod first_verified;
mod greedy;
mod majority;
mod mcts;
mod rebase;
mod revision;
mod sample;
mod self_correction;
mod weighted_vote;

pub use adaptive_consistency::AdaptiveConsistency;
pub use beam::Beam;
pub use best_of_n::BestOfN;
pub use budget_forcing::BudgetForcing;
pub use dvts::Dvts;
pub use first_verified::FirstVerified;
pub use greedy::Greedy;
pub use majority::Majority;
pub use mcts::Mcts;
pub use rebase::Rebase;
pub use revision::Revision;
pub use sample::Sample;
pub use self_correction::SelfCorrection;
pub use weighted_vote::WeightedVote;

use crate::strategy::Strategy;

triaxis_names::registry! {
    /// A strategy of test-time compute with its settings.
    pub enum StrategySpec by "strategy" as strategy: Strategy {
        Greedy = "greedy",
        Sample = "sample",
        BestOfN = "best-of-n",
        Majority = "majority",
        WeightedVote = "weighted-vote",
        AdaptiveConsistency = "adaptive-consistency",
        Beam = "beam",
        Dvts = "dvts",
        Rebase = "rebase",
        Mcts = "mcts",
        Revision = "revision",
        SelfCorrection = "self-correction",
        BudgetForcing = "budget-forcing",
        FirstVerified = "first-verified",
    }
}

/// Samples where nobody says how many.
const SAMPLES: u64 = 16;
/// Steps of an answer at most where nobody says how many, as in search-and-learn.
const DEPTH: u64 = 40;
