use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{SAMPLES, StrategySpec};
use crate::choice::{Measure, Pick};
use crate::error::SearchError;
use crate::frame::{Desk, Frame, at_least, within};
use crate::independent::{ask_scores, candidate, score};
use crate::outcome::{Candidate, Why};
use crate::reply::Replied;
use crate::request::{Problem, Request, Scored};
use crate::strategy::{Ending, Search, Strategy, Turn};

/// Samples one by one until the verifier accepts one; where it accepts none, the best of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FirstVerified {
    /// The most samples.
    pub samples: u64,
    /// The least score that is accepted.
    pub accept: f64,
}

impl Default for FirstVerified {
    fn default() -> Self {
        Self {
            samples: SAMPLES,
            accept: 0.5,
        }
    }
}

impl FirstVerified {
    /// What it is.
    pub const ABOUT: &str = "samples one by one until the verifier accepts one, at most `samples`";
}

impl Strategy for FirstVerified {
    fn check(&self) -> Result<(), SearchError> {
        at_least("samples", self.samples, 1)?;
        within("accept", self.accept, f64::MIN, f64::MAX)
    }

    fn asks(&self) -> Vec<Scored> {
        vec![Scored::Answer]
    }

    fn single(&self) -> Option<StrategySpec> {
        Some(StrategySpec::FirstVerified(Self { samples: 1, ..*self }))
    }

    fn begin(&self, problem: &Problem, frame: &Arc<Frame>) -> Box<dyn Search> {
        Box::new(Trying {
            settings: *self,
            desk: Desk::new(problem, frame),
            drawn: 0,
            waiting: None,
            candidates: Vec::new(),
        })
    }
}

struct Trying {
    settings: FirstVerified,
    desk: Desk,
    drawn: u64,
    /// A sample that has no score yet.
    waiting: Option<Candidate>,
    candidates: Vec<Candidate>,
}

impl Trying {
    fn end(&mut self, why: Why) -> Turn {
        let candidates = std::mem::take(&mut self.candidates);
        Turn::Done(Ending::new(candidates, Pick::Best, Measure::Verifier, why))
    }
}

impl Search for Trying {
    fn next(&mut self, replies: Vec<Replied>) -> Turn {
        if let Some(mut candidate) = self.waiting.take() {
            candidate.score = replies.first().and_then(score);
            let is_accepted = candidate.score.is_some_and(|score| score >= self.settings.accept);
            self.candidates.push(candidate);
            if is_accepted {
                return self.end(Why::Accepted);
            }
        } else if let Some(candidate) = replies.into_iter().next().and_then(candidate) {
            self.desk.spend(candidate.tokens);
            let said = candidate.said.clone();
            self.waiting = Some(candidate);
            return Turn::Ask(ask_scores(&self.desk, [said].into_iter(), Scored::Answer));
        }
        if self.drawn == self.settings.samples {
            return self.end(Why::Drawn);
        }
        if self.desk.is_spent() {
            return self.end(Why::Budget);
        }
        self.drawn += 1;
        let (_, most) = self.desk.admits(1, self.desk.frame.answer);
        let number = self.desk.number();
        Turn::Ask(vec![Request::Sample(self.desk.ask("", number, &[].into(), most))])
    }
}
