use super::{Length, Rule, needs_goal};
use crate::PlanError;
use crate::decide::outcome::Outcome;
use crate::decide::question::Question;

/// The goal for the least money before anything is served.
pub struct LowestCost;

impl LowestCost {
    /// The line of the registry.
    pub(super) const ABOUT: &'static str = "`goal` for the fewest dollars of training and text";
}

impl Rule for LowestCost {
    fn check(&self, question: &Question) -> Result<(), PlanError> {
        needs_goal(question, "lowest-cost")
    }

    fn length(&self) -> Length {
        Length::Reach
    }

    fn score(&self, outcome: &Outcome) -> f64 {
        -outcome.bill.before_serving()
    }

    fn in_dollars(&self) -> bool {
        true
    }
}
