use std::path::Path;

use serde::{Deserialize, Serialize};
use triaxis_duplicates::{Document, Workspace};
use triaxis_filters::Check;
use triaxis_random::{Stream, key};
use triaxis_units::Bytes;

use super::{Copies, Finder, Found, Look, Step, Verdict, Work, read, write};
use crate::{CurationError, Recipe};

/// Documents dropped by chance: a placebo, which leaves less text and none that is better.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Random {
    /// Share of the text that stays: documents in the order of their draws, until it is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<f64>,
    /// In its place, how much text stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Bytes>,
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
        let refused = |message: String| Err(CurationError::input(message));
        match (self.keep, self.text) {
            (Some(keep), None) if !(keep > 0.0 && keep <= 1.0) => refused(format!(
                "`keep` is {keep}: it must be above 0 and at most 1, as it is the share of the text that stays"
            )),
            (None, Some(Bytes(0))) => {
                refused("`text` is 0: it must be above 0, as it is the text that stays".to_owned())
            }
            (Some(_), None) | (None, Some(_)) => Ok(()),
            _ => refused(
                "a random step has either `keep`, a share of the text, or `text`, an amount of it: write one"
                    .to_owned(),
            ),
        }
    }
}

/// Draws that are not told apart: a document of a hundredth of a thousandth of the text is.
const DRAWS: usize = 1 << 16;

impl Random {
    /// A text's draw, below [`DRAWS`].
    fn draw(&self, text: &str) -> usize {
        (Stream::new(key(self.seed, "random", 0), text, 0).uniform() * DRAWS as f64) as usize
    }
}

impl Copies for Random {
    fn finder(&self, _: &Workspace) -> Result<Option<Box<dyn Finder>>, CurationError> {
        Ok(Some(Box::new(Drawing {
            random: *self,
            text: vec![0; DRAWS],
        })))
    }

    fn found(&self, at: &Look<'_>) -> Result<Box<dyn Found>, CurationError> {
        Ok(Box::new(Drawn {
            random: *self,
            end: read(at.found)?,
        }))
    }
}

/// Bytes of text by draw.
struct Drawing {
    random: Random,
    text: Vec<u64>,
}

impl Finder for Drawing {
    fn add(&mut self, batch: &[Document<'_>]) -> Result<(), CurationError> {
        for document in batch {
            self.text[self.random.draw(document.text)] += document.text.len() as u64;
        }
        Ok(())
    }

    fn save(self: Box<Self>, path: &Path) -> Result<(), CurationError> {
        write(path, &self.text)
    }

    fn join(&mut self, saved: &Path) -> Result<(), CurationError> {
        let others: Vec<u64> = read(saved)?;
        for (text, other) in self.text.iter_mut().zip(others) {
            *text += other;
        }
        Ok(())
    }

    fn finish(self: Box<Self>, found: &Path) -> Result<(), CurationError> {
        let all = self.text.iter().sum::<u64>() as f64;
        let of_all = self.random.keep.map(|keep| keep * all);
        let mut left = self
            .random
            .text
            .map(|text| text.as_f64())
            .or(of_all)
            .unwrap_or(all);
        // The draw that passes the share stays where more of its text lies within than beyond.
        let stays = |text: &&u64| {
            let stays = left >= 0.5 * **text as f64;
            left -= **text as f64;
            stays
        };
        write(found, &self.text.iter().take_while(stays).count())
    }
}

/// The draw below which documents stay.
struct Drawn {
    random: Random,
    end: usize,
}

impl Found for Drawn {
    fn verdicts(&mut self, documents: &[Document<'_>]) -> Result<Vec<Verdict>, CurationError> {
        let verdict = |document: &Document<'_>| {
            let draw = self.random.draw(document.text);
            match draw < self.end {
                true => Verdict::Keep,
                false => Verdict::Drop {
                    check: Check::at_most("draw", draw as f64 / DRAWS as f64, self.end as f64 / DRAWS as f64),
                    copy_of: None,
                },
            }
        };
        Ok(documents.iter().map(verdict).collect())
    }
}
