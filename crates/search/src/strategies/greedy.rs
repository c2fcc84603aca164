use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::StrategySpec;
use crate::error::SearchError;
use crate::frame::Frame;
use crate::independent::Independent;
use crate::request::Problem;
use crate::strategy::{Search, Strategy};

/// The likeliest token each time.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Greedy {}

impl Greedy {
    /// What it is.
    pub const ABOUT: &str = "one answer, of which each token is the likeliest";
}

impl Strategy for Greedy {
    fn check(&self) -> Result<(), SearchError> {
        Ok(())
    }

    fn single(&self) -> Option<StrategySpec> {
        None
    }

    fn begin(&self, problem: &Problem, frame: &Arc<Frame>) -> Box<dyn Search> {
        Independent::greedy(problem, frame)
    }
}
