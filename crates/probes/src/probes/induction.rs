use triaxis_random::Stream;

use crate::draw;
use crate::generator::{Generator, Usual};
use crate::level::{Level, Sample};

/// An induction head's work; one answer, at the end.
pub struct Induction;

/// The token that is seen twice.
const TRIGGER: u32 = 0;

impl Induction {
    pub(super) const ABOUT: &str = "induction heads (Gu and Dao 2023, arXiv 2312.00752): a trigger at a random place \
        of random tokens, and again at the end, where the answer is what followed it. Guessing is the random token \
        that a sequence has most of";
}

impl Generator for Induction {
    fn usual(&self) -> Usual {
        Usual::new(16, [64, 1], [[64, 1], [128, 1], [256, 1], [512, 1]])
    }

    fn least_vocabulary(&self, _level: Level) -> usize {
        3
    }

    fn least_length(&self, _answers: usize) -> usize {
        3
    }

    fn most_answers(&self) -> usize {
        1
    }

    fn chance(&self, vocabulary: usize, level: Level) -> f64 {
        // All but the two triggers.
        draw::most_frequent(level.length - 2, vocabulary - 1)
    }

    fn draw(&self, vocabulary: usize, level: Level, stream: &mut Stream) -> Sample {
        let last = level.length - 1;
        let tokens = (0..level.length).map(|_| draw::token(stream, 1, vocabulary));
        let mut sample = Sample::of(tokens.collect());
        let place = stream.below(last - 1);
        sample.tokens[place] = TRIGGER;
        sample.tokens[last] = TRIGGER;
        sample.targets[last] = Some(sample.tokens[place + 1]);
        sample
    }
}
