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
    /// At most so many tokens to follow those of the answer at a place, whose draws `uniform` gives one after the other. When
    /// an answer is over, another may take its place.
    ///
    /// # Errors
    /// When a model that drafts cannot be read to.
    fn propose(
        &mut self,
        place: usize,
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
        _place: usize,
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
    known: usize,
    sampling: Sampling,
    /// What it has read at each place.
    read: Vec<Read>,
}

/// What was read: tokens that are there, and drafts after them.
#[derive(Debug)]
struct Read {
    sequence: Sequence,
    /// Before the drafts.
    mark: Option<Sequence>,
}

impl<'a> SmallModel<'a> {
    /// Drafts by `engine`, whose tokens are chosen as those of the large model are, of the first `known`, which both have:
    /// their tokenizer's.
    ///
    /// # Errors
    /// When its table has fewer rows.
    pub fn new(engine: &'a mut Engine, known: usize, sampling: Sampling) -> Result<Self, InferError> {
        let rows = engine.stack().vocabulary;
        if rows < known {
            return Err(InferError::input(format!(
                "a draft model of {rows} tokens beside a tokenizer of {known}: both models must have the same tokenizer; \
                 give another draft model, or none"
            )));
        }
        Ok(Self {
            engine,
            known,
            sampling,
            read: Vec::new(),
        })
    }

    /// What has been read at a place as far as it is the same as `tokens`, all but the last at most.
    fn go_back(&mut self, place: usize, tokens: &[u32]) -> Result<Sequence, InferError> {
        while self.read.len() <= place {
            let sequence = self.engine.sequence();
            self.read.push(Read { sequence, mark: None });
        }
        let Read { sequence, mark } = &mut self.read[place];
        let (mut sequence, mark) = (std::mem::replace(sequence, self.engine.sequence()), mark.take());
        let both = sequence.tokens().iter().zip(tokens);
        let same = both.take_while(|(a, b)| a == b).count();
        self.engine
            .go_back(&mut sequence, same.min(tokens.len() - 1), mark)?;
        Ok(sequence)
    }
}

impl Draft for SmallModel<'_> {
    fn propose(
        &mut self,
        place: usize,
        tokens: &[u32],
        most: usize,
        uniform: &mut dyn FnMut() -> f64,
    ) -> Result<Vec<Drafted>, InferError> {
        let room = self.engine.stack().context.saturating_sub(tokens.len());
        let most = most.min(room);
        if most == 0 || tokens.is_empty() {
            return Ok(Vec::new());
        }
        let mut sequence = self.go_back(place, tokens)?;
        let mut next = tokens[sequence.position()..].to_vec();
        let mut mark = None;
        let known = |token: u32| (token as usize) < self.known;
        let mut drafted = Vec::new();
        while drafted.len() < most {
            let scores = self.engine.read(&mut [Reading {
                sequence: &mut sequence,
                tokens: &next,
                wanted: Wanted::Last,
            }])?;
            if sequence.position() == tokens.len() {
                mark = sequence.mark();
            }
            let from = self
                .sampling
                .distribution(&scores, &Counts::default(), Some(&known));
            let Some(token) = from.draw(uniform()) else {
                break;
            };
            drafted.push(Drafted { token, from });
            next = vec![token];
        }
        self.read[place] = Read { sequence, mark };
        Ok(drafted)
    }
}
