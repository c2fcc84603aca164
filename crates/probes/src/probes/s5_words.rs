use triaxis_random::Stream;

use crate::generator::{Generator, Usual};
use crate::level::{Level, Sample};
use crate::permutation::{extrapolated, factorial, guessing, word};

/// Words of permutations of 5; an answer a position, the last ones scored.
pub struct S5Words;

/// Every permutation is a token.
const TOKENS: usize = factorial(5);

impl S5Words {
    pub(super) const ABOUT: &str = "words of the symmetric group of five, which is not solvable, so that no network of \
        bounded depth without a true recurrence follows it at every length (Merrill, Petty and Sabharwal 2024, arXiv \
        2404.08819): every token is a permutation, \
        and the answer after it the product of all up to it. Trained on every length up to one, and tested on longer \
        ones. Guessing is one of the permutations";
}

impl Generator for S5Words {
    fn usual(&self) -> Usual {
        extrapolated(TOKENS, 16)
    }

    fn least_vocabulary(&self, _level: Level) -> usize {
        TOKENS
    }

    fn least_length(&self, answers: usize) -> usize {
        answers
    }

    fn chance(&self, _vocabulary: usize, level: Level) -> f64 {
        guessing(level, TOKENS)
    }

    fn draw(&self, _vocabulary: usize, level: Level, stream: &mut Stream) -> Sample {
        word::<5>(level, stream)
    }
}
