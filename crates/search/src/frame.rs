//! What a search may spend and how it samples.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::SearchError;
use crate::request::{Problem, SampleRequest, Sampling, sample_seed};

/// The most tokens that an answer or a budget may have: beyond, it is taken for a mistake.
const MOST_TOKENS: u64 = 1 << 40;
/// The same of samples, branches, steps and rounds.
const MOST: u64 = 1 << 20;

/// What all strategies of a comparison have in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Frame {
    /// What draws hang on.
    pub seed: u64,
    /// How tokens are drawn, where a strategy does not say otherwise.
    pub sampling: Sampling,
    /// The most tokens of an answer, thoughts included.
    pub answer: u64,
    /// The most tokens that are sampled for a problem, if there is a limit: strategies are compared at equal ones. What a
    /// verifier reads is counted beside it.
    pub budget: Option<u64>,
    /// What ends a step.
    pub step: String,
    /// What ends an answer beside the model's own end, if anything does.
    pub stop: Option<String>,
}

impl Default for Frame {
    fn default() -> Self {
        Self {
            seed: 0,
            sampling: Sampling::default(),
            answer: 1024,
            budget: None,
            step: "\n\n".to_owned(),
            stop: None,
        }
    }
}

impl Frame {
    /// Checks every setting.
    ///
    /// # Errors
    /// For the first one that breaks its rule.
    pub fn check(&self) -> Result<(), SearchError> {
        let Sampling {
            temperature,
            top_k,
            top_p,
            min_p,
        } = self.sampling;
        tokens("answer", self.answer)?;
        tokens("budget", self.budget.unwrap_or(1))?;
        at_least("top_k", top_k.unwrap_or(1) as u64, 1)?;
        within("temperature", temperature, 0.0, 1e6)?;
        within("top_p", top_p, 1e-9, 1.0)?;
        within("min_p", min_p, 0.0, 1.0)?;
        if self.step.is_empty() || self.stop.as_deref() == Some("") {
            return Err(SearchError::new(
                "`step` and `stop` are texts that end a step and an answer, and one of them is empty; give one such as \"\\n\\n\"",
            ));
        }
        Ok(())
    }
}

/// Checks a count of samples, branches, steps or rounds.
pub(crate) fn at_least(name: &str, value: u64, least: u64) -> Result<(), SearchError> {
    between(name, value, least, MOST)
}

/// Checks a number of tokens.
pub(crate) fn tokens(name: &str, value: u64) -> Result<(), SearchError> {
    between(name, value, 1, MOST_TOKENS)
}

fn between(name: &str, value: u64, least: u64, most: u64) -> Result<(), SearchError> {
    match (least..=most).contains(&value) {
        true => Ok(()),
        false => Err(SearchError::new(format!(
            "`{name} = {value}`: must be from {least} to {most}; choose another"
        ))),
    }
}

/// Checks a number.
pub(crate) fn within(name: &str, value: f64, least: f64, most: f64) -> Result<(), SearchError> {
    match (least..=most).contains(&value) {
        true => Ok(()),
        false => Err(SearchError::new(format!(
            "`{name} = {value}`: must be from {least} to {most}; choose another"
        ))),
    }
}

/// A problem in its frame, with what is left to spend.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    pub problem: Problem,
    pub frame: Arc<Frame>,
    left: Option<u64>,
    numbers: u64,
}

impl Desk {
    pub fn new(problem: &Problem, frame: &Arc<Frame>) -> Self {
        Self {
            problem: problem.clone(),
            frame: Arc::clone(frame),
            left: frame.budget,
            numbers: 0,
        }
    }

    /// The number of a sample that none has yet.
    pub fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers - 1
    }

    /// Takes what was sampled from what is left.
    pub fn spend(&mut self, tokens: u64) {
        self.left = self.left.map(|left| left.saturating_sub(tokens));
    }

    /// Whether nothing is left.
    pub fn is_spent(&self) -> bool {
        self.left == Some(0)
    }

    /// How many of `wanted` requests of up to `most` tokens can be asked together, and the most tokens of each, so that
    /// what is left holds whatever comes; at least one while anything is left.
    pub fn admits(&self, wanted: u64, most: u64) -> (u64, u64) {
        match self.left {
            None => (wanted, most),
            Some(left) => ((left / most.max(1)).max(1).min(wanted), most.min(left)),
        }
    }

    /// How many of `wanted` requests that are asked together have at least a token each.
    pub fn affords(&self, wanted: u64) -> u64 {
        self.left.map_or(wanted, |left| wanted.min(left))
    }

    /// The most tokens of each of `count` requests that are asked together.
    pub fn share(&self, count: u64, most: u64) -> u64 {
        self.left.map_or(most, |left| most.min(left / count.max(1)))
    }

    /// A request for text after `said`, as the sample of that number.
    pub fn ask(&self, said: &str, number: u64, marks: &Arc<[String]>, most: u64) -> SampleRequest {
        SampleRequest {
            problem: Arc::clone(&self.problem.name),
            prompt: Arc::clone(&self.problem.prompt),
            said: said.into(),
            seed: sample_seed(self.frame.seed, &self.problem.name, number),
            sampling: self.frame.sampling,
            marks: Arc::clone(marks),
            stop: self.frame.stop.clone(),
            most,
        }
    }
}
