use triaxis_random::Stream;

use crate::draw;
use crate::generator::{Generator, Published, Usual};
use crate::level::{Level, Sample};

/// Selective copying; an answer a token that is to be copied.
pub struct SelectiveCopying;

/// The token between those that are to be copied.
const NOISE: u32 = 0;
/// The token that asks for the next one.
const ASK: u32 = 1;
/// The first of those that are copied.
const FIRST: usize = 2;

impl SelectiveCopying {
    pub(super) const ABOUT: &str = "selective copying (Gu and Dao 2023, arXiv 2312.00752): tokens at random places of \
        noise, then as many questions, whose answers are those tokens in order. Guessing is the token that is to be \
        copied most often";
}

impl Generator for SelectiveCopying {
    fn usual(&self) -> Usual {
        Usual::new(16, [64, 8], [[64, 8], [128, 8], [256, 8]])
    }

    fn least_vocabulary(&self, _level: Level) -> usize {
        FIRST + 2
    }

    fn least_length(&self, answers: usize) -> usize {
        2 * answers
    }

    fn chance(&self, vocabulary: usize, level: Level) -> f64 {
        draw::most_frequent(level.answers, vocabulary - FIRST)
    }

    fn published(&self) -> &'static [Published] {
        const LEVEL: &str = "16 of 4,096 tokens";
        &[
            Published {
                model: "Mamba",
                accuracy: 0.998,
                level: LEVEL,
                source: "arXiv 2312.00752, table 1",
            },
            Published {
                model: "S4",
                accuracy: 0.183,
                level: LEVEL,
                source: "arXiv 2312.00752, table 1",
            },
            Published {
                model: "minGRU of 3 layers",
                accuracy: 0.995,
                level: LEVEL,
                source: "arXiv 2410.01201, table 1",
            },
        ]
    }

    fn draw(&self, vocabulary: usize, level: Level, stream: &mut Stream) -> Sample {
        let body = level.length - level.answers;
        let mut tokens = vec![NOISE; body];
        tokens.resize(level.length, ASK);
        let mut sample = Sample::of(tokens);
        let mut places = draw::distinct(stream, level.answers, body);
        places.sort_unstable();
        for (answer, place) in places.into_iter().enumerate() {
            let token = draw::token(stream, FIRST, vocabulary);
            sample.tokens[place] = token;
            sample.targets[body + answer] = Some(token);
        }
        sample
    }
}
