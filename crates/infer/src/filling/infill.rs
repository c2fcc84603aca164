//! Ways of filling a gap of known length between two texts.

use std::sync::Arc;

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
