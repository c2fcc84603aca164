use super::{Length, Rule, needs_budget};
use crate::PlanError;
use crate::decide::outcome::Outcome;
use crate::decide::question::Question;

/// The lowest loss that the budget buys.
pub struct LowestLoss;

impl LowestLoss {
    /// The line of the registry.
    pub(super) const ABOUT: &'static str = "the lowest loss that `budget` buys, training and text together";
}

impl Rule for LowestLoss {
    fn check(&self, question: &Question) -> Result<(), PlanError> {
        needs_budget(question, "lowest-loss")
    }

    fn length(&self) -> Length {
        Length::Spend
    }

    fn score(&self, outcome: &Outcome) -> f64 {
        -outcome.loss
    }

    fn in_dollars(&self) -> bool {
        false
    }
}
