use triaxis_random::Stream;

use crate::draw;
use crate::generator::{Generator, Usual};
use crate::level::{Level, Sample};

/// Functions that are learnt from examples; an answer an example, the last ones scored.
pub struct FewShotFunctions;

/// Examples that settle a function.
const SETTLING: usize = 2;

impl FewShotFunctions {
    pub(super) const ABOUT: &str = "few-shot functions, learnt in context: pairs of x and ax + b modulo the largest prime in \
        half the vocabulary, a and b drawn for each sequence; the answer to an x is its value, which two examples \
        settle. Guessing is one of the values";
}

/// The largest prime up to a number that is at least two.
fn prime(most: usize) -> usize {
    let is_prime = |number: &usize| {
        (2..)
            .take_while(|by| by * by <= *number)
            .all(|by| !number.is_multiple_of(by))
    };
    (2..=most).rev().find(is_prime).unwrap_or(2)
}

impl Generator for FewShotFunctions {
    fn usual(&self) -> Usual {
        Usual::new(14, [32, 14], [[6, 1], [16, 1], [32, 1]])
    }

    fn least_vocabulary(&self, _level: Level) -> usize {
        // Modulo two a function is settled by one example.
        2 * 3
    }

    fn least_length(&self, answers: usize) -> usize {
        2 * (answers + SETTLING)
    }

    fn chance(&self, vocabulary: usize, _level: Level) -> f64 {
        1.0 / prime(vocabulary / 2) as f64
    }

    fn draw(&self, vocabulary: usize, level: Level, stream: &mut Stream) -> Sample {
        let modulus = prime(vocabulary / 2);
        let (factor, shift) = (1 + draw::below(stream, modulus - 1), draw::below(stream, modulus));
        let first = draw::distinct(stream, SETTLING, modulus);
        let (mut tokens, mut targets) = (Vec::new(), Vec::new());
        for example in 0..level.length.div_ceil(2) {
            let x = first.get(example).copied();
            let x = x.unwrap_or_else(|| draw::below(stream, modulus));
            let value = (modulus + (factor * x + shift) % modulus) as u32;
            tokens.extend([x as u32, value]);
            targets.extend([Some(value), None]);
        }
        tokens.truncate(level.length);
        targets.truncate(level.length);
        Sample { tokens, targets }.last(level.answers)
    }
}
