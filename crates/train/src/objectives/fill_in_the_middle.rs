use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use triaxis_model::{Model, ModelError, Stack};
use triaxis_random::Stream;

use super::ObjectiveSpec;
use crate::config::rule;
use crate::data::Batch;
use crate::error::TrainError;
use crate::evaluate;
use crate::objective::{Noise, Objective};

/// Next tokens of documents some of which have their middle moved to the end: see `ABOUT`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FillInTheMiddle {
    /// The share of documents that are rearranged.
    pub rate: f64,
    /// Of these, the share in which the suffix comes first, before prefix and middle in one piece.
    pub suffix_first: f64,
}

impl Default for FillInTheMiddle {
    fn default() -> Self {
        Self {
            rate: 0.5,
            suffix_first: 0.5,
        }
    }
}

/// The tokens that tell the parts of a document, the last three of a vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sentinels {
    /// Before a prefix.
    pub prefix: i64,
    /// Before a suffix.
    pub suffix: i64,
    /// Before a middle.
    pub middle: i64,
}

impl Sentinels {
    /// How many they are.
    const COUNT: usize = 3;

    /// Those of a vocabulary of so many tokens, themselves included.
    pub fn of(vocabulary: usize) -> Self {
        let first = (vocabulary - Self::COUNT) as i64;
        Self {
            prefix: first,
            suffix: first + 1,
            middle: first + 2,
        }
    }
}

impl FillInTheMiddle {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Fill-in-the-middle (Bavarian et al. 2022, arXiv 2207.14255): half of the documents, or \
        what of them is in a sequence, are cut at two places drawn at random and put in another order, half of these as \
        PRE prefix SUF suffix MID middle, the others as PRE SUF suffix MID prefix middle; what no longer fits a sequence is \
        left out of it. The loss is that of all next tokens, those of prefix and suffix and the marks too, as there, so that \
        nothing is lost from left to right; places are between tokens, not characters. Its loss on text is that of next \
        tokens among those that are no marks.";

    /// Whether a model is to be asked for a middle with the suffix first: where it saw as many documents in that order, which
    /// leaves the middle beside the prefix (Bavarian et al. 2022, section 4.3).
    pub fn is_suffix_first(&self) -> bool {
        self.suffix_first >= 0.5
    }

    /// A sequence with some of its documents, each of which but the last ends with `end`, rearranged, as long as before.
    fn rearranged(
        &self,
        window: &[i64],
        end: Option<i64>,
        sentinels: Sentinels,
        stream: &mut Stream,
    ) -> Vec<i64> {
        let mut moved = Vec::with_capacity(window.len() + Sentinels::COUNT);
        for document in window.split_inclusive(|&token| Some(token) == end) {
            let (text, ending) = match document.split_last() {
                Some((&last, text)) if Some(last) == end => (text, &document[text.len()..]),
                _ => (document, &[][..]),
            };
            if stream.uniform() < self.rate {
                self.rearrange(text, sentinels, stream, &mut moved);
            } else {
                moved.extend(text);
            }
            moved.extend(ending);
        }
        moved.truncate(window.len());
        moved
    }

    /// Adds a document in another order.
    fn rearrange(&self, text: &[i64], sentinels: Sentinels, stream: &mut Stream, moved: &mut Vec<i64>) {
        let mut cut = || stream.below(text.len() + 1);
        let (one, other) = (cut(), cut());
        let (prefix, rest) = text.split_at(one.min(other));
        let (middle, suffix) = rest.split_at(one.max(other) - prefix.len());
        moved.push(sentinels.prefix);
        if stream.uniform() < self.suffix_first {
            moved.push(sentinels.suffix);
            moved.extend(suffix);
            moved.push(sentinels.middle);
            moved.extend(prefix);
        } else {
            moved.extend(prefix);
            moved.push(sentinels.suffix);
            moved.extend(suffix);
            moved.push(sentinels.middle);
        }
        moved.extend(middle);
    }
}

impl Objective for FillInTheMiddle {
    fn numerics(&self) -> u32 {
        1
    }

    fn examples(&self) -> Vec<ObjectiveSpec> {
        let all = Self {
            rate: 1.0,
            suffix_first: 0.0,
        };
        [Self::default(), all].map(ObjectiveSpec::FillInTheMiddle).into()
    }

    fn marks(&self) -> usize {
        Sentinels::COUNT
    }

    fn validate(&self, _: &Stack) -> Result<(), TrainError> {
        rule(
            self.rate > 0.0 && self.rate <= 1.0,
            "objective.rate",
            self.rate,
            || {
                let remedy = "the usual is 0.5; for no documents, take the objective \"next-token\"";
                ("must be above 0 and at most 1".into(), remedy.into())
            },
        )?;
        let share = self.suffix_first;
        rule(
            (0.0..=1.0).contains(&share),
            "objective.suffix_first",
            share,
            || ("must be from 0 to 1".into(), "the usual is 0.5".into()),
        )
    }

    fn cost(
        &self,
        model: &Model,
        batch: &Batch,
        noise: Noise,
        device: &Device,
    ) -> Result<Tensor<1>, ModelError> {
        let mut stream = noise.stream("fill in the middle");
        let sentinels = Sentinels::of(model.stack().vocabulary);
        let end = batch.end_of_text.map(i64::from);
        let rearranged = batch.changed(|window| self.rearranged(window, end, sentinels, &mut stream));
        evaluate::loss(model, &rearranged, device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENTINELS: Sentinels = Sentinels {
        prefix: 97,
        suffix: 98,
        middle: 99,
    };

    /// The document that a rearranged one was.
    fn restored(moved: &[i64]) -> Vec<i64> {
        let place = |mark: i64| moved.iter().position(|&token| token == mark).unwrap();
        let (suffix, middle) = (place(SENTINELS.suffix), place(SENTINELS.middle));
        assert_eq!(moved[0], SENTINELS.prefix);
        assert!(suffix < middle);
        let [prefix, suffix, rest] = [
            &moved[1..suffix],
            &moved[suffix + 1..middle],
            &moved[middle + 1..],
        ];
        [prefix, rest, suffix].concat()
    }

    #[test]
    fn parts_in_either_order_are_the_document() {
        let text: Vec<i64> = (0..9).collect();
        // Two places of ten each are 55 pairs; where the suffix comes first only its place is seen.
        for (suffix_first, orders) in [(0.0, 50..=55), (1.0, 10..=10)] {
            let mut seen = std::collections::BTreeSet::new();
            let settings = FillInTheMiddle {
                rate: 1.0,
                suffix_first,
            };
            for step in 0..400 {
                let (mut stream, mut moved) = (Stream::new(1, "test", step), Vec::new());
                settings.rearrange(&text, SENTINELS, &mut stream, &mut moved);
                assert_eq!(moved.len(), text.len() + 3);
                assert_eq!(restored(&moved), text);
                if suffix_first == 1.0 {
                    assert_eq!(moved[1], SENTINELS.suffix);
                }
                seen.insert(moved);
            }
            assert!(orders.contains(&seen.len()), "{}", seen.len());
        }
    }

    #[test]
    fn documents_are_rearranged_by_themselves_and_keep_their_ends() {
        let settings = FillInTheMiddle {
            rate: 1.0,
            suffix_first: 0.5,
        };
        let window = [1, 2, 3, 50, 4, 5, 50, 6, 7, 8, 9];
        let moved = settings.rearranged(&window, Some(50), SENTINELS, &mut Stream::new(2, "test", 0));
        assert_eq!(moved.len(), window.len());
        let documents: Vec<&[i64]> = moved.split(|&token| token == 50).collect();
        assert_eq!(restored(documents[0]), [1, 2, 3]);
        // Six marks have come, so that of the second document the end does not fit, nor the third.
        assert_eq!(documents[1].len(), window.len() - 7);
    }

    #[test]
    fn as_many_documents_are_rearranged_as_the_rate_says() {
        let settings = FillInTheMiddle {
            rate: 0.3,
            suffix_first: 0.5,
        };
        let window: Vec<i64> = [1, 2, 50].repeat(1000);
        let moved = settings.rearranged(&window, Some(50), SENTINELS, &mut Stream::new(3, "test", 0));
        let marks = moved.iter().filter(|&&token| token == SENTINELS.prefix).count();
        let whole = moved.iter().filter(|&&token| token == 50).count();
        let rate = marks as f64 / whole as f64;
        assert!((0.25..0.35).contains(&rate), "{rate}");
        let unknown = settings.rearranged(&[1, 2, 3], None, SENTINELS, &mut Stream::new(4, "test", 0));
        assert_eq!(unknown.len(), 3);
    }
}
