//! Samples that know nothing of each other, and what is made of them: what best-of-n, votes and plain sampling share.

use std::sync::Arc;

use crate::choice::{Measure, Pick};
use crate::frame::{Desk, Frame};
use crate::outcome::{Candidate, Why};
use crate::reply::{Replied, Reply};
use crate::request::{Problem, Request, Sampling, ScoreRequest, Scored};
use crate::strategy::{Ending, Search, Turn};

/// Asks a verifier about candidates.
pub(crate) fn ask_scores(desk: &Desk, said: impl Iterator<Item = String>, of: Scored) -> Vec<Request> {
    let ask = |said: String| {
        Request::Score(ScoreRequest {
            problem: Arc::clone(&desk.problem.name),
            prompt: Arc::clone(&desk.problem.prompt),
            said: said.into(),
            of,
        })
    };
    said.map(ask).collect()
}

/// The score that a reply has, if it has one.
pub(crate) fn score(replied: &Replied) -> Option<f64> {
    match &replied.reply {
        Reply::Scored(verdict) if !verdict.score.is_nan() => Some(verdict.score),
        _ => None,
    }
}

/// The candidate that a reply to a request for a whole answer makes.
pub(crate) fn candidate(replied: Replied) -> Option<Candidate> {
    let Reply::Sampled(sampled) = replied.reply else {
        return None;
    };
    let mut candidate = Candidate::default();
    candidate.grow(replied.ticket, &sampled, replied.answer);
    Some(candidate)
}

/// Draws samples while the budget holds, has them scored, and chooses.
pub(crate) struct Independent {
    desk: Desk,
    samples: u64,
    pick: Pick,
    measure: Option<Measure>,
    candidates: Vec<Candidate>,
    asked: u64,
    scoring: bool,
    why: Why,
}

impl Independent {
    /// The search that draws so many, and chooses by what they are judged by.
    pub fn begin(
        problem: &Problem,
        frame: &Arc<Frame>,
        samples: u64,
        pick: Pick,
        measure: Option<Measure>,
    ) -> Box<dyn Search> {
        Box::new(Self {
            desk: Desk::new(problem, frame),
            samples,
            pick,
            measure,
            candidates: Vec::new(),
            asked: 0,
            scoring: false,
            why: Why::Drawn,
        })
    }

    /// The likeliest answer.
    pub fn greedy(problem: &Problem, frame: &Arc<Frame>) -> Box<dyn Search> {
        let frame = Arc::new(Frame {
            sampling: Sampling::greedy(),
            ..Frame::clone(frame)
        });
        Self::begin(problem, &frame, 1, Pick::First, None)
    }

    fn draw(&mut self) -> Option<Vec<Request>> {
        let wanted = self.samples - self.asked;
        if wanted == 0 {
            return None;
        }
        if self.desk.is_spent() {
            self.why = Why::Budget;
            return None;
        }
        let (count, most) = self.desk.admits(wanted, self.desk.frame.answer);
        self.asked += count;
        let marks: Arc<[String]> = [].into();
        let ask = |_| {
            let number = self.desk.number();
            Request::Sample(self.desk.ask("", number, &marks, most))
        };
        Some((0..count).map(ask).collect())
    }

    fn end(&mut self) -> Turn {
        let measure = self.measure.unwrap_or_default();
        if self.measure.is_some() {
            for candidate in &mut self.candidates {
                candidate.score = measure.of(candidate);
            }
        }
        let candidates = std::mem::take(&mut self.candidates);
        Turn::Done(Ending::new(candidates, self.pick, measure, self.why))
    }
}

impl Search for Independent {
    fn next(&mut self, replies: Vec<Replied>) -> Turn {
        if self.scoring {
            for (candidate, replied) in self.candidates.iter_mut().zip(&replies) {
                candidate.score = score(replied);
            }
            return self.end();
        }
        for replied in replies {
            if let Some(candidate) = candidate(replied) {
                self.desk.spend(candidate.tokens);
                self.candidates.push(candidate);
            }
        }
        if let Some(requests) = self.draw() {
            return Turn::Ask(requests);
        }
        match self.measure.and_then(Measure::asks) {
            Some(of) if !self.candidates.is_empty() => {
                self.scoring = true;
                let said = self.candidates.iter().map(|candidate| candidate.said.clone());
                Turn::Ask(ask_scores(&self.desk, said, of))
            }
            _ => self.end(),
        }
    }
}
