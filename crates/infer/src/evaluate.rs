//! How well a model predicts a text.

use triaxis_units::Nats;

use crate::engine::{Engine, Reading, Wanted};
use crate::error::InferError;
use crate::sampling::log_probability;

/// How a text is cut into windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// Tokens of a window that are read.
    pub length: usize,
    /// Tokens that are scored in each: as many as are read, so that each sees what precedes it in its window; or fewer, the
    /// last ones, which see the others, too. Of the first window all are.
    pub stride: usize,
}

/// The loss of a text, and of how many tokens it is the mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TextLoss {
    /// The mean over the tokens that are scored: all but the first.
    pub nats: Nats,
    /// How many.
    pub scored: usize,
}

/// The loss of some tokens among the first `known` of the model's, which are all but the marks that it was trained with. In
/// single precision, with windows of the training's context and strides as long, it is that of
/// a training's evaluation of the same tokens to a millionth of a nat.
///
/// # Errors
/// With fewer than two tokens, windows that break a rule, or a token that is none of those.
pub fn evaluate(
    engine: &mut Engine,
    tokens: &[u32],
    windows: Windows,
    known: usize,
    hear: &mut dyn FnMut(usize),
) -> Result<TextLoss, InferError> {
    let Windows { length, stride } = windows;
    let context = engine.stack().context;
    if length == 0 || length > context || stride == 0 || stride > length {
        return Err(InferError::input(format!(
            "windows of {length} tokens by strides of {stride}: a window must have from 1 to {context} tokens, as many as \
             the model's context, and a stride from 1 to all of them; choose others"
        )));
    }
    let scored = tokens.len().saturating_sub(1);
    if scored == 0 {
        return Err(InferError::input(format!(
            "a text of {} tokens: a loss needs at least 2; give a longer one",
            tokens.len()
        )));
    }
    engine.knows(tokens)?;
    if let Some(token) = tokens.iter().find(|&&token| token as usize >= known) {
        return Err(InferError::input(format!(
            "token {token}: the text must be of the first {known} tokens, for the others are marks of the model's training; \
             give a text without it"
        )));
    }
    let mut sum = 0.0;
    let mut first = 0;
    while first < scored {
        let last = scored.min(first + if first == 0 { length } else { stride });
        let start = first.saturating_sub(length - stride);
        let mut sequence = engine.sequence();
        let (before, own) = tokens[start..last].split_at(first - start);
        engine.read(&mut [Reading {
            sequence: &mut sequence,
            tokens: before,
            wanted: Wanted::None,
        }])?;
        let mut targets = tokens[first + 1..=last].iter();
        let mut reading = [Reading {
            sequence: &mut sequence,
            tokens: own,
            wanted: Wanted::All,
        }];
        engine.read_each(&mut reading, &mut |scores| {
            let scores = &scores[..known.min(scores.len())];
            sum += targets
                .next()
                .map_or(0.0, |&target| -log_probability(scores)(scores[target as usize]));
        })?;
        if sum.is_nan() {
            return Err(InferError::no_numbers());
        }
        first = last;
        hear(first);
    }
    Ok(TextLoss {
        nats: Nats(sum / scored as f64),
        scored,
    })
}
