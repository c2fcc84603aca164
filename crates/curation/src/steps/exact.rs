use std::path::Path;

use serde::{Deserialize, Serialize};
use triaxis_duplicates::exact::{self, Settings, Unit};
use triaxis_duplicates::{Document, Workspace};
use triaxis_filters::Check;
use triaxis_words::{Splitter, Words};

use super::{Copies, Finder, Found, Look, Step, Verdict, Work};
use crate::{CurationError, Recipe};

/// What stands earlier in the corpus to the letter, removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Exact {
    /// What is compared and removed. A document of which nothing is left goes.
    pub unit: Unit,
    /// Units that must repeat together.
    pub span: usize,
    /// A document of which fewer words are left than this goes, if any of it was removed. With runs of three sentences
    /// datatrove has 50.
    #[serde(skip_serializing_if = "is_none")]
    pub least_words: usize,
}

fn is_none(words: &usize) -> bool {
    *words == 0
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
        Self {
            unit: Unit::Document,
            span: 1,
            least_words: 0,
        }
    }
}

impl Step for Exact {
    fn label(&self) -> String {
        format!("exact {}", self.unit.name())
    }

    fn work(&self) -> Work<'_> {
        Work::Copies(self)
    }

    fn check(&self, _: &Recipe) -> Result<(), CurationError> {
        self.settings().map(drop)
    }
}

impl Copies for Exact {
    fn finder(&self, workspace: &Workspace) -> Result<Option<Box<dyn Finder>>, CurationError> {
        let finder = exact::Finder::new(self.settings()?, workspace);
        Ok(Some(Box::new(Looking(finder))))
    }

    fn found(&self, at: &Look<'_>) -> Result<Box<dyn Found>, CurationError> {
        let found = exact::Found::open(at.found, self.settings()?)?;
        Ok(Box::new(Told {
            step: *self,
            found,
            words: Words::new(),
        }))
    }
}

struct Looking(exact::Finder);

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
        // What stands twice there is of no interest here.
        let found = index.with_extension("found");
        self.0.finish(&found, Some(index))?;
        std::fs::remove_file(&found).map_err(CurationError::io("remove", &found))
    }

    fn finish(self: Box<Self>, found: &Path) -> Result<(), CurationError> {
        Ok(self.0.finish(found, None).map(drop)?)
    }
}

struct Told {
    step: Exact,
    found: exact::Found,
    words: Words,
}

impl Told {
    fn verdict(&mut self, document: &Document<'_>) -> Result<Verdict, CurationError> {
        let removed = self.found.removed(document)?;
        if self.step.unit == Unit::Document && !removed.is_empty() {
            return Ok(Verdict::Drop {
                check: Check::at_most(
                    match self.found.is_known(document.position)? {
                        true => "copies_of_another_corpus",
                        false => "earlier_copies",
                    },
                    1.0,
                    0.0,
                ),
                copy_of: None,
            });
        }
        let verdict = Verdict::without(document.text, removed);
        if let Verdict::Edit(left) = &verdict
            && self.step.least_words > 0
        {
            let words = self.words.split(Splitter::English, left).words().len();
            if words < self.step.least_words {
                return Ok(Verdict::Drop {
                    check: Check::at_least("words_left", words as f64, self.step.least_words as f64),
                    copy_of: None,
                });
            }
        }
        Ok(verdict)
    }
}

impl Found for Told {
    fn verdicts(&mut self, documents: &[Document<'_>]) -> Result<Vec<Verdict>, CurationError> {
        documents.iter().map(|document| self.verdict(document)).collect()
    }
}
