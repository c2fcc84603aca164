//! How the next token is chosen from scores.
//!
//! In this order: a bias on tokens, penalties, what is allowed, the temperature, then what is kept of the distribution: the
//! `top_k` largest, those that the `top_p` largest share takes, and those of `min_p` of the largest one.

mod distribution;
mod penalties;

use std::collections::BTreeMap;

use triaxis_host::Kind;

pub use self::distribution::Distribution;
pub use self::penalties::Counts;
use crate::error::InferError;

/// How tokens are chosen.
///
/// ```
/// use triaxis_infer::{Counts, Sampling};
/// let scores = [1.0, 3.0, 2.0];
/// let greedy = Sampling { temperature: 0.0, ..Sampling::default() };
/// assert_eq!(greedy.distribution(&scores, &Counts::default(), None).draw(0.9), Some(1));
/// let two = Sampling { top_k: Some(2), ..Sampling::default() };
/// let kept = two.distribution(&scores, &Counts::default(), None);
/// assert_eq!(kept.tokens(), [1, 2]);
/// assert!((kept.probability(1) - 1.0 / (1.0 + (-1f64).exp())).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// What scores are divided by; at 0 the largest one is taken.
    pub temperature: f64,
    /// How many of the largest are kept, if not all.
    pub top_k: Option<usize>,
    /// The share that the largest that are kept take together, the last of them included.
    pub top_p: f64,
    /// The share of the largest probability that a kept one has at least.
    pub min_p: f64,
    /// What a score above 0 of a token of the prompt or the answer is divided by, and one below multiplied by.
    pub repetition_penalty: f64,
    /// What is taken from the score of a token of the answer.
    pub presence_penalty: f64,
    /// What is taken from it for each time that it came.
    pub frequency_penalty: f64,
    /// What is added to the scores of tokens.
    pub bias: BTreeMap<u32, f64>,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 1.0,
            top_k: None,
            top_p: 1.0,
            min_p: 0.0,
            repetition_penalty: 1.0,
            presence_penalty: 0.0,
            frequency_penalty: 0.0,
            bias: BTreeMap::new(),
        }
    }
}

impl Sampling {
    /// Checks every setting.
    ///
    /// # Errors
    /// For the first one that breaks its rule.
    pub fn check(&self) -> Result<(), InferError> {
        let rules = [
            (
                "temperature",
                self.temperature,
                0.0..=1e6,
                "0 takes the likeliest token",
            ),
            ("top_p", self.top_p, 1e-9..=1.0, "1 keeps all"),
            ("min_p", self.min_p, 0.0..=1.0, "0 keeps all"),
            (
                "repetition_penalty",
                self.repetition_penalty,
                1e-3..=1e3,
                "1 changes nothing",
            ),
            (
                "presence_penalty",
                self.presence_penalty,
                -100.0..=100.0,
                "0 changes nothing",
            ),
            (
                "frequency_penalty",
                self.frequency_penalty,
                -100.0..=100.0,
                "0 changes nothing",
            ),
        ];
        for (name, value, range, remedy) in rules {
            if !range.contains(&value) {
                let (least, most) = (range.start(), range.end());
                return Err(InferError::new(
                    Kind::Input,
                    format!("`{name} = {value}`: must be from {least} to {most}; {remedy}"),
                ));
            }
        }
        if self.top_k == Some(0) {
            return Err(InferError::new(
                Kind::Input,
                "`top_k = 0`: must keep at least one token; leave it out to keep all",
            ));
        }
        Ok(())
    }

    /// What the next token is drawn from, after the tokens that `counts` has, where only those of `allowed` may be, if it is
    /// given. It is empty where none may be, or no score is a number.
    pub fn distribution(
        &self,
        scores: &[f32],
        counts: &Counts,
        allowed: Option<&dyn Fn(u32) -> bool>,
    ) -> Distribution {
        let mut scores: Vec<f64> = scores.iter().map(|&score| f64::from(score)).collect();
        for (&token, bias) in &self.bias {
            if let Some(score) = scores.get_mut(token as usize) {
                *score += bias;
            }
        }
        counts.penalise(self, &mut scores);
        let may = |token: u32| allowed.is_none_or(|allowed| allowed(token));
        let kept = scores
            .into_iter()
            .zip(0u32..)
            .filter(|(score, token)| score.is_finite() && may(*token));
        let mut kept: Vec<(f64, u32)> = kept.collect();
        if self.temperature == 0.0 {
            return Distribution::of_largest(&kept);
        }
        let largest = kept
            .iter()
            .fold(f64::NEG_INFINITY, |most, (score, _)| most.max(*score));
        kept.iter_mut()
            .for_each(|(score, _)| *score = (*score - largest) / self.temperature);
        Distribution::kept(kept, self.top_k.unwrap_or(usize::MAX), self.top_p, self.min_p)
    }
}

/// The logarithms of the probabilities of all tokens, as the model has them.
pub fn log_probabilities(scores: &[f32]) -> Vec<f64> {
    let log_probability = log_probability(scores);
    scores.iter().map(|&score| log_probability(score)).collect()
}

/// What makes the logarithm of a token's probability of its score, one of those given.
pub(crate) fn log_probability(scores: &[f32]) -> impl Fn(f32) -> f64 {
    let largest = scores
        .iter()
        .fold(f32::NEG_INFINITY, |most, &score| most.max(score));
    let shifted = move |score: f32| f64::from(score) - f64::from(largest);
    let sum: f64 = scores.iter().map(|&score| shifted(score).exp()).sum();
    let log_sum = sum.ln();
    move |score| shifted(score) - log_sum
}
