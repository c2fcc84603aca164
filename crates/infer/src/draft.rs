//! Drafts of what comes next, which the model then reads at once and takes or refuses.

use crate::engine::{Engine, Reading, Wanted};
use crate::error::InferError;
use crate::sampling::{Counts, Distribution, Sampling};
use crate::sequence::Sequence;

/// A token that may come next, and the distribution that it was drawn from.
#[derive(Debug, Clone)]
pub struct Drafted {
    /// The token.
    pub token: u32,
    /// What it was drawn from.
    pub from: Distribution,
}

/// What drafts.
pub trait Draft {
    /// At most so many tokens to follow those of a sample, whose draws `uniform` gives one after the other.
    ///
    /// # Errors
    /// When a model that drafts cannot be read to.
    fn propose(
        &mut self,
        sample: usize,
        tokens: &[u32],
        most: usize,
        uniform: &mut dyn FnMut() -> f64,
    ) -> Result<Vec<Drafted>, InferError>;
}

/// Drafts from the text itself: what followed the last tokens where they came before (prompt look-up).
#[derive(Debug, Clone, Copy)]
pub struct LookUp {
    /// The most tokens that are looked for.
    pub longest: usize,
}

impl Default for LookUp {
    fn default() -> Self {
        Self { longest: 3 }
    }
}

impl Draft for LookUp {
    fn propose(
        &mut self,
        _sample: usize,
        tokens: &[u32],
        most: usize,
        _uniform: &mut dyn FnMut() -> f64,
    ) -> Result<Vec<Drafted>, InferError> {
        for length in (1..=self.longest.min(tokens.len().saturating_sub(1))).rev() {
            let (before, last) = tokens.split_at(tokens.len() - length);
            let found = (0..before.len())
                .rev()
                .find(|&start| tokens[start..].starts_with(last));
            if let Some(start) = found {
                let follow = tokens[start + length..].iter().take(most);
                let certain = |&token: &u32| Drafted {
                    token,
                    from: Distribution::certain(token),
                };
                return Ok(follow.map(certain).collect());
            }
        }
        Ok(Vec::new())
    }
}

/// Drafts by a smaller model of the same vocabulary.
#[derive(Debug)]
pub struct SmallModel<'a> {
    engine: &'a mut Engine,
    sampling: Sampling,
    /// What it has read of each sample.
    read: Vec<Sequence>,
}

impl<'a> SmallModel<'a> {
    /// Drafts by `engine`, whose tokens are chosen as those of the large model are.
    ///
    /// # Errors
    /// When its vocabulary is not `vocabulary`.
    pub fn new(engine: &'a mut Engine, vocabulary: usize, sampling: Sampling) -> Result<Self, InferError> {
        let own = engine.stack().vocabulary;
        if own != vocabulary {
            return Err(InferError::input(format!(
                "a draft model of {own} tokens beside a model of {vocabulary}: both must have the same tokenizer; give \
                 another draft model, or none"
            )));
        }
        Ok(Self {
            engine,
            sampling,
            read: Vec::new(),
        })
    }

    /// The sequence of a sample that holds the same tokens as far as it goes, all but the last at most.
    fn sequence(&mut self, sample: usize, tokens: &[u32]) -> &mut Sequence {
        while self.read.len() <= sample {
            self.read.push(self.engine.sequence());
        }
        let own = &mut self.read[sample];
        let same = own
            .tokens()
            .iter()
            .zip(tokens)
            .take_while(|(a, b)| a == b)
            .count();
        if !own.truncate(same.min(tokens.len() - 1)) {
            *own = self.engine.sequence();
        }
        own
    }
}

impl Draft for SmallModel<'_> {
    fn propose(
        &mut self,
        sample: usize,
        tokens: &[u32],
        most: usize,
        uniform: &mut dyn FnMut() -> f64,
    ) -> Result<Vec<Drafted>, InferError> {
        let room = self.engine.stack().context.saturating_sub(tokens.len());
        let most = most.min(room);
        if most == 0 || tokens.is_empty() {
            return Ok(Vec::new());
        }
        let mut sequence = self.sequence(sample, tokens).clone();
        let mut next = tokens[sequence.position()..].to_vec();
        let mut drafted = Vec::new();
        while drafted.len() < most {
            let scores = self.engine.read(&mut [Reading {
                sequence: &mut sequence,
                tokens: &next,
                wanted: Wanted::Last,
            }])?;
            let from = self.sampling.distribution(&scores, &Counts::default(), None);
            let Some(token) = from.draw(uniform()) else {
                break;
            };
            drafted.push(Drafted { token, from });
            next = vec![token];
        }
        self.read[sample] = sequence;
        Ok(drafted)
    }
}
