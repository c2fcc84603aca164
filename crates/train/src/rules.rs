//! Learning rate, batch and warm-up as functions of the model's size and the tokens it will see.
//!
//! A study may override each of them, or sweep around them.

use triaxis_units::{Params, Tokens};

/// Highest learning rate that the rule gives.
const LEARNING_RATE_MOST: f64 = 0.02;

/// The peak learning rate `1.79 N^−0.713 D^0.307` of Step Law (Li et al. 2025, arXiv 2503.04715,
/// equation 1), where `N` is the number of parameters outside the embedding, at most 0.02.
pub fn learning_rate(non_embedding: Params, tokens: Tokens) -> f64 {
    let law = 1.79 * non_embedding.as_f64().max(1.0).powf(-0.713) * tokens.as_f64().max(1.0).powf(0.307);
    law.min(LEARNING_RATE_MOST)
}

/// The batch in tokens, `0.58 D^0.571` of Step Law (the same equation); it does not depend on `N`.
pub fn batch(_: Params, tokens: Tokens) -> Tokens {
    Tokens((0.58 * tokens.as_f64().powf(0.571)).round().max(1.0) as u64)
}

/// Steps of warm-up: a fiftieth of the training, from 1 to 2,000.
pub fn warmup_steps(steps: u64) -> u64 {
    (steps / 50).clamp(1, 2_000)
}
