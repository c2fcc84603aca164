use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::StrategySpec;
use crate::choice::{Measure, Pick};
use crate::error::SearchError;
use crate::frame::{Desk, Frame, at_least, tokens};
use crate::outcome::{Candidate, Why};
use crate::reply::{Ended, Replied, Reply};
use crate::request::{Problem, Request};
use crate::strategy::{Ending, Search, Strategy, Turn};

/// Budget forcing: where the model stops thinking, a word is put into its mouth that makes it go on; where its thoughts have
/// all the tokens that they may have, they are closed and an answer is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BudgetForcing {
    /// The most tokens of thoughts.
    pub thoughts: u64,
    /// How often the model is made to go on.
    pub waits: u64,
    /// What makes it go on.
    pub wait: String,
    /// What ends its thoughts. A model that ends its text has ended them, too.
    pub close: String,
    /// What asks for the answer where thoughts were cut.
    pub answer: String,
}

impl Default for BudgetForcing {
    /// The words of s1.
    fn default() -> Self {
        Self {
            thoughts: 512,
            waits: 1,
            wait: "Wait".to_owned(),
            close: "</think>".to_owned(),
            answer: "\nFinal Answer:".to_owned(),
        }
    }
}

impl BudgetForcing {
    /// What it is.
    pub const ABOUT: &str = "thoughts that are made to go on, and closed at a number of tokens (Muennighoff et al. 2025, arXiv 2501.19393)";
}

impl Strategy for BudgetForcing {
    fn check(&self) -> Result<(), SearchError> {
        tokens("thoughts", self.thoughts)?;
        at_least("waits", self.waits, 0)?;
        match self.close.is_empty() {
            true => Err(SearchError::new(
                "`close = \"\"`: thoughts end with a text; give the one that the model uses, such as \"</think>\"",
            )),
            false => Ok(()),
        }
    }

    fn single(&self) -> Option<StrategySpec> {
        // Thoughts that are never cut nor made to go on are the model's own.
        let (waits, thoughts) = (0, 1 << 40);
        Some(StrategySpec::BudgetForcing(Self {
            waits,
            thoughts,
            ..self.clone()
        }))
    }

    fn begin(&self, problem: &Problem, frame: &Arc<Frame>) -> Box<dyn Search> {
        let mut desk = Desk::new(problem, frame);
        Box::new(Thinking {
            number: desk.number(),
            desk,
            marks: [self.close.clone()].into(),
            waits: self.waits,
            settings: self.clone(),
            candidate: Candidate::default(),
            stage: Stage::Begun,
        })
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Begun,
    Thinking,
    Answering,
}

struct Thinking {
    desk: Desk,
    number: u64,
    marks: Arc<[String]>,
    waits: u64,
    settings: BudgetForcing,
    candidate: Candidate,
    stage: Stage,
}

impl Thinking {
    /// Tokens that thoughts may still have.
    fn left(&self) -> u64 {
        let most = self.settings.thoughts.min(self.desk.frame.answer);
        most.saturating_sub(self.candidate.tokens)
    }

    fn ask(&mut self, stage: Stage) -> Turn {
        self.stage = stage;
        let (marks, most): (Arc<[String]>, u64) = match stage {
            Stage::Answering => (
                [].into(),
                self.desk.frame.answer.saturating_sub(self.candidate.tokens),
            ),
            Stage::Begun | Stage::Thinking => (Arc::clone(&self.marks), self.left()),
        };
        let (_, most) = self.desk.admits(1, most);
        if most == 0 {
            let why = if self.desk.is_spent() {
                Why::Budget
            } else {
                Why::NoneEnded
            };
            return self.end(why);
        }
        let request = self.desk.ask(&self.candidate.said, self.number, &marks, most);
        Turn::Ask(vec![Request::Sample(request)])
    }

    fn end(&mut self, why: Why) -> Turn {
        let candidate = std::mem::take(&mut self.candidate);
        let candidates = Vec::from_iter((!candidate.tickets.is_empty()).then_some(candidate));
        Turn::Done(Ending::new(candidates, Pick::First, Measure::default(), why))
    }

    /// Thoughts ended, by themselves or by their number of tokens.
    fn thought(&mut self, ended: Ended) -> Turn {
        if ended != Ended::Most && self.waits > 0 && self.left() > 0 {
            self.waits -= 1;
            let open = self.candidate.said.strip_suffix(&self.settings.close);
            let said = format!("{}{}", open.unwrap_or(&self.candidate.said), self.settings.wait);
            self.candidate.said = said;
            return self.ask(Stage::Thinking);
        }
        match ended {
            // The text is whole.
            Ended::End => self.end(Why::Ended),
            Ended::Mark => self.ask(Stage::Answering),
            // Thoughts that were cut by the budget are not followed by anything.
            Ended::Most if self.left() > 0 => self.end(Why::Budget),
            Ended::Most if self.candidate.tokens >= self.desk.frame.answer => self.end(Why::NoneEnded),
            Ended::Most => {
                self.candidate.said.push_str(&self.settings.close);
                self.candidate.said.push_str(&self.settings.answer);
                self.ask(Stage::Answering)
            }
        }
    }
}

impl Search for Thinking {
    fn next(&mut self, replies: Vec<Replied>) -> Turn {
        if self.stage == Stage::Begun {
            return self.ask(Stage::Thinking);
        }
        let Some(Replied {
            ticket,
            answer,
            reply: Reply::Sampled(sampled),
        }) = replies.into_iter().next()
        else {
            return self.end(Why::Ended);
        };
        self.desk.spend(sampled.tokens);
        self.candidate.grow(ticket, &sampled, answer);
        match self.stage {
            Stage::Answering => self.end(Why::Ended),
            _ => self.thought(sampled.ended),
        }
    }
}
