use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{SAMPLES, StrategySpec};
use crate::choice::{Measure, Pick};
use crate::error::SearchError;
use crate::frame::{Frame, at_least};
use crate::independent::Independent;
use crate::request::{Problem, Scored};
use crate::strategy::{Search, Strategy};

/// The best of some samples; of equals the first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BestOfN {
    /// How many are drawn.
    pub samples: u64,
    /// What they are judged by.
    pub by: Measure,
}

impl Default for BestOfN {
    fn default() -> Self {
        Self {
            samples: SAMPLES,
            by: Measure::default(),
        }
    }
}

impl BestOfN {
    /// What it is.
    pub const ABOUT: &str =
        "the best of `samples` by a verifier, a likelihood, the log-probability or self-certainty";
}

impl Strategy for BestOfN {
    fn check(&self) -> Result<(), SearchError> {
        at_least("samples", self.samples, 1)
    }

    fn asks(&self) -> Vec<Scored> {
        self.by.asks().into_iter().collect()
    }

    fn single(&self) -> Option<StrategySpec> {
        Some(StrategySpec::BestOfN(Self { samples: 1, ..*self }))
    }

    fn begin(&self, problem: &Problem, frame: &Arc<Frame>) -> Box<dyn Search> {
        Independent::begin(problem, frame, self.samples, Pick::Best, Some(self.by))
    }
}
