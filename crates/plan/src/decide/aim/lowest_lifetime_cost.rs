use super::{Length, Rule, needs_goal};
use crate::PlanError;
use crate::decide::outcome::Outcome;
use crate::decide::question::Question;

/// The goal for the least money until the model is replaced.
pub struct LowestLifetimeCost;

impl LowestLifetimeCost {
    /// The line of the registry.
    pub(super) const ABOUT: &'static str =
        "`goal` for the fewest dollars of training, text and serving until the model is replaced";
}

impl Rule for LowestLifetimeCost {
    fn check(&self, question: &Question) -> Result<(), PlanError> {
        needs_goal(question, "lowest-lifetime-cost")?;
        match question.demand {
            Some(_) => Ok(()),
            None => Err(PlanError(
                "the aim `lowest-lifetime-cost` needs a demand: give `[demand]` with its classes, or take the aim \
                 `lowest-cost`"
                    .to_owned(),
            )),
        }
    }

    fn length(&self) -> Length {
        Length::Reach
    }

    fn score(&self, outcome: &Outcome) -> f64 {
        -outcome.bill.total()
    }

    fn in_dollars(&self) -> bool {
        true
    }
}
