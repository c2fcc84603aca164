use triaxis_random::Stream;

use crate::draw;
use crate::generator::{Generator, Usual};
use crate::level::{Level, Sample};

/// Needles in a haystack; an answer a needle.
pub struct Needle;

impl Needle {
    pub(super) const ABOUT: &str = "needles in a haystack (as in RULER, Hsieh et al. 2024, arXiv 2404.06654): pairs of \
        a key and a value at random places of other tokens, and at the end every key, whose answer is its value. Keys \
        are of the lower half of the vocabulary, values and hay of the upper, so that nothing tells them but the key. \
        No two needles have one value, and guessing is the value of any of them";
}

impl Generator for Needle {
    fn usual(&self) -> Usual {
        Usual::new(64, [128, 2], [[64, 2], [128, 2], [256, 2], [512, 2]])
    }

    fn least_vocabulary(&self, level: Level) -> usize {
        (2 * level.answers).max(4)
    }

    fn least_length(&self, answers: usize) -> usize {
        3 * answers
    }

    fn chance(&self, _vocabulary: usize, level: Level) -> f64 {
        1.0 / level.answers as f64
    }

    fn draw(&self, vocabulary: usize, level: Level, stream: &mut Stream) -> Sample {
        let (needles, half) = (level.answers, vocabulary / 2);
        let keys = draw::distinct(stream, needles, half);
        let values = draw::distinct(stream, needles, vocabulary - half);
        let asked = draw::distinct(stream, needles, needles);
        let tokens = (0..level.length).map(|_| draw::token(stream, half, vocabulary));
        let mut sample = Sample::of(tokens.collect());
        let body = level.length - needles;
        // Places of a haystack in which a needle is as wide as a straw; each needle before moves one by one more.
        let mut places = draw::distinct(stream, needles, body - needles);
        places.sort_unstable();
        let places: Vec<usize> = (0..needles).map(|needle| places[needle] + needle).collect();
        for (place, (key, value)) in places.iter().zip(keys.iter().zip(&values)) {
            sample.tokens[*place] = *key as u32;
            sample.tokens[place + 1] = (half + value) as u32;
        }
        for (question, needle) in asked.into_iter().enumerate() {
            sample.tokens[body + question] = keys[needle] as u32;
            sample.targets[body + question] = Some((half + values[needle]) as u32);
        }
        sample
    }
}
