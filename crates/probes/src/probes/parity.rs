use triaxis_random::Stream;

use crate::draw;
use crate::generator::{Generator, Usual};
use crate::level::{Level, Sample};
use crate::permutation::{extrapolated, guessing};

/// The running parity of bits; an answer a position, the last ones scored.
pub struct Parity;

impl Parity {
    pub(super) const ABOUT: &str = "parity: after each bit, whether the ones up to it are odd. Trained on every length \
        up to one, and tested on longer ones: recurrences whose states keep their signs cannot solve it (Grazzi et al. \
        2024, arXiv 2411.12537). Guessing is one of two";
}

impl Generator for Parity {
    fn usual(&self) -> Usual {
        extrapolated(2, 32)
    }

    fn least_vocabulary(&self, _level: Level) -> usize {
        2
    }

    fn least_length(&self, answers: usize) -> usize {
        answers
    }

    fn chance(&self, _vocabulary: usize, level: Level) -> f64 {
        guessing(level, 2)
    }

    fn draw(&self, _vocabulary: usize, level: Level, stream: &mut Stream) -> Sample {
        let mut sample = Sample::of((0..level.length).map(|_| draw::token(stream, 0, 2)).collect());
        let mut odd = 0;
        for (token, target) in sample.tokens.iter().zip(&mut sample.targets) {
            odd ^= token;
            *target = Some(odd);
        }
        sample.last(level.answers)
    }
}
