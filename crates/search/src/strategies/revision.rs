use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::StrategySpec;
use crate::chain::{Chaining, Chains};
use crate::choice::{Measure, Pick};
use crate::error::SearchError;
use crate::frame::{Frame, at_least};
use crate::request::{Problem, Scored};
use crate::strategy::{Search, Strategy};

/// Sequential revision: chains of attempts side by side, each of which sees the last ones of its chain; the answer is
/// chosen among all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Revision {
    /// Chains side by side.
    pub chains: u64,
    /// Attempts in each, the first one included.
    pub length: u64,
    /// The most attempts that a next one sees.
    pub remembered: u64,
    /// What stands after each attempt that is seen.
    pub instruction: String,
    /// How the answer is chosen.
    pub pick: Pick,
    /// What attempts are judged by, where the choice asks for it.
    pub by: Measure,
}

impl Default for Revision {
    /// Four attempts are seen, as in Snell et al.
    fn default() -> Self {
        Self {
            chains: 4,
            length: 4,
            remembered: 4,
            instruction: "\n\nThis may be wrong. Another attempt:\n\n".to_owned(),
            pick: Pick::Best,
            by: Measure::default(),
        }
    }
}

impl Revision {
    /// What it is.
    pub const ABOUT: &str =
        "chains of attempts that see those before them (Snell et al. 2024, arXiv 2408.03314)";

    /// What attempts are judged by, if the choice asks for it.
    fn measure(&self) -> Option<Measure> {
        matches!(self.pick, Pick::Best | Pick::Weighted).then_some(self.by)
    }
}

impl Strategy for Revision {
    fn check(&self) -> Result<(), SearchError> {
        at_least("chains", self.chains, 1)?;
        at_least("length", self.length, 1)?;
        at_least("remembered", self.remembered, 1)
    }

    fn asks(&self) -> Vec<Scored> {
        self.measure().and_then(Measure::asks).into_iter().collect()
    }

    fn single(&self) -> Option<StrategySpec> {
        let (chains, length) = (1, 1);
        Some(StrategySpec::Revision(Self {
            chains,
            length,
            ..self.clone()
        }))
    }

    fn begin(&self, problem: &Problem, frame: &Arc<Frame>) -> Box<dyn Search> {
        let settings = Chaining {
            chains: self.chains,
            length: self.length,
            remembered: self.remembered as usize,
            instruction: self.instruction.clone(),
            pick: self.pick,
            measure: self.measure(),
            accept: None,
        };
        Chains::begin(problem, frame, settings)
    }
}
