use triaxis_random::Stream;

use crate::draw;
use crate::generator::{Generator, Usual};
use crate::level::{Level, Sample};

/// Multi-query associative recall; an answer a pair.
pub struct AssociativeRecall;

/// The power law of the gaps before queries: the weight of the n-th place is `n` to the power of one less than this.
const POWER: f64 = 0.01;

impl AssociativeRecall {
    pub(super) const ABOUT: &str = "multi-query associative recall (MQAR; Arora et al. 2023, Zoology, arXiv \
        2312.04927): pairs of a key and a value, then each key once more among random tokens, after gaps by a power law \
        of 0.01; the answer is its value. Keys are of the lower half of the vocabulary, values of the upper. Guessing is \
        one of the values that were shown";
}

impl Generator for AssociativeRecall {
    fn usual(&self) -> Usual {
        Usual {
            train: [[64, 4], [128, 8], [256, 16]].map(Level::from).into(),
            ..Usual::new(8192, [64, 4], [[64, 4], [128, 8], [256, 16]])
        }
    }

    fn least_vocabulary(&self, level: Level) -> usize {
        // Key 0 is none of them, as in Zoology.
        (2 * (level.answers + 1)).max(level.length + 1)
    }

    fn least_length(&self, answers: usize) -> usize {
        4 * answers
    }

    fn chance(&self, _vocabulary: usize, level: Level) -> f64 {
        1.0 / level.answers as f64
    }

    fn draw(&self, vocabulary: usize, level: Level, stream: &mut Stream) -> Sample {
        let (pairs, half) = (level.answers, vocabulary / 2);
        let keys = draw::distinct(stream, pairs, half - 1);
        let values = draw::distinct(stream, pairs, vocabulary - half);
        let tokens = (0..level.length).map(|_| draw::token(stream, 0, vocabulary));
        let mut sample = Sample::of(tokens.collect());
        let places = (level.length - 2 * pairs) / 2;
        let gaps = draw::weighted(stream, pairs, places, |gap| (gap as f64 + 1.0).powf(POWER - 1.0));
        for (pair, ((key, value), gap)) in keys.into_iter().zip(values).zip(gaps).enumerate() {
            let (key, value) = (key as u32 + 1, (half + value) as u32);
            sample.tokens[2 * pair] = key;
            sample.tokens[2 * pair + 1] = value;
            let query = 2 * pairs + 2 * gap;
            sample.tokens[query] = key;
            sample.targets[query] = Some(value);
        }
        sample
    }
}
