use std::path::Path;

use serde::{Deserialize, Serialize};
use triaxis_duplicates::minhash::{self, Settings};
use triaxis_duplicates::{Document, Workspace};
use triaxis_filters::Check;

use super::{Copies, Finder, Found, Look, Step, Verdict, Work};
use crate::{CurationError, Recipe};

/// Likenesses at which it is told how often near copies are found.
const LIKENESSES: [f64; 5] = [0.5, 0.6, 0.7, 0.8, 0.9];

/// Documents that share most of their runs of words with an earlier one, dropped. Defaults are datatrove's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Near(pub Settings);

impl Near {
    pub(super) const ABOUT: &str = "near copies by MinHash: documents that share most of their runs of words with an \
                                    earlier one (Broder 1997), as datatrove finds them";
}

impl Step for Near {
    fn label(&self) -> String {
        "near copies".to_owned()
    }

    fn work(&self) -> Work<'_> {
        Work::Copies(self)
    }

    fn check(&self, _: &Recipe) -> Result<(), CurationError> {
        Ok(self.0.check()?)
    }

    fn told(&self) -> Option<String> {
        let chances = LIKENESSES.map(|likeness| {
            let percent = 100.0 * self.0.chance(likeness);
            format!("{percent:.0}% by {likeness}")
        });
        Some(format!(
            "finds of documents that are alike {}, and half of those by {:.2}",
            chances.join(", "),
            self.0.threshold()
        ))
    }
}

impl Copies for Near {
    fn finder(&self, workspace: &Workspace) -> Result<Option<Box<dyn Finder>>, CurationError> {
        let finder = minhash::Finder::new(self.0, workspace)?;
        Ok(Some(Box::new(Looking(finder))))
    }

    fn found(&self, at: &Look<'_>) -> Result<Box<dyn Found>, CurationError> {
        Ok(Box::new(Told(minhash::Found::open(at.found, self.0)?)))
    }
}

struct Looking(minhash::Finder);

impl Finder for Looking {
    fn add(&mut self, batch: &[Document<'_>]) -> Result<(), CurationError> {
        Ok(self.0.add(batch)?)
    }

    fn save(self: Box<Self>, path: &Path) -> Result<(), CurationError> {
        Ok(self.0.save(path)?)
    }

    fn join(&mut self, saved: &Path) -> Result<(), CurationError> {
        Ok(self.0.join(saved)?)
    }

    fn know(&mut self, index: &Path) -> Result<(), CurationError> {
        Ok(self.0.know(index)?)
    }

    fn index(self: Box<Self>, index: &Path) -> Result<(), CurationError> {
        Ok(self.0.finish(Some(index)).map(drop)?)
    }

    fn finish(self: Box<Self>, found: &Path) -> Result<(), CurationError> {
        Ok(self.0.finish(None)?.cluster(found).map(drop)?)
    }
}

struct Told(minhash::Found);

impl Told {
    fn verdict(&mut self, document: &Document<'_>) -> Result<Verdict, CurationError> {
        let (reason, copy_of) = match self.0.verdict(document.position)? {
            minhash::Verdict::Alone | minhash::Verdict::First => return Ok(Verdict::Keep),
            minhash::Verdict::Copy { of } => ("earlier_near_copies", Some(of)),
            minhash::Verdict::Known { .. } => ("near_copies_of_another_corpus", None),
        };
        Ok(Verdict::Drop {
            check: Check::at_most(reason, 1.0, 0.0),
            copy_of,
        })
    }
}

impl Found for Told {
    fn verdicts(&mut self, documents: &[Document<'_>]) -> Result<Vec<Verdict>, CurationError> {
        documents.iter().map(|document| self.verdict(document)).collect()
    }
}
