use std::path::Path;

use serde::{Deserialize, Serialize};
use triaxis_duplicates::{Document, Workspace};
use triaxis_random::{Stream, key};

use super::{Copies, Finder, Found, Look, Step, Verdict, Work, read_json, write_json};
use crate::record::Bound;
use crate::{CurationError, Recipe};

/// Documents dropped by chance: a placebo, which leaves less text and none that is better.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Random {
    /// Share of the text that stays: documents in the order of their draws, until it is reached.
    pub keep: f64,
    /// Draws the order: equal texts stand together in it.
    #[serde(default)]
    pub seed: u64,
}

impl Random {
    pub(super) const ABOUT: &str = "documents dropped by chance, whatever they hold: a placebo beside steps that are to make text better";
}

impl Step for Random {
    fn label(&self) -> String {
        "random".to_owned()
    }

    fn work(&self) -> Work<'_> {
        Work::Copies(self)
    }

    fn check(&self, _: &Recipe) -> Result<(), CurationError> {
        match self.keep > 0.0 && self.keep <= 1.0 {
            true => Ok(()),
            false => Err(CurationError::input(format!(
                "`keep` is {}: it must be above 0 and at most 1, as it is the share of the text that stays",
                self.keep
            ))),
        }
    }
}

impl Random {
    fn draw(&self, text: &str) -> u64 {
        Stream::new(key(self.seed, "random", 0), text, 0).bits()
    }
}

impl Copies for Random {
    fn finder(&self, _: &Workspace) -> Result<Option<Box<dyn Finder>>, CurationError> {
        Ok(Some(Box::new(Drawing {
            random: *self,
            draws: Vec::new(),
        })))
    }

    fn found(&self, at: &Look<'_>) -> Result<Box<dyn Found>, CurationError> {
        Ok(Box::new(Drawn {
            random: *self,
            most: read_json(at.found)?,
        }))
    }
}

/// Every document's draw, and its text in bytes.
struct Drawing {
    random: Random,
    draws: Vec<(u64, u64)>,
}

impl Finder for Drawing {
    fn add(&mut self, batch: &[Document<'_>]) -> Result<(), CurationError> {
        let draws = batch
            .iter()
            .map(|document| (self.random.draw(document.text), document.text.len() as u64));
        self.draws.extend(draws);
        Ok(())
    }

    fn save(self: Box<Self>, path: &Path) -> Result<(), CurationError> {
        write_json(path, &self.draws)
    }

    fn join(&mut self, saved: &Path) -> Result<(), CurationError> {
        self.draws.extend(read_json::<Vec<(u64, u64)>>(saved)?);
        Ok(())
    }

    fn know(&mut self, _: &Path) -> Result<(), CurationError> {
        Ok(())
    }

    fn index(self: Box<Self>, index: &Path) -> Result<(), CurationError> {
        write_json(index, &())
    }

    fn finish(self: Box<Self>, found: &Path) -> Result<(), CurationError> {
        let Self { random, mut draws } = *self;
        draws.sort_unstable();
        let all: u64 = draws.iter().map(|(_, bytes)| bytes).sum();
        let mut left = random.keep * all as f64;
        // The document that passes the share stays where more of it lies within than beyond.
        let stays = |(_, bytes): &&(u64, u64)| {
            let stays = left >= 0.5 * *bytes as f64;
            left -= *bytes as f64;
            stays
        };
        let most = draws.iter().take_while(stays).last().map_or(0, |(draw, _)| *draw);
        write_json(found, &most)
    }
}

/// The draw up to which documents stay.
struct Drawn {
    random: Random,
    most: u64,
}

impl Found for Drawn {
    fn verdicts(&mut self, documents: &[Document<'_>]) -> Result<Vec<Verdict>, CurationError> {
        let share = |draw: u64| draw as f64 / u64::MAX as f64;
        let verdict = |document: &Document<'_>| match self.random.draw(document.text) {
            draw if draw <= self.most => Verdict::Keep,
            draw => Verdict::Drop {
                reason: "draw",
                value: share(draw),
                bound: Bound::AtMost(share(self.most)),
                copy_of: None,
            },
        };
        Ok(documents.iter().map(verdict).collect())
    }
}
