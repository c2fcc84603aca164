use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{SAMPLES, StrategySpec};
use crate::choice::Pick;
use crate::error::SearchError;
use crate::frame::{Frame, at_least};
use crate::independent::Independent;
use crate::request::Problem;
use crate::strategy::{Search, Strategy};

/// The answer that most samples have (self-consistency); of equals the one that was sampled first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Majority {
    /// How many are drawn.
    pub samples: u64,
}

impl Default for Majority {
    fn default() -> Self {
        Self { samples: SAMPLES }
    }
}

impl Majority {
    /// What it is.
    pub const ABOUT: &str = "the answer that most of `samples` have (Wang et al. 2022, arXiv 2203.11171)";
}

impl Strategy for Majority {
    fn check(&self) -> Result<(), SearchError> {
        at_least("samples", self.samples, 1)
    }

    fn single(&self) -> Option<StrategySpec> {
        Some(StrategySpec::Majority(Self { samples: 1 }))
    }

    fn begin(&self, problem: &Problem, frame: &Arc<Frame>) -> Box<dyn Search> {
        Independent::begin(problem, frame, self.samples, Pick::Majority, None)
    }
}
