use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{DEPTH, StrategySpec};
use crate::choice::{Aggregate, Pick};
use crate::error::SearchError;
use crate::frame::{Desk, Frame, at_least};
use crate::request::{Problem, Scored};
use crate::strategy::{Search, Strategy};
use crate::tree::{Branch, Growth, Over, Policy, Tree, ranked};

/// Beam search by a process reward: of `beams` that grew by a step the best `beams / width` go on, in copies that are
/// `beams` again. Beams that ended leave the pool; the search is over when as many have ended, or none goes on.
///
/// Where none ended within its tokens or the budget, those that go on stand for answers (search-and-learn divides by zero
/// there); else all that ended do, and the choice is among them by score. Of equal scores the first sampled is kept
/// (search-and-learn keeps the last).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Beam {
    /// How many grow at once.
    pub beams: u64,
    /// How many copies of each kept one there are.
    pub width: u64,
    /// The most steps, of which the last goes on to the end of the answer.
    pub depth: u64,
    /// What of the steps' scores is a beam's.
    pub aggregate: Aggregate,
    /// How the answer is chosen.
    pub pick: Pick,
}

impl Default for Beam {
    /// 4 beams of width 4 and 40 steps, as in search-and-learn.
    fn default() -> Self {
        Self {
            beams: 4,
            width: 4,
            depth: DEPTH,
            aggregate: Aggregate::default(),
            pick: Pick::default(),
        }
    }
}

impl Beam {
    /// What it is.
    pub const ABOUT: &str =
        "beam search over steps by a process reward (Snell et al. 2024, arXiv 2408.03314)";
}

impl Strategy for Beam {
    fn check(&self) -> Result<(), SearchError> {
        can_grow([self.beams, self.width, self.depth])
    }

    fn asks(&self) -> Vec<Scored> {
        vec![Scored::Step]
    }

    fn single(&self) -> Option<StrategySpec> {
        let (beams, width) = (1, 1);
        Some(StrategySpec::Beam(Self {
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
        let policy = Beams {
            settings: *self,
            over: Over::default(),
        };
        Tree::plant(problem, frame, (1, self.beams), growth, policy)
    }
}

/// Checks that so many beams of a width can be shared out evenly, over so many steps.
pub(super) fn can_grow([beams, width, depth]: [u64; 3]) -> Result<(), SearchError> {
    at_least("beams", beams, 1)?;
    at_least("depth", depth, 1)?;
    at_least("width", width, 1)?;
    match beams.is_multiple_of(width) {
        true => Ok(()),
        false => Err(SearchError::new(format!(
            "`width = {width}` of `beams = {beams}`: must divide them; choose another"
        ))),
    }
}

struct Beams {
    settings: Beam,
    over: Over,
}

impl Policy for Beams {
    fn select(&mut self, grown: Vec<Branch>, desk: &mut Desk) -> Vec<Branch> {
        let Beam {
            beams,
            width,
            aggregate,
            ..
        } = self.settings;
        let going = self.over.sort_out(grown, &Arc::clone(&desk.frame));
        if self.over.ended() >= beams {
            return Vec::new();
        }
        let mut kept = ranked(going, aggregate);
        kept.truncate((beams / width) as usize);
        if kept.is_empty() {
            return kept;
        }
        // In turns: where copies are not as many of each, the better ones have one more.
        let (copies, more) = (beams / kept.len() as u64, beams % kept.len() as u64);
        let places = kept.into_iter().enumerate();
        let forks =
            places.map(|(place, branch)| branch.fork(copies + u64::from((place as u64) < more), desk));
        forks.collect::<Vec<_>>().concat()
    }

    fn answers(&mut self, left: Vec<Branch>) -> Vec<Branch> {
        self.over.answers(left)
    }
}
