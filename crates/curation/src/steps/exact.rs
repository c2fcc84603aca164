use std::path::Path;

use serde::{Deserialize, Serialize};
use triaxis_duplicates::exact::{self, Settings, Unit};
use triaxis_duplicates::{Document, Workspace};

use super::{Copies, Finder, Found, Step, Verdict, Work};
use crate::CurationError;
use crate::record::Bound;

/// What stands earlier in the corpus to the letter, removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Exact {
    /// What is compared and removed. A document of which nothing is left goes.
    pub unit: Unit,
    /// Units that must repeat together.
    pub span: usize,
}

impl Exact {
    pub(super) const ABOUT: &str =
        "documents, or their paragraphs, lines or sentences, that stand earlier in the corpus to the letter";

    fn settings(&self) -> Result<Settings, CurationError> {
        Ok(Settings::new(self.unit, self.span)?)
    }
}

impl Default for Exact {
    fn default() -> Self {
        let unit = Unit::Document;
        Self { unit, span: 1 }
    }
}

impl Step for Exact {
    fn label(&self) -> String {
        format!("exact {}", self.unit.name())
    }

    fn work(&self) -> Work<'_> {
        Work::Copies(self)
    }

    fn check(&self) -> Result<(), CurationError> {
        self.settings().map(drop)
    }
}

impl Copies for Exact {
    fn finder(&self, workspace: &Workspace) -> Result<Box<dyn Finder>, CurationError> {
        let settings = self.settings()?;
        let finder = exact::Finder::new(settings, workspace);
        Ok(Box::new(Looking { settings, finder }))
    }
}

struct Looking {
    settings: Settings,
    finder: exact::Finder,
}

impl Finder for Looking {
    fn add(&mut self, batch: &[Document<'_>]) -> Result<(), CurationError> {
        Ok(self.finder.add(batch)?)
    }

    fn finish(self: Box<Self>, path: &Path) -> Result<Box<dyn Found>, CurationError> {
        let Self { settings, finder } = *self;
        finder.finish(path, None)?;
        let found = exact::Found::open(path, settings)?;
        Ok(Box::new(Told { settings, found }))
    }
}

struct Told {
    settings: Settings,
    found: exact::Found,
}

impl Found for Told {
    fn verdict(&mut self, document: &Document<'_>) -> Result<Verdict, CurationError> {
        let removed = self.found.removed(document)?;
        if removed.is_empty() {
            return Ok(Verdict::Keep);
        }
        if self.settings.unit() == Unit::Document {
            return Ok(Verdict::Drop {
                reason: "earlier_copies",
                value: 1.0,
                bound: Bound::AtMost(0.0),
                copy_of: None,
            });
        }
        // The parts lie apart, so that one is all of the text where nothing is left.
        Ok(match removed.as_slice() {
            [all] if *all == (0..document.text.len()) => Verdict::Drop {
                reason: "bytes_left",
                value: 0.0,
                bound: Bound::AtLeast(1.0),
                copy_of: None,
            },
            _ => Verdict::Without(removed),
        })
    }
}
