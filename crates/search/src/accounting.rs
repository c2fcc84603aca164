//! What a search takes: tokens by kind, operations, seconds.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Included, Unbounded};

use serde::{Deserialize, Serialize};
use triaxis_units::{Flops, Seconds};

use crate::outcome::Candidate;
use crate::reply::{Reply, Sampled, Verdict};
use crate::request::SampleRequest;

/// What a search took, as if nothing had been known before it: a reply that was kept costs what it did when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Spent {
    /// Tokens that the model read without having said them: prompts, each once, and what was put into its mouth.
    pub read: u64,
    /// Tokens that it sampled.
    pub sampled: u64,
    /// Those of them in the candidates, each once.
    pub kept: u64,
    /// Those of them in the answer.
    pub answer: u64,
    /// Texts that were sampled.
    pub samples: u64,
    /// Texts that the verifier scored.
    pub scores: u64,
    /// Tokens that it read for that.
    pub verified: u64,
    /// Turns in which the search asked for text: what waits for what came before.
    pub turns: u64,
    /// The model's time.
    pub seconds: Seconds,
    /// The verifier's.
    pub verifier_seconds: Seconds,
    /// The sum over tokens that were read of the tokens before each, which attention costs by.
    pub read_context: f64,
    /// The same of sampled tokens.
    pub sampled_context: f64,
}

impl Spent {
    /// Sampled tokens of branches that came to no candidate.
    pub fn discarded(&self) -> u64 {
        self.sampled.saturating_sub(self.kept)
    }

    /// What two searches took together.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self {
            read: self.read.saturating_add(other.read),
            sampled: self.sampled.saturating_add(other.sampled),
            kept: self.kept.saturating_add(other.kept),
            answer: self.answer.saturating_add(other.answer),
            samples: self.samples.saturating_add(other.samples),
            scores: self.scores.saturating_add(other.scores),
            verified: self.verified.saturating_add(other.verified),
            turns: self.turns.saturating_add(other.turns),
            seconds: Seconds(self.seconds.0 + other.seconds.0),
            verifier_seconds: Seconds(self.verifier_seconds.0 + other.verifier_seconds.0),
            read_context: self.read_context + other.read_context,
            sampled_context: self.sampled_context + other.sampled_context,
        }
    }

    /// Operations of the model: reading P tokens takes `2·N·P + 2·L·H·hd·P²`, and a token with t before it
    /// `2·N + 4·L·H·hd·t`.
    pub fn operations(&self, model: &Shape) -> Flops {
        let tokens = (self.read + self.sampled) as f64;
        let context = self.read_context + self.sampled_context;
        Flops(2.0 * model.matrices as f64 * tokens + 4.0 * model.attention as f64 * context)
    }

    /// Operations of the verifier, of so many parameters in matrices: `2·N` a token that it reads.
    pub fn verifier_operations(&self, matrices: u64) -> Flops {
        Flops(2.0 * matrices as f64 * self.verified as f64)
    }
}

/// What operations of a model are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Parameters in matrices that a token meets, the head among them and the table of embeddings not (`N`).
    pub matrices: u64,
    /// Layers × heads × width of a head (`L·H·hd`).
    pub attention: u64,
}

/// The account of a search that goes on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    spent: Spent,
    /// Texts that the model has read or said, whole, and their tokens.
    known: BTreeMap<String, u64>,
    /// Sampled tokens by ticket.
    tokens: BTreeMap<usize, u64>,
}

impl Ledger {
    /// A turn in which text was asked for.
    pub fn turn(&mut self) {
        self.spent.turns += 1;
    }

    /// A text that came.
    pub fn sampled(&mut self, ticket: usize, request: &SampleRequest, sampled: &Sampled) {
        let prefix = request.prefix();
        let known = self.known_of(&prefix).min(sampled.before);
        let (known, before, tokens) = (known as f64, sampled.before as f64, sampled.tokens as f64);
        self.spent.read = self
            .spent
            .read
            .saturating_add(sampled.before.saturating_sub(known as u64));
        self.spent.read_context += (before * before - known * known) / 2.0;
        self.spent.sampled = self.spent.sampled.saturating_add(sampled.tokens);
        self.spent.sampled_context += tokens * before + tokens * (tokens - 1.0).max(0.0) / 2.0;
        self.spent.samples += 1;
        self.spent.seconds += sampled.seconds;
        self.tokens.insert(ticket, sampled.tokens);
        let whole = format!("{prefix}{}", sampled.text);
        self.known.insert(prefix, sampled.before);
        self.known
            .insert(whole, sampled.before.saturating_add(sampled.tokens));
    }

    /// A score that came.
    pub fn scored(&mut self, verdict: &Verdict) {
        self.spent.scores += 1;
        self.spent.verified = self.spent.verified.saturating_add(verdict.tokens);
        self.spent.verifier_seconds += verdict.seconds;
    }

    /// Any reply that came to a request for text, or for a score.
    pub fn replied(&mut self, ticket: usize, request: Option<&SampleRequest>, reply: &Reply) {
        match (request, reply) {
            (Some(request), Reply::Sampled(sampled)) => self.sampled(ticket, request, sampled),
            (_, Reply::Scored(verdict)) => self.scored(verdict),
            _ => {}
        }
    }

    /// The tokens of the longest known text that the prefix begins with.
    fn known_of(&self, prefix: &str) -> u64 {
        let mut beginning = prefix;
        loop {
            let before = self
                .known
                .range::<str, _>((Unbounded, Included(beginning)))
                .next_back();
            let Some((known, tokens)) = before else {
                return 0;
            };
            if beginning.starts_with(known.as_str()) {
                return *tokens;
            }
            // What begins the prefix sorts before all that leaves it later: no longer than what both have in common.
            let common = common(known, beginning);
            beginning = &beginning[..common];
        }
    }

    /// The account, where these candidates were made and that one is the answer.
    pub fn close(self, candidates: &[Candidate], answer: Option<&Candidate>) -> Spent {
        let sum = |tickets: &mut dyn Iterator<Item = &usize>| {
            let tickets: BTreeSet<&usize> = tickets.collect();
            let tokens = tickets.into_iter().filter_map(|ticket| self.tokens.get(ticket));
            tokens.fold(0, |sum: u64, tokens| sum.saturating_add(*tokens))
        };
        Spent {
            kept: sum(&mut candidates.iter().flat_map(|candidate| &candidate.tickets)),
            answer: sum(&mut answer.into_iter().flat_map(|candidate| &candidate.tickets)),
            ..self.spent
        }
    }
}

/// Bytes that two texts begin with together, in whole characters.
fn common(first: &str, second: &str) -> usize {
    let pairs = first.char_indices().zip(second.chars());
    pairs
        .take_while(|((_, one), other)| one == other)
        .last()
        .map_or(0, |((at, sign), _)| at + sign.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::Ended;
    use crate::request::Sampling;

    fn ask(prompt: &str, said: &str) -> SampleRequest {
        SampleRequest {
            problem: "p".into(),
            prompt: prompt.into(),
            said: said.into(),
            seed: 0,
            sampling: Sampling::default(),
            marks: [].into(),
            stop: None,
            most: 9,
        }
    }

    fn reply(text: &str, before: u64, tokens: u64) -> Sampled {
        Sampled {
            text: text.into(),
            tokens,
            before,
            log_probability: 0.0,
            self_certainty: None,
            ended: Ended::Mark,
            seconds: Seconds(0.5),
        }
    }

    #[test]
    fn a_prompt_is_read_once_and_what_was_said_is_not_read_again() {
        let mut ledger = Ledger::default();
        ledger.sampled(0, &ask("prompt ", ""), &reply("one ", 10, 3));
        ledger.sampled(1, &ask("prompt ", ""), &reply("only ", 10, 4));
        ledger.sampled(2, &ask("prompt ", "one "), &reply("two", 13, 2));
        // Three tokens are put into the model's mouth.
        ledger.sampled(3, &ask("prompt ", "one two wait "), &reply("three", 18, 1));
        ledger.sampled(4, &ask("promise ", ""), &reply("none", 10, 1));
        let kept = Candidate {
            tickets: vec![0, 2, 3],
            ..Candidate::default()
        };
        let spent = ledger.close(std::slice::from_ref(&kept), Some(&kept));
        assert_eq!(spent.read, 10 + 3 + 10);
        assert_eq!((spent.sampled, spent.kept, spent.answer), (11, 6, 6));
        assert_eq!(spent.discarded(), 5);
        assert_eq!(spent.seconds, Seconds(2.5));
    }

    #[test]
    fn operations_are_a_sum_over_tokens() {
        let shape = Shape {
            matrices: 1000,
            attention: 64,
        };
        let mut ledger = Ledger::default();
        ledger.sampled(0, &ask("a", ""), &reply("b", 20, 5));
        ledger.sampled(1, &ask("a", ""), &reply("c", 20, 7));
        let spent = ledger.close(&[], None);
        let token = |before: f64| 2.0 * 1000.0 + 4.0 * 64.0 * before;
        let samples: f64 = [5, 7]
            .iter()
            .flat_map(|&count| 0..count)
            .map(|at| token(20.0 + f64::from(at)))
            .sum();
        let prefill = 2.0 * 1000.0 * 20.0 + 2.0 * 64.0 * 400.0;
        let Flops(operations) = spent.operations(&shape);
        assert!((operations - samples - prefill).abs() < 1e-6, "{operations}");
    }
}
