use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::StrategySpec;
use crate::choice::Pick;
use crate::error::SearchError;
use crate::frame::Frame;
use crate::independent::Independent;
use crate::request::Problem;
use crate::strategy::{Search, Strategy};

/// One sample.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sample {}

impl Sample {
    /// What it is.
    pub const ABOUT: &str = "one answer, drawn: what more samples are to be better than";
}

impl Strategy for Sample {
    fn check(&self) -> Result<(), SearchError> {
        Ok(())
    }

    fn single(&self) -> Option<StrategySpec> {
        Some(StrategySpec::Sample(*self))
    }

    fn begin(&self, problem: &Problem, frame: &Arc<Frame>) -> Box<dyn Search> {
        Independent::begin(problem, frame, 1, Pick::First, None)
    }
}
