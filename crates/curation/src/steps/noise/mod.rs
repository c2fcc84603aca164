//! Text made worse on purpose, so that what a recipe finds can be held against what is known: one file, one `mod` line
//! and one line of the registry below for each harm.

mod boilerplate;
mod near_copy;
mod shuffled_words;

use std::path::Path;

use serde::{Deserialize, Serialize};
use triaxis_duplicates::{Document, Workspace};
use triaxis_random::{Stream, key};

use super::{Copies, Finder, Found, Look, Step, Verdict, Work, read, write};
use crate::{CurationError, Recipe};
use boilerplate::Boilerplate;
use near_copy::NearCopy;
use shuffled_words::ShuffledWords;

triaxis_names::registry! {
    /// What is done to a document.
    pub enum Harm as damage: Damage {
        ShuffledWords = "shuffled-words",
        Boilerplate = "boilerplate",
        NearCopy = "near-copy",
    }
}

/// What a registry line says of a harm.
pub(crate) trait Damage {
    /// The text that takes the place of `text`; `models` are some documents of the corpus, of which there may be none.
    fn damaged(&self, text: &str, models: &[String], stream: &mut Stream) -> String;
}

/// Documents that near copies are made of.
const MODELS: usize = 8;
/// Bytes of such a document.
const OF_A_MODEL: std::ops::RangeInclusive<usize> = 1 << 10..=16 << 10;

/// Noise planted by chance: a share of the documents, each with one harm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noise {
    /// Share of the documents that are harmed.
    pub share: f64,
    /// How, each as often as the others.
    #[serde(default = "all")]
    pub harms: Vec<Harm>,
    /// Draws which, and how.
    #[serde(default)]
    pub seed: u64,
}

fn all() -> Vec<Harm> {
    Harm::ALL.to_vec()
}

impl Noise {
    pub(super) const ABOUT: &str = "noise planted by chance, of which one knows where it is: words shuffled, boilerplate, near copies of some \
         documents in the place of others";

    fn stream(&self, text: &str) -> Stream {
        Stream::new(key(self.seed, "noise", 0), text, 0)
    }
}

impl Step for Noise {
    fn label(&self) -> String {
        "noise".to_owned()
    }

    fn work(&self) -> Work<'_> {
        Work::Copies(self)
    }

    fn check(&self, _: &Recipe) -> Result<(), CurationError> {
        if !(self.share > 0.0 && self.share <= 1.0) {
            return Err(CurationError::input(format!(
                "`share` is {}: it must be above 0 and at most 1, as it is the share of the documents that are harmed",
                self.share
            )));
        }
        if self.harms.is_empty() {
            let names: Vec<&str> = Harm::ALL.iter().map(|harm| harm.name()).collect();
            return Err(CurationError::input(format!(
                "`harms = []`: name one or more of {}",
                names.join(", ")
            )));
        }
        Ok(())
    }
}

impl Copies for Noise {
    fn finder(&self, _: &Workspace) -> Result<Option<Box<dyn Finder>>, CurationError> {
        Ok(Some(Box::new(Planting {
            seed: self.seed,
            models: Vec::new(),
        })))
    }

    fn found(&self, at: &Look<'_>) -> Result<Box<dyn Found>, CurationError> {
        Ok(Box::new(Planted {
            noise: self.clone(),
            models: read(at.found)?,
        }))
    }
}

/// The documents that near copies are made of: those drawn lowest, in that order.
struct Planting {
    seed: u64,
    models: Vec<(u64, String)>,
}

impl Planting {
    fn offer(&mut self, drawn: u64, text: &str) {
        let place = self.models.partition_point(|(other, _)| *other < drawn);
        let is_there = self.models.get(place).is_some_and(|(other, _)| *other == drawn);
        if place < MODELS && !is_there {
            self.models.insert(place, (drawn, text.to_owned()));
            self.models.truncate(MODELS);
        }
    }
}

impl Finder for Planting {
    fn add(&mut self, batch: &[Document<'_>]) -> Result<(), CurationError> {
        for document in batch.iter().filter(|of| OF_A_MODEL.contains(&of.text.len())) {
            self.offer(key(self.seed, document.text, 1), document.text);
        }
        Ok(())
    }

    fn save(self: Box<Self>, path: &Path) -> Result<(), CurationError> {
        write(path, &self.models)
    }

    fn join(&mut self, saved: &Path) -> Result<(), CurationError> {
        let others: Vec<(u64, String)> = read(saved)?;
        others.iter().for_each(|(drawn, text)| self.offer(*drawn, text));
        Ok(())
    }

    fn finish(self: Box<Self>, found: &Path) -> Result<(), CurationError> {
        let models: Vec<String> = self.models.into_iter().map(|(_, text)| text).collect();
        write(found, &models)
    }
}

struct Planted {
    noise: Noise,
    models: Vec<String>,
}

impl Planted {
    fn verdict(&self, text: &str) -> Verdict {
        let mut stream = self.noise.stream(text);
        if stream.uniform() >= self.noise.share {
            return Verdict::Keep;
        }
        let harm = *one_of(&self.noise.harms, &mut stream);
        Verdict::Edit(harm.damage().damaged(text, &self.models, &mut stream))
    }
}

impl Found for Planted {
    fn verdicts(&mut self, documents: &[Document<'_>]) -> Result<Vec<Verdict>, CurationError> {
        let texts = documents.iter().map(|document| document.text);
        Ok(texts.map(|text| self.verdict(text)).collect())
    }
}

/// One of some things, which are not none.
fn one_of<'a, T>(all: &'a [T], stream: &mut Stream) -> &'a T {
    &all[stream.below(all.len())]
}

/// Where the words of a text lie.
fn words(text: &str) -> Vec<std::ops::Range<usize>> {
    let start = text.as_ptr() as usize;
    text.split_whitespace()
        .map(|word| {
            let from = word.as_ptr() as usize - start;
            from..from + word.len()
        })
        .collect()
}

/// A text with others in the place of its words, and what lies between them as it was.
fn replaced<'t>(
    text: &'t str,
    places: &[std::ops::Range<usize>],
    words: impl Iterator<Item = &'t str>,
) -> String {
    let (mut made, mut after) = (String::with_capacity(text.len()), 0);
    for (place, word) in places.iter().zip(words) {
        made.push_str(&text[after..place.start]);
        made.push_str(word);
        after = place.end;
    }
    made.push_str(&text[after..]);
    made
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const TEXT: &str = "One two,\n\nthree  four five. Größe six\n";

    fn sorted(text: &str) -> Vec<&str> {
        let mut words: Vec<&str> = text.split_whitespace().collect();
        words.sort_unstable();
        words
    }

    fn done(harm: Harm, text: &str, models: &[String]) -> String {
        harm.damage()
            .damaged(text, models, &mut Stream::new(1, "test", 0))
    }

    #[test]
    fn shuffled_words_are_the_same_words_on_the_same_lines() {
        let shuffled = done(Harm::ShuffledWords, TEXT, &[]);
        assert_ne!(shuffled, TEXT);
        assert_eq!(sorted(&shuffled), sorted(TEXT));
        let lines = |text: &str| {
            text.lines()
                .map(|line| line.split(' ').count())
                .collect::<Vec<_>>()
        };
        assert_eq!(lines(&shuffled), lines(TEXT));
    }

    #[test]
    fn boilerplate_is_as_long_as_what_it_replaces() {
        for length in [0, 1, 100, 5000] {
            let made = done(Harm::Boilerplate, &"x".repeat(length), &[]);
            assert!(
                (length..length + 200).contains(&made.len()),
                "{} for {length}",
                made.len()
            );
        }
    }

    #[test]
    fn a_near_copy_differs_from_its_model_in_a_word_of_a_hundred() {
        let model: String = (0..400).map(|word| format!("word{word} ")).collect();
        let copy = done(Harm::NearCopy, TEXT, std::slice::from_ref(&model));
        let changed = copy
            .split(' ')
            .zip(model.split(' '))
            .filter(|(one, other)| one != other)
            .count();
        assert!((1..=4).contains(&changed), "{changed}");
        assert_eq!(done(Harm::NearCopy, TEXT, &[]), TEXT);
        assert_eq!(done(Harm::NearCopy, TEXT, &[String::new()]), "");
    }

    #[test]
    fn models_are_the_same_whatever_the_batches() {
        let texts: Vec<String> = (0..40)
            .map(|number| format!("{number} {}", "a b ".repeat(300)))
            .collect();
        let models = |batch: usize| {
            let mut planting = Planting {
                seed: 3,
                models: Vec::new(),
            };
            for texts in texts.chunks(batch) {
                let position = triaxis_duplicates::Position { file: 0, record: 0 };
                let documents: Vec<_> = texts.iter().map(|text| Document { position, text }).collect();
                planting.add(&documents).unwrap();
            }
            planting.models
        };
        assert_eq!(models(1), models(40));
        assert_eq!(models(7).len(), MODELS);
    }
}
