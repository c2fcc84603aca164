use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{DEPTH, SAMPLES, StrategySpec};
use crate::choice::{Aggregate, Pick};
use crate::error::SearchError;
use crate::frame::{Desk, Frame, at_least, within};
use crate::request::{Problem, Scored};
use crate::strategy::{Search, Strategy};
use crate::tree::{Branch, Growth, Over, Policy, Tree, ranked};

/// Reward-balanced search: steps are shared out among branches by the softmax of their rewards; a branch that ended takes
/// its place out of the width.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rebase {
    /// Steps that are drawn at once, those that ended counted.
    pub width: u64,
    /// The temperature of the softmax.
    pub temperature: f64,
    /// The most steps, of which the last goes on to the end of the answer.
    pub depth: u64,
    /// What of the steps' scores is a branch's.
    pub aggregate: Aggregate,
    /// How the answer is chosen.
    pub pick: Pick,
}

impl Default for Rebase {
    /// The temperature .2 and the weighted vote of the paper.
    fn default() -> Self {
        Self {
            width: SAMPLES,
            temperature: 0.2,
            depth: DEPTH,
            aggregate: Aggregate::default(),
            pick: Pick::Weighted,
        }
    }
}

impl Rebase {
    /// What it is.
    pub const ABOUT: &str =
        "a tree whose steps are shared out by the softmax of rewards (Wu et al. 2024, arXiv 2408.00724)";

    /// How many of `width` children each of some branches has, given their scores from the largest to the smallest: of those
    /// that are left its share by the softmax among it and those after it, rounded up, as in the authors' code. They are
    /// `width` together.
    ///
    /// ```
    /// use triaxis_search::strategies::Rebase;
    /// assert_eq!(Rebase::children(8, &[0.9, 0.9, 0.1], 0.2), [4, 4, 0]);
    /// assert_eq!(Rebase::children(5, &[0.5, 0.4, 0.1], 0.2), [3, 2, 0]);
    /// ```
    pub fn children(width: u64, scores: &[f64], temperature: f64) -> Vec<u64> {
        let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weight = |score: &f64| match largest.is_finite() {
            true => ((score - largest) / temperature).exp(),
            false => 1.0,
        };
        let weights: Vec<f64> = scores.iter().map(weight).collect();
        let mut left = width;
        let share = |place: usize| {
            let rest: f64 = weights[place..].iter().sum();
            let share = if rest > 0.0 { weights[place] / rest } else { 0.0 };
            // Less than a rounding error above a whole number is that number.
            let count = ((left as f64 * share - 1e-9).ceil() as u64).min(left);
            left -= count;
            count
        };
        (0..scores.len()).map(share).collect()
    }
}

impl Strategy for Rebase {
    fn check(&self) -> Result<(), SearchError> {
        at_least("width", self.width, 1)?;
        at_least("depth", self.depth, 1)?;
        within("temperature", self.temperature, 1e-6, 1e6)
    }

    fn asks(&self) -> Vec<Scored> {
        vec![Scored::Step]
    }

    fn single(&self) -> Option<StrategySpec> {
        Some(StrategySpec::Rebase(Self { width: 1, ..*self }))
    }

    fn begin(&self, problem: &Problem, frame: &Arc<Frame>) -> Box<dyn Search> {
        let growth = Growth {
            depth: self.depth,
            aggregate: self.aggregate,
            pick: self.pick,
        };
        let policy = Balanced {
            settings: *self,
            over: Over::default(),
            taken: 0,
        };
        Tree::plant(problem, frame, (1, self.width), growth, policy)
    }
}

struct Balanced {
    settings: Rebase,
    over: Over,
    /// Branches that are over.
    taken: u64,
}

impl Policy for Balanced {
    fn select(&mut self, grown: Vec<Branch>, desk: &mut Desk) -> Vec<Branch> {
        let Rebase {
            width,
            temperature,
            aggregate,
            ..
        } = self.settings;
        let before = grown.len();
        let going = ranked(self.over.sort_out(grown, &Arc::clone(&desk.frame)), aggregate);
        self.taken += (before - going.len()) as u64;
        let score = |branch: &Branch| aggregate.of(&branch.steps).unwrap_or(f64::NEG_INFINITY);
        let scores: Vec<f64> = going.iter().map(score).collect();
        let counts = Rebase::children(width.saturating_sub(self.taken), &scores, temperature);
        let forks = going
            .into_iter()
            .zip(counts)
            .map(|(branch, count)| branch.fork(count, desk));
        forks.collect::<Vec<_>>().concat()
    }

    fn answers(&mut self, left: Vec<Branch>) -> Vec<Branch> {
        self.over.answers(left)
    }
}
