//! Ways of filling a gap of known length between two texts.

use std::sync::Arc;

use triaxis_model::Stack;

use super::canvas::{Canvas, TokenSet};
use super::filler::{Denoise, Filler};
use super::sampler::{Filling, Order, fill};
use crate::engine::Engine;
use crate::error::InferError;
use crate::generate::{Helpers, Request, generate};
use crate::sampling::Sampling;

/// What fills a gap, by the likeliest tokens as it has them.
pub trait Infill {
    /// How, in a few words.
    fn method(&self) -> &'static str;

    /// The longest text that it takes, with the gap in it.
    fn context(&self) -> usize;

    /// The `count` tokens between two texts, of the first `known` ones of the vocabulary; fewer, where it has no more.
    ///
    /// # Errors
    /// When the texts are none of the model's.
    fn infill(
        &mut self,
        prefix: &[u32],
        suffix: &[u32],
        count: usize,
        known: usize,
    ) -> Result<Vec<u32>, InferError>;
}

/// The likeliest token alone.
fn greedy() -> Sampling {
    Sampling {
        temperature: 0.0,
        ..Sampling::default()
    }
}

/// Masked diffusion: the tokens of which it is surest first, one in each step.
impl Infill for Filler {
    fn method(&self) -> &'static str {
        "diffusion"
    }

    fn context(&self) -> usize {
        Denoise::context(self)
    }

    fn infill(
        &mut self,
        prefix: &[u32],
        suffix: &[u32],
        count: usize,
        known: usize,
    ) -> Result<Vec<u32>, InferError> {
        let mut canvas = Canvas::open(prefix.len() + count + suffix.len());
        canvas.require_prefix(prefix)?;
        canvas.require_suffix(suffix)?;
        let set = Arc::new(TokenSet::new(known, |_| true));
        for place in canvas.gaps() {
            canvas.allow(place, &set)?;
        }
        let filling = Filling {
            steps: count.max(1),
            order: Order::Surest,
            block: None,
            sampling: greedy(),
            seed: 0,
        };
        let filled = fill(self, &canvas, &filling)?;
        Ok(filled.tokens[prefix.len()..prefix.len() + count].to_vec())
    }
}

/// A model trained by fill-in-the-middle, whose documents have their middle last (Bavarian et al. 2022, arXiv 2207.14255).
#[derive(Debug)]
pub struct InTheMiddle {
    engine: Engine,
    /// What stands before the prefix, the suffix and the middle.
    sentinels: [u32; 3],
    /// Whether the suffix goes first, before prefix and middle in one piece.
    suffix_first: bool,
}

impl InTheMiddle {
    /// A model that tells next tokens, the tokens that stand before the prefix, the suffix and the middle, and whether the
    /// suffix goes first in what it was trained on.
    pub fn new(engine: Engine, sentinels: [u32; 3], suffix_first: bool) -> Self {
        Self {
            engine,
            sentinels,
            suffix_first,
        }
    }

    /// The model as one that tells next tokens.
    pub fn into_engine(self) -> Engine {
        self.engine
    }

    /// The network.
    pub fn stack(&self) -> &Stack {
        self.engine.stack()
    }
}

/// What comes next after both texts, each behind its sentinel.
impl Infill for InTheMiddle {
    fn method(&self) -> &'static str {
        "fill in the middle"
    }

    fn context(&self) -> usize {
        self.stack().context.saturating_sub(self.sentinels.len())
    }

    fn infill(
        &mut self,
        prefix: &[u32],
        suffix: &[u32],
        count: usize,
        known: usize,
    ) -> Result<Vec<u32>, InferError> {
        let [before_prefix, before_suffix, before_middle] = self.sentinels.map(|token| [token]);
        let prompt = match self.suffix_first {
            true => [&before_prefix, &before_suffix[..], suffix, &before_middle, prefix].concat(),
            false => [&before_prefix, prefix, &before_suffix, suffix, &before_middle].concat(),
        };
        self.engine.infill(&prompt, &[], count, known)
    }
}

/// What comes next after the first text: of the second it knows nothing.
impl Infill for Engine {
    fn method(&self) -> &'static str {
        "prefix only"
    }

    fn context(&self) -> usize {
        self.stack().context
    }

    fn infill(
        &mut self,
        prefix: &[u32],
        _: &[u32],
        count: usize,
        known: usize,
    ) -> Result<Vec<u32>, InferError> {
        let request = Request {
            prompt: prefix.to_vec(),
            most: count,
            sampling: greedy(),
            known,
            ..Request::default()
        };
        let answers = generate(self, &request, Helpers::default(), &mut |_, _| true)?;
        let tokens = answers.into_iter().flat_map(|answer| answer.tokens);
        Ok(tokens.map(|token| token.token).collect())
    }
}
