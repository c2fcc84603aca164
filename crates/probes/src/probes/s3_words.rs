use triaxis_random::Stream;

use crate::generator::{Generator, Usual};
use crate::level::{Level, Sample};
use crate::permutation::{extrapolated, factorial, guessing, word};

/// Words of permutations of 3; an answer a position, the last ones scored.
pub struct S3Words;

/// Every permutation is a token.
const TOKENS: usize = factorial(3);

impl S3Words {
    pub(super) const ABOUT: &str = "words of the symmetric group of three, which is solvable: networks of bounded depth can \
        follow it where they count modulo two and modulo three, and counting modulo three takes of a linear recurrence \
        more than parity does, complex eigenvalues or several reflections a token (Grazzi et al. 2024, arXiv \
        2411.12537). Every token is a permutation, and the answer after it the product of all up to it. Trained on every length up to one, and tested on longer \
        ones. Guessing is one of the permutations";
}

impl Generator for S3Words {
    fn usual(&self) -> Usual {
        extrapolated(TOKENS, 32)
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
        word::<3>(level, stream)
    }
}
