use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::StrategySpec;
use crate::chain::{Chaining, Chains};
use crate::choice::{Measure, Pick};
use crate::error::SearchError;
use crate::frame::{Frame, at_least, within};
use crate::request::{Problem, Scored};
use crate::strategy::{Search, Strategy};

/// Self-correction: the model looks at its answer and gives another, and the last one counts. With a checker it goes on only
/// while the checker rejects; without, always, which Huang et al. found to lose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SelfCorrection {
    /// How often it is asked to correct.
    pub rounds: u64,
    /// Whether a verifier is asked after each answer.
    pub checker: bool,
    /// The least score that is accepted.
    pub accept: f64,
    /// What the model is told: their two requests, to review and to answer again, in one.
    pub instruction: String,
}

impl Default for SelfCorrection {
    /// Two rounds, as in Huang et al.
    fn default() -> Self {
        Self {
            rounds: 2,
            checker: false,
            accept: 0.5,
            instruction: "\n\nReview your answer, find what is wrong with it, and answer again:\n\n"
                .to_owned(),
        }
    }
}

impl SelfCorrection {
    /// What it is.
    pub const ABOUT: &str = "the model corrects its answer, with or without a checker that says when (Huang et al. 2023, arXiv 2310.01798)";
}

impl Strategy for SelfCorrection {
    fn check(&self) -> Result<(), SearchError> {
        at_least("rounds", self.rounds, 0)?;
        within("accept", self.accept, f64::MIN, f64::MAX)
    }

    fn asks(&self) -> Vec<Scored> {
        self.checker.then_some(Scored::Answer).into_iter().collect()
    }

    fn single(&self) -> Option<StrategySpec> {
        Some(StrategySpec::SelfCorrection(Self {
            rounds: 0,
            ..self.clone()
        }))
    }

    fn begin(&self, problem: &Problem, frame: &Arc<Frame>) -> Box<dyn Search> {
        let settings = Chaining {
            chains: 1,
            length: self.rounds + 1,
            remembered: usize::MAX,
            instruction: self.instruction.clone(),
            pick: Pick::Last,
            measure: self.checker.then_some(Measure::Verifier),
            accept: self.checker.then_some(self.accept),
        };
        Chains::begin(problem, frame, settings)
    }
}
