use std::collections::HashMap;

use super::Sampling;

/// How often tokens came before, in the prompt and in the answer.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    prompt: HashMap<u32, usize>,
    answer: HashMap<u32, usize>,
}

impl Counts {
    /// Those of a prompt.
    pub fn of_prompt(tokens: &[u32]) -> Self {
        let mut counts = Self::default();
        for &token in tokens {
            *counts.prompt.entry(token).or_default() += 1;
        }
        counts
    }

    /// Counts a token of the answer.
    pub fn add(&mut self, token: u32) {
        *self.answer.entry(token).or_default() += 1;
    }

    pub(super) fn penalise(&self, sampling: &Sampling, scores: &mut [f64]) {
        if sampling.repetition_penalty != 1.0 {
            let seen = self.prompt.keys().chain(
                self.answer
                    .keys()
                    .filter(|token| !self.prompt.contains_key(token)),
            );
            for &token in seen {
                if let Some(score) = scores.get_mut(token as usize) {
                    match *score > 0.0 {
                        true => *score /= sampling.repetition_penalty,
                        false => *score *= sampling.repetition_penalty,
                    }
                }
            }
        }
        for (&token, &count) in &self.answer {
            if let Some(score) = scores.get_mut(token as usize) {
                *score -= sampling.presence_penalty + sampling.frequency_penalty * count as f64;
            }
        }
    }
}
