use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{SAMPLES, StrategySpec};
use crate::choice::{Measure, Pick};
use crate::error::SearchError;
use crate::frame::{Frame, at_least};
use crate::independent::Independent;
use crate::request::{Problem, Scored};
use crate::strategy::{Search, Strategy};

/// The answer whose samples have the largest sum of scores; of equals the one that was sampled first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WeightedVote {
    /// How many are drawn.
    pub samples: u64,
    /// What votes weigh by.
    pub by: Measure,
}

impl Default for WeightedVote {
    fn default() -> Self {
        Self {
            samples: SAMPLES,
            by: Measure::default(),
        }
    }
}

impl WeightedVote {
    /// What it is.
    pub const ABOUT: &str = "the answer whose samples have the largest sum of scores";
}

impl Strategy for WeightedVote {
    fn check(&self) -> Result<(), SearchError> {
        at_least("samples", self.samples, 1)
    }

    fn asks(&self) -> Vec<Scored> {
        self.by.asks().into_iter().collect()
    }

    fn single(&self) -> Option<StrategySpec> {
        Some(StrategySpec::WeightedVote(Self { samples: 1, ..*self }))
    }

    fn begin(&self, problem: &Problem, frame: &Arc<Frame>) -> Box<dyn Search> {
        Independent::begin(problem, frame, self.samples, Pick::Weighted, Some(self.by))
    }
}
