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
        half the vocabulary, a not 0, a and b drawn for each sequence; the answer to an x is its value, which two \
        examples settle. No x whose value is asked was there before, so that it cannot be looked up; guessing is one \
        of the values that were not there either";
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

/// How many different x stand before the first that is asked: one of all is never there, so that no value is the only
/// one that is left.
fn shown(modulus: usize, level: Level) -> usize {
    let examples = level.length.div_ceil(2) - level.answers;
    examples.min(modulus - level.answers - 1)
}

impl Generator for FewShotFunctions {
    fn usual(&self) -> Usual {
        Usual::new(26, [16, 6], [[6, 1], [10, 1], [16, 1]])
    }

    fn least_vocabulary(&self, level: Level) -> usize {
        let least = level.answers + SETTLING + 1;
        // A prime is between any number and its double.
        let next = (least..2 * least).find(|&number| prime(number) == number);
        2 * next.unwrap_or(2 * least)
    }

    fn least_length(&self, answers: usize) -> usize {
        2 * (answers + SETTLING)
    }

    fn chance(&self, vocabulary: usize, level: Level) -> f64 {
        let modulus = prime(vocabulary / 2);
        let left = modulus - shown(modulus, level);
        let sum: f64 = (0..level.answers)
            .map(|answer| 1.0 / (left - answer) as f64)
            .sum();
        sum / level.answers as f64
    }

    fn draw(&self, vocabulary: usize, level: Level, stream: &mut Stream) -> Sample {
        let modulus = prime(vocabulary / 2);
        let (factor, shift) = (1 + stream.below(modulus - 1), stream.below(modulus));
        let shown = shown(modulus, level);
        let different = draw::distinct(stream, shown + level.answers, modulus);
        let (shown, asked) = different.split_at(shown);
        let examples = level.length.div_ceil(2) - level.answers;
        let again = (shown.len()..examples).map(|_| shown[stream.below(shown.len())]);
        let again: Vec<usize> = again.collect();
        let (mut tokens, mut targets) = (Vec::new(), Vec::new());
        for &x in shown.iter().chain(&again).chain(asked) {
            let value = (modulus + (factor * x + shift) % modulus) as u32;
            tokens.extend([x as u32, value]);
            targets.extend([Some(value), None]);
        }
        tokens.truncate(level.length);
        targets.truncate(level.length);
        Sample { tokens, targets }.last(level.answers)
    }
}
