use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::ProbeError;

/// How hard a probe is; in data `[length, answers]`, in commands `LENGTH:ANSWERS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "[usize; 2]", into = "[usize; 2]")]
pub struct Level {
    /// Tokens of a sequence.
    pub length: usize,
    /// Answers that are scored in it: one for each pair, token or needle that is to be remembered, or the last ones
    /// where every position or example has an answer.
    pub answers: usize,
}

impl Level {
    /// So many answers in so many tokens.
    pub const fn new(length: usize, answers: usize) -> Self {
        Self { length, answers }
    }
}

impl From<[usize; 2]> for Level {
    fn from([length, answers]: [usize; 2]) -> Self {
        Self { length, answers }
    }
}

impl From<Level> for [usize; 2] {
    fn from(level: Level) -> Self {
        [level.length, level.answers]
    }
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.length, self.answers)
    }
}

impl FromStr for Level {
    type Err = ProbeError;

    fn from_str(text: &str) -> Result<Self, ProbeError> {
        let read =
            |(length, answers): (&str, &str)| Some(Self::new(length.parse().ok()?, answers.parse().ok()?));
        text.split_once(':').and_then(read).ok_or_else(|| {
            ProbeError::new(format!(
                "`{text}` is no level: a level is the tokens of a sequence and how many answers are scored in it; write \
                 LENGTH:ANSWERS, such as 64:4"
            ))
        })
    }
}

/// A sequence and what is asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// What is read.
    pub tokens: Vec<u32>,
    /// After each token, the answer where one is scored.
    pub targets: Vec<Option<u32>>,
}

impl Sample {
    /// A sequence that nothing is asked of yet.
    pub(crate) fn of(tokens: Vec<u32>) -> Self {
        Self {
            targets: vec![None; tokens.len()],
            tokens,
        }
    }

    /// The same with no more than the last `answers` scored.
    pub(crate) fn last(mut self, answers: usize) -> Self {
        let answered = self.targets.iter_mut().rev().filter(|target| target.is_some());
        answered.skip(answers).for_each(|target| *target = None);
        self
    }

    /// The answers that are scored, with their positions.
    pub fn answers(&self) -> impl Iterator<Item = (usize, u32)> {
        let targets = self.targets.iter().enumerate();
        targets.filter_map(|(position, target)| Some((position, (*target)?)))
    }
}
