//! Attempts that see those before them: what sequential revision and self-correction share.

use std::sync::Arc;

use crate::choice::{Measure, Pick};
use crate::frame::{Desk, Frame};
use crate::independent::{ask_scores, candidate, score};
use crate::outcome::{Candidate, Why};
use crate::reply::Replied;
use crate::request::{Problem, Request};
use crate::strategy::{Ending, Search, Turn};

/// How chains of attempts go on.
#[derive(Debug, Clone)]
pub(crate) struct Chaining {
    /// Chains side by side.
    pub chains: u64,
    /// Attempts in each, the first one included.
    pub length: u64,
    /// The most attempts that a next one sees.
    pub remembered: usize,
    /// What stands after each attempt that is seen.
    pub instruction: String,
    pub pick: Pick,
    /// What attempts are judged by, if they are.
    pub measure: Option<Measure>,
    /// The least score at which a chain's attempt is accepted and all stop: scores are asked after each turn then.
    pub accept: Option<f64>,
}

/// A search of chains of attempts.
pub(crate) struct Chains {
    desk: Desk,
    settings: Chaining,
    /// The attempts of each chain that goes on.
    going: Vec<Vec<Candidate>>,
    over: Vec<Candidate>,
    attempts: u64,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Saying,
    /// The last attempts are scored.
    Judging,
    /// All are, at the end.
    Ending(Why),
}

impl Chains {
    pub fn begin(problem: &Problem, frame: &Arc<Frame>, settings: Chaining) -> Box<dyn Search> {
        Box::new(Self {
            desk: Desk::new(problem, frame),
            going: vec![Vec::new(); settings.chains as usize],
            settings,
            over: Vec::new(),
            attempts: 0,
            state: State::Saying,
        })
    }

    /// What an attempt sees: the prompt, and the last attempts of its chain.
    fn prompt(&self, chain: &[Candidate]) -> Arc<str> {
        let seen = &chain[chain.len().saturating_sub(self.settings.remembered)..];
        let instruction = &self.settings.instruction;
        let mut prompt = self.desk.problem.prompt.to_string();
        for attempt in seen {
            prompt.push_str(&attempt.said);
            prompt.push_str(instruction);
        }
        prompt.into()
    }

    fn attempt(&mut self) -> Turn {
        if self.going.is_empty() || self.attempts == self.settings.length {
            return self.judge_all(Why::Drawn);
        }
        if self.attempts == 0 {
            self.going
                .truncate(self.desk.affords(self.settings.chains) as usize);
        }
        let most = self.desk.share(self.going.len() as u64, self.desk.frame.answer);
        if most == 0 {
            return self.judge_all(Why::Budget);
        }
        self.attempts += 1;
        let mut requests = Vec::with_capacity(self.going.len());
        for chain in 0..self.going.len() {
            let prompt = self.prompt(&self.going[chain]);
            let number = self.desk.number();
            let mut request = self.desk.ask("", number, &[].into(), most);
            request.prompt = prompt;
            requests.push(Request::Sample(request));
        }
        Turn::Ask(requests)
    }

    fn take(&mut self, replies: Vec<Replied>) -> Turn {
        let chains = std::mem::take(&mut self.going);
        for (mut chain, replied) in chains.into_iter().zip(replies) {
            match candidate(replied) {
                Some(attempt) => {
                    self.desk.spend(attempt.tokens);
                    chain.push(attempt);
                    self.going.push(chain);
                }
                // A chain whose attempt failed ends with those before it.
                None => self.over.extend(chain),
            }
        }
        match (
            self.settings.accept,
            self.settings.measure.and_then(Measure::asks),
        ) {
            (Some(_), Some(of)) if !self.going.is_empty() => {
                self.state = State::Judging;
                let last = self.going.iter().filter_map(|chain| chain.last());
                Turn::Ask(ask_scores(
                    &self.desk,
                    last.map(|attempt| attempt.said.clone()),
                    of,
                ))
            }
            _ => self.attempt(),
        }
    }

    fn judge(&mut self, replies: &[Replied]) -> Turn {
        self.state = State::Saying;
        let last = self.going.iter_mut().filter_map(|chain| chain.last_mut());
        for (attempt, replied) in last.zip(replies) {
            attempt.score = score(replied);
        }
        let accept = self.settings.accept.unwrap_or(f64::INFINITY);
        let mut last = self.going.iter().filter_map(|chain| chain.last());
        match last.any(|attempt| attempt.score.is_some_and(|score| score >= accept)) {
            true => self.end(Why::Accepted),
            false => self.attempt(),
        }
    }

    /// Has all attempts scored, if they are to be and were not as they came.
    fn judge_all(&mut self, why: Why) -> Turn {
        let chains = std::mem::take(&mut self.going);
        self.over.extend(chains.into_iter().flatten());
        self.over.sort_by_key(|attempt| attempt.tickets.last().copied());
        match self.settings.measure.and_then(Measure::asks) {
            Some(of) if self.settings.accept.is_none() && !self.over.is_empty() => {
                self.state = State::Ending(why);
                let said = self.over.iter().map(|attempt| attempt.said.clone());
                Turn::Ask(ask_scores(&self.desk, said, of))
            }
            _ => self.end(why),
        }
    }

    fn end(&mut self, why: Why) -> Turn {
        let chains = std::mem::take(&mut self.going);
        let mut candidates = std::mem::take(&mut self.over);
        candidates.extend(chains.into_iter().flatten());
        let measure = self.settings.measure.unwrap_or_default();
        if self.settings.measure.is_some() {
            for candidate in &mut candidates {
                candidate.score = measure.of(candidate);
            }
        }
        Turn::Done(Ending::new(candidates, self.settings.pick, measure, why))
    }
}

impl Search for Chains {
    fn next(&mut self, replies: Vec<Replied>) -> Turn {
        match self.state {
            State::Saying if self.attempts == 0 => self.attempt(),
            State::Saying => self.take(replies),
            State::Judging => self.judge(&replies),
            State::Ending(why) => {
                for (attempt, replied) in self.over.iter_mut().zip(&replies) {
                    attempt.score = score(replied);
                }
                self.end(why)
            }
        }
    }
}
