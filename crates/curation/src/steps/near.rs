use std::path::Path;

use serde::{Deserialize, Serialize};
use triaxis_duplicates::minhash::{self, Settings};
use triaxis_duplicates::{Document, Workspace};

use super::{Copies, Finder, Found, Step, Verdict, Work};
use crate::CurationError;
use crate::record::Bound;

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

    fn check(&self) -> Result<(), CurationError> {
        Ok(self.0.check()?)
    }
}

impl Copies for Near {
    fn finder(&self, workspace: &Workspace) -> Result<Box<dyn Finder>, CurationError> {
        let finder = minhash::Finder::new(self.0, workspace)?;
        Ok(Box::new(Looking {
            settings: self.0,
            finder,
        }))
    }
}

struct Looking {
    settings: Settings,
    finder: minhash::Finder,
}

impl Finder for Looking {
    fn add(&mut self, batch: &[Document<'_>]) -> Result<(), CurationError> {
        Ok(self.finder.add(batch)?)
    }

    fn finish(self: Box<Self>, path: &Path) -> Result<Box<dyn Found>, CurationError> {
        let Self { settings, finder } = *self;
        finder.finish(None)?.cluster(path)?;
        Ok(Box::new(Told(minhash::Found::open(path, settings)?)))
    }
}

struct Told(minhash::Found);

impl Found for Told {
    fn verdict(&mut self, document: &Document<'_>) -> Result<Verdict, CurationError> {
        Ok(match self.0.verdict(document.position)? {
            minhash::Verdict::Copy { of } | minhash::Verdict::Known { of } => Verdict::Drop {
                reason: "earlier_near_copies",
                value: 1.0,
                bound: Bound::AtMost(0.0),
                copy_of: Some(of),
            },
            minhash::Verdict::Alone | minhash::Verdict::First => Verdict::Keep,
        })
    }
}
