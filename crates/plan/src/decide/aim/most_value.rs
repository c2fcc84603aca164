use super::{Length, Rule};
use crate::PlanError;
use crate::decide::outcome::Outcome;
use crate::decide::question::Question;

/// The most that right answers are worth above all that they cost.
pub struct MostValue;

impl MostValue {
    /// The line of the registry.
    pub(super) const ABOUT: &'static str =
        "the most value of right answers above the dollars of training, text and serving";
}

impl Rule for MostValue {
    fn check(&self, question: &Question) -> Result<(), PlanError> {
        let worth = question
            .demand
            .as_ref()
            .is_some_and(|life| life.classes.iter().any(|class| class.value.value().0 > 0.0));
        if worth && question.task.is_some() {
            return Ok(());
        }
        Err(PlanError(
            "the aim `most-value` needs what a right answer is worth and how often answers are right: give `value` to a \
             class of the demand, and `[task]`"
                .to_owned(),
        ))
    }

    fn length(&self) -> Length {
        Length::Pay
    }

    fn score(&self, outcome: &Outcome) -> f64 {
        outcome.value - outcome.bill.total()
    }

    fn nothing(&self) -> Option<f64> {
        Some(0.0)
    }

    fn in_dollars(&self) -> bool {
        true
    }
}
