//! What a plan is for: an aim is a file here and a line of the registry.

mod lowest_cost;
mod lowest_lifetime_cost;
mod lowest_loss;
mod most_value;

use triaxis_names::registry;

use self::lowest_cost::LowestCost;
use self::lowest_lifetime_cost::LowestLifetimeCost;
use self::lowest_loss::LowestLoss;
use self::most_value::MostValue;
use super::outcome::Outcome;
use super::question::{Quality, Question};
use crate::PlanError;

registry! {
    /// What is wanted of a plan.
    pub enum Aim as rule: Rule {
        LowestLoss = "lowest-loss",
        LowestCost = "lowest-cost",
        LowestLifetimeCost = "lowest-lifetime-cost",
        MostValue = "most-value",
    }
}

/// How long a choice trains: what an aim leaves to be found for each size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// As long as the budget lasts.
    Spend,
    /// Until the goal is reached.
    Reach,
    /// As long as it pays.
    Pay,
}

/// What an aim asks and how it judges.
pub(crate) trait Rule {
    /// Whether the question gives what the aim needs.
    fn check(&self, question: &Question) -> Result<(), PlanError>;

    /// What ends a training.
    fn length(&self) -> Length;

    /// How good an outcome is; more is better.
    fn score(&self, outcome: &Outcome) -> f64;

    /// The score of doing nothing, where that is a choice.
    fn nothing(&self) -> Option<f64> {
        None
    }

    /// Whether scores are dollars; they are losses otherwise.
    fn in_dollars(&self) -> bool;
}

impl Aim {
    /// Whether `question` gives what this aim needs.
    pub(crate) fn check(self, question: &Question) -> Result<(), PlanError> {
        self.rule().check(question)
    }

    /// Whether choices are scored in dollars; in losses otherwise.
    pub fn in_dollars(self) -> bool {
        self.rule().in_dollars()
    }

    /// What is wanted, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::LowestLoss => "the lowest loss for the budget",
            Self::LowestCost => "the goal at the lowest cost of training",
            Self::LowestLifetimeCost => "the goal at the lowest cost of training and serving",
            Self::MostValue => "the most value of right answers above all costs",
        }
    }
}

/// The budget, without which an aim spends without end.
fn needs_budget(question: &Question, aim: &str) -> Result<(), PlanError> {
    match question.budget {
        Some(_) => Ok(()),
        None => Err(PlanError(format!(
            "the aim `{aim}` needs a budget: give `budget`, as in \"$2M\""
        ))),
    }
}

fn needs_goal(question: &Question, aim: &str) -> Result<(), PlanError> {
    match question.goal {
        Some(Quality::Right(_)) if question.task.is_none() || question.demand.is_none() => Err(PlanError(
            "a goal of `right` answers needs `[task]`, how often samples are right by the loss, and `[demand]` with its \
             classes"
                .to_owned(),
        )),
        Some(_) => Ok(()),
        None => Err(PlanError(format!(
            "the aim `{aim}` needs a goal: give `goal`, as in `goal = {{ nats_per_token = 2.1 }}`"
        ))),
    }
}
