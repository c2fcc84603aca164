//! Examples, each once, on the side where all its copies are.

use std::collections::hash_map::Entry;

use ahash::AHashMap;
use serde::Serialize;
use triaxis_host::Kind;
use triaxis_random::mix;

use crate::ClassifierError;
use crate::fasttext::tokens;

/// Fewest different examples of a class: a tenth of them calibrates, and a fifth measures.
const LEAST: usize = 200;

/// Which kind of text an example is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// As wanted.
    Good,
    /// As it comes.
    Bad,
}

/// A text of which the class is known.
#[derive(Debug)]
pub(super) struct Example {
    pub(super) text: String,
    pub(super) class: Class,
}

/// Texts of which the class is known, by a hash of their words.
#[derive(Debug, Default)]
pub struct Examples {
    texts: Vec<Example>,
    places: AHashMap<[u8; 32], usize>,
    hashes: Vec<[u8; 32]>,
    is_both: Vec<bool>,
    counts: Counts,
}

/// What became of examples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Texts given as good.
    pub good: usize,
    /// Texts given as bad.
    pub bad: usize,
    /// Of both together, copies of another of their class, which count once.
    pub copies: usize,
    /// Texts given as good and as bad, left out.
    pub in_both: usize,
    /// Good and bad texts to learn from.
    pub train: [usize; 2],
    /// Good and bad texts by which probabilities are calibrated.
    pub calibrate: [usize; 2],
    /// Good and bad texts by which the classifier is measured.
    pub test: [usize; 2],
}

/// Examples to learn from, and those held out.
pub(super) struct Sides {
    pub(super) train: Vec<Example>,
    pub(super) calibrate: Vec<Example>,
    pub(super) test: Vec<Example>,
}

impl Examples {
    /// Adds a text. One of the same words is a copy.
    pub fn add(&mut self, text: &str, class: Class) {
        match class {
            Class::Good => self.counts.good += 1,
            Class::Bad => self.counts.bad += 1,
        }
        let mut hasher = blake3::Hasher::new();
        for token in tokens(text) {
            hasher.update(token).update(b" ");
        }
        let hash = *hasher.finalize().as_bytes();
        match self.places.entry(hash) {
            Entry::Occupied(place) => {
                let place = *place.get();
                match self.texts[place].class == class {
                    true => self.counts.copies += 1,
                    false => self.is_both[place] = true,
                }
            }
            Entry::Vacant(place) => {
                place.insert(self.texts.len());
                let text = text.to_owned();
                self.texts.push(Example { text, class });
                self.hashes.push(hash);
                self.is_both.push(false);
            }
        }
    }

    /// A tenth to calibrate by and a fifth to measure by, drawn by the texts' hashes.
    pub(super) fn sides(self, seed: u64) -> Result<(Sides, Counts), ClassifierError> {
        let mut counts = self.counts;
        counts.in_both = self.is_both.iter().filter(|is_both| **is_both).count();
        let mut sides = Sides {
            train: Vec::new(),
            calibrate: Vec::new(),
            test: Vec::new(),
        };
        for ((example, hash), is_both) in self.texts.into_iter().zip(self.hashes).zip(self.is_both) {
            if is_both {
                continue;
            }
            let [first, ..] = hash.as_chunks::<8>().0 else {
                continue;
            };
            let class = usize::from(example.class == Class::Bad);
            let (side, count) = match mix(seed ^ u64::from_le_bytes(*first)) % 10 {
                0 => (&mut sides.calibrate, &mut counts.calibrate),
                1 | 2 => (&mut sides.test, &mut counts.test),
                _ => (&mut sides.train, &mut counts.train),
            };
            count[class] += 1;
            side.push(example);
        }
        for (class, name) in ["good", "bad"].into_iter().enumerate() {
            let all = counts.train[class] + counts.calibrate[class] + counts.test[class];
            if all < LEAST {
                return Err(ClassifierError::new(
                    Kind::Unanswered,
                    format!(
                        "{all} different {name} texts (copies count once, and what is good and bad counts for nothing), \
                         and {LEAST} are the fewest that a classifier can be trained and measured on: give more"
                    ),
                ));
            }
        }
        Ok((sides, counts))
    }
}
