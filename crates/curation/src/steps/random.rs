use std::path::Path;

use serde::{Deserialize, Serialize};
use triaxis_duplicates::{Document, Workspace};
use triaxis_random::{Stream, key};

use super::{Copies, Finder, Found, Step, Verdict, Work, nothing_found};
use crate::CurationError;
use crate::record::Bound;

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

    fn check(&self) -> Result<(), CurationError> {
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
    fn draw(&self, text: &str) -> f64 {
        Stream::new(key(self.seed, "random", 0), text, 0).uniform()
    }
}

impl Copies for Random {
    fn finder(&self, _: &Workspace) -> Result<Box<dyn Finder>, CurationError> {
        Ok(Box::new(Drawing {
            random: *self,
            draws: Vec::new(),
        }))
    }
}

/// Every document's draw, and its text in bytes.
struct Drawing {
    random: Random,
    draws: Vec<(f64, usize)>,
}

impl Finder for Drawing {
    fn add(&mut self, batch: &[Document<'_>]) -> Result<(), CurationError> {
        let draws = batch
            .iter()
            .map(|document| (self.random.draw(document.text), document.text.len()));
        self.draws.extend(draws);
        Ok(())
    }

    fn finish(self: Box<Self>, path: &Path) -> Result<Box<dyn Found>, CurationError> {
        nothing_found(path)?;
        let Self { random, mut draws } = *self;
        draws.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
        let all: usize = draws.iter().map(|(_, bytes)| bytes).sum();
        let mut left = random.keep * all as f64;
        // The document that passes the share stays where more of it lies within than beyond.
        let stays = |(_, bytes): &&(f64, usize)| {
            let stays = left >= 0.5 * *bytes as f64;
            left -= *bytes as f64;
            stays
        };
        let most = draws
            .iter()
            .take_while(stays)
            .last()
            .map_or(0.0, |(draw, _)| *draw);
        Ok(Box::new(Drawn { random, most }))
    }
}

/// The draw up to which documents stay.
struct Drawn {
    random: Random,
    most: f64,
}

impl Found for Drawn {
    fn verdict(&mut self, document: &Document<'_>) -> Result<Verdict, CurationError> {
        let value = self.random.draw(document.text);
        Ok(match value <= self.most {
            true => Verdict::Keep,
            false => Verdict::Drop {
                reason: "draw",
                value,
                bound: Bound::AtMost(self.most),
                copy_of: None,
            },
        })
    }
}
