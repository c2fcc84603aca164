use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::StrategySpec;
use crate::choice::{Measure, Pick, tally};
use crate::error::SearchError;
use crate::frame::{Desk, Frame, at_least, within};
use crate::independent::candidate;
use crate::outcome::{Candidate, Why};
use crate::reply::Replied;
use crate::request::{Problem, Request};
use crate::strategy::{Ending, Search, Strategy, Turn};

/// A majority vote that draws samples one by one, until the leading answer is surely ahead of the second one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdaptiveConsistency {
    /// The most samples.
    pub samples: u64,
    /// How sure it must be.
    pub confidence: f64,
}

impl Default for AdaptiveConsistency {
    /// 40 samples and .95, as in the paper.
    fn default() -> Self {
        Self {
            samples: 40,
            confidence: 0.95,
        }
    }
}

impl AdaptiveConsistency {
    /// What it is.
    pub const ABOUT: &str = "a majority vote that stops when the leading answer is surely ahead (Aggarwal et al. 2023, arXiv 2305.11860)";

    /// The probability that an answer of `first` votes is likelier than one of `second`, each share being as likely before:
    /// 1 − I½(v₁ + 1, v₂ + 1), which is that of at most v₁ heads in v₁ + v₂ + 1 throws.
    ///
    /// ```
    /// use triaxis_search::strategies::AdaptiveConsistency;
    /// assert!((AdaptiveConsistency::ahead(4, 0) - 0.96875).abs() < 1e-12);
    /// assert!((AdaptiveConsistency::ahead(5, 1) - 0.9375).abs() < 1e-12);
    /// ```
    pub fn ahead(first: u64, second: u64) -> f64 {
        let throws = first + second + 1;
        // In logarithms, since there are more ways than a double holds.
        let mut ln_chance = -(throws as f64) * std::f64::consts::LN_2;
        let mut sum = 0.0;
        for heads in 0..=first {
            sum += ln_chance.exp();
            ln_chance += ((throws - heads) as f64 / (heads + 1) as f64).ln();
        }
        sum.min(1.0)
    }
}

impl Strategy for AdaptiveConsistency {
    fn check(&self) -> Result<(), SearchError> {
        at_least("samples", self.samples, 1)?;
        within("confidence", self.confidence, 0.51, 1.0)
    }

    fn single(&self) -> Option<StrategySpec> {
        Some(StrategySpec::AdaptiveConsistency(Self { samples: 1, ..*self }))
    }

    fn begin(&self, problem: &Problem, frame: &Arc<Frame>) -> Box<dyn Search> {
        Box::new(Voting {
            settings: *self,
            desk: Desk::new(problem, frame),
            drawn: 0,
            candidates: Vec::new(),
        })
    }
}

struct Voting {
    settings: AdaptiveConsistency,
    desk: Desk,
    drawn: u64,
    candidates: Vec<Candidate>,
}

impl Voting {
    fn is_sure(&self) -> bool {
        let answers = self
            .candidates
            .iter()
            .map(|candidate| candidate.answer.as_deref());
        let mut counts: Vec<u64> = tally(answers, |_| 1.0).iter().map(|votes| votes.count).collect();
        counts.sort_unstable_by(|one, other| other.cmp(one));
        let first = counts.first().copied().unwrap_or(0);
        let second = counts.get(1).copied().unwrap_or(0);
        AdaptiveConsistency::ahead(first, second) >= self.settings.confidence
    }
}

impl Search for Voting {
    fn next(&mut self, replies: Vec<Replied>) -> Turn {
        for candidate in replies.into_iter().filter_map(candidate) {
            self.desk.spend(candidate.tokens);
            self.candidates.push(candidate);
        }
        let why = if self.is_sure() {
            Why::Confident
        } else if self.drawn == self.settings.samples {
            Why::Drawn
        } else if self.desk.is_spent() {
            Why::Budget
        } else {
            self.drawn += 1;
            let (_, most) = self.desk.admits(1, self.desk.frame.answer);
            let number = self.desk.number();
            return Turn::Ask(vec![Request::Sample(self.desk.ask("", number, &[].into(), most))]);
        };
        let candidates = std::mem::take(&mut self.candidates);
        Turn::Done(Ending::new(candidates, Pick::Majority, Measure::default(), why))
    }
}
