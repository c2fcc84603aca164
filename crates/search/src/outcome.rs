//! What comes of a search.

use serde::{Deserialize, Serialize};

use crate::accounting::Spent;
use crate::reply::{Ended, Sampled};

/// A text that may be the answer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Candidate {
    /// The text after its prompt.
    pub said: String,
    /// The answer that it gives, if one can be read in it.
    pub answer: Option<String>,
    /// What it was judged by, larger being better, if anything judged it.
    pub score: Option<f64>,
    /// Tokens that were sampled of it.
    pub tokens: u64,
    /// The logarithm of their probability by the model, in nats.
    pub log_probability: f64,
    /// Their mean self-certainty, in nats, if the model tells.
    pub self_certainty: Option<f64>,
    /// Why it ended, once anything was sampled of it.
    pub ended: Option<Ended>,
    /// The search's requests that made it, by their tickets.
    pub tickets: Vec<usize>,
}

impl Candidate {
    /// The same with what was sampled after it.
    pub(crate) fn grow(&mut self, ticket: usize, sampled: &Sampled, answer: Option<String>) {
        let (had, more) = (self.tokens as f64, sampled.tokens as f64);
        self.self_certainty = match (self.self_certainty, sampled.self_certainty) {
            (Some(before), Some(now)) => Some((before * had + now * more) / (had + more).max(1.0)),
            (None, now) if self.tokens == 0 => now,
            _ => None,
        };
        self.said.push_str(&sampled.text);
        self.tokens = self.tokens.saturating_add(sampled.tokens);
        self.log_probability += sampled.log_probability;
        self.ended = Some(sampled.ended);
        self.answer = answer;
        self.tickets.push(ticket);
    }

    /// Whether the model ended it, or the text that ends answers.
    pub fn is_whole(&self) -> bool {
        self.ended == Some(Ended::End)
    }
}

/// Why a search stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// All that was to be drawn was drawn.
    Drawn,
    /// Every branch ended.
    Ended,
    /// The verifier accepted an answer.
    Accepted,
    /// Votes were clear enough.
    Confident,
    /// The budget was spent.
    Budget,
    /// No branch ended within the steps or tokens that there are: those that go on stand for answers.
    NoneEnded,
    /// Nothing was sampled that could be an answer.
    Nothing,
}

/// What a strategy made of a problem.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The problem's name.
    pub problem: String,
    /// Texts that may be the answer, in the order in which they were sampled.
    pub candidates: Vec<Candidate>,
    /// Which of them is the answer.
    pub chosen: Option<usize>,
    /// Why the search stopped.
    pub why: Why,
    /// What it took.
    pub spent: Spent,
    /// What failed of it, in words.
    pub faults: Vec<String>,
}

impl Outcome {
    /// How many candidates have no answer that can be read.
    pub fn unread(&self) -> usize {
        let candidates = self.candidates.iter();
        candidates.filter(|candidate| candidate.answer.is_none()).count()
    }

    /// The candidate that is the answer.
    pub fn answer(&self) -> Option<&Candidate> {
        self.candidates.get(self.chosen?)
    }
}
