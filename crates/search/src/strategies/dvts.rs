use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::beam::can_grow;
use super::{DEPTH, StrategySpec};
use crate::choice::{Aggregate, Pick, first_largest};
use crate::error::SearchError;
use crate::frame::{Desk, Frame};
use crate::request::{Problem, Scored};
use crate::strategy::{Search, Strategy};
use crate::tree::{Branch, Growth, Policy, Tree};

/// Diverse verifier tree search: `beams / width` trees, each of which goes on with the best of `width` steps until that
/// one is over; then all steps of that turn are answers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dvts {
    /// How many steps are drawn at once, over all trees.
    pub beams: u64,
    /// How many of one tree.
    pub width: u64,
    /// The most steps, of which the last goes on to the end of the answer.
    pub depth: u64,
    /// What of the steps' scores is a branch's.
    pub aggregate: Aggregate,
    /// How the answer is chosen.
    pub pick: Pick,
}

impl Default for Dvts {
    /// 16 steps at once, and the width and depth of search-and-learn.
    fn default() -> Self {
        Self {
            beams: 16,
            width: 4,
            depth: DEPTH,
            aggregate: Aggregate::default(),
            pick: Pick::default(),
        }
    }
}

impl Dvts {
    /// What it is.
    pub const ABOUT: &str =
        "independent trees, each greedy by a process reward (Beeching et al. 2024, search-and-learn)";
}

impl Strategy for Dvts {
    fn check(&self) -> Result<(), SearchError> {
        can_grow([self.beams, self.width, self.depth])
    }

    fn asks(&self) -> Vec<Scored> {
        vec![Scored::Step]
    }

    fn single(&self) -> Option<StrategySpec> {
        let (beams, width) = (1, 1);
        Some(StrategySpec::Dvts(Self {
            beams,
            width,
            ..*self
        }))
    }

    fn begin(&self, problem: &Problem, frame: &Arc<Frame>) -> Box<dyn Search> {
        let growth = Growth {
            depth: self.depth,
            aggregate: self.aggregate,
            pick: self.pick,
        };
        let policy = Trees {
            settings: *self,
            last: vec![Vec::new(); (self.beams / self.width) as usize],
        };
        Tree::plant(
            problem,
            frame,
            (self.beams / self.width, self.width),
            growth,
            policy,
        )
    }
}

struct Trees {
    settings: Dvts,
    /// The last steps of each tree.
    last: Vec<Vec<Branch>>,
}

impl Policy for Trees {
    fn select(&mut self, grown: Vec<Branch>, desk: &mut Desk) -> Vec<Branch> {
        let frame = Arc::clone(&desk.frame);
        let mut next = Vec::new();
        for children in grown.chunk_by(|one, other| one.tree == other.tree) {
            let score = |place: usize| {
                let steps = &children[place].steps;
                self.settings.aggregate.of(steps).unwrap_or(f64::NEG_INFINITY)
            };
            if let Some(best) = first_largest(children.len(), score).map(|place| &children[place]) {
                self.last[best.tree] = children.to_vec();
                if !best.is_over(&frame) {
                    next.extend(best.clone().fork(self.settings.width, desk));
                }
            }
        }
        next
    }

    fn answers(&mut self, _left: Vec<Branch>) -> Vec<Branch> {
        std::mem::take(&mut self.last).concat()
    }
}
