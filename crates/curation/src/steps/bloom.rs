use std::path::Path;

use serde::{Deserialize, Serialize};
use triaxis_duplicates::bloom::{Filter, Judged, Settings};
use triaxis_duplicates::exact::Unit;
use triaxis_duplicates::{Document, Workspace};
use triaxis_filters::Check;

use super::{Copies, Found, Look, Step, Verdict, Work};
use crate::{CurationError, Recipe};

/// Bytes of text that have a run of words of their own, where no number of runs is given: words are longer.
const BYTES_A_RUN: u64 = 5;

/// Documents or paragraphs most of whose runs of words stand earlier, removed. Defaults are DCLM's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bloom {
    /// What is judged and removed.
    pub unit: Unit,
    /// Words of a run. What has fewer is kept.
    pub words: usize,
    /// Share of its runs from which on a unit is removed.
    pub share: f64,
    /// Share of new runs that are taken for known ones.
    pub false_positives: f64,
    /// Different runs that are expected, about one a word; one for five bytes of the text that comes to the step if left
    /// out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs: Option<u64>,
}

impl Bloom {
    pub(super) const ABOUT: &str = "documents or paragraphs most of whose runs of words stand earlier, by a Bloom filter \
                                    (Bloom 1970), as DCLM removes them";

    fn settings(&self, runs: u64) -> Settings {
        Settings {
            words: self.words,
            share: self.share,
            false_positives: self.false_positives,
            ..Settings::dclm(self.unit, runs)
        }
    }
}

impl Default for Bloom {
    fn default() -> Self {
        let settings = Settings::dclm(Unit::Document, 1);
        Self {
            unit: settings.unit,
            words: settings.words,
            share: settings.share,
            false_positives: settings.false_positives,
            runs: None,
        }
    }
}

impl Step for Bloom {
    fn label(&self) -> String {
        format!("bloom {}", self.unit.name())
    }

    fn work(&self) -> Work<'_> {
        Work::Copies(self)
    }

    fn check(&self, recipe: &Recipe) -> Result<(), CurationError> {
        let workspace = Workspace::new(std::env::temp_dir(), recipe.memory)?;
        // Memory that nothing is written to costs nothing.
        Ok(Filter::new(self.settings(self.runs.unwrap_or(1)), &workspace).map(drop)?)
    }
}

impl Copies for Bloom {
    fn found(&self, at: &Look<'_>) -> Result<Box<dyn Found>, CurationError> {
        let settings = self.settings(self.runs.unwrap_or((at.text.0 / BYTES_A_RUN).max(1)));
        let filter = match at.memory {
            Some(saved) => Filter::load(saved, settings, at.workspace)?,
            None => Filter::new(settings, at.workspace)?,
        };
        Ok(Box::new(Read {
            share: self.share,
            unit: self.unit,
            filter,
        }))
    }
}

struct Read {
    share: f64,
    unit: Unit,
    filter: Filter,
}

impl Read {
    fn verdict(&self, document: &Document<'_>, judged: Judged) -> Verdict {
        match self.unit == Unit::Document && !judged.removed.is_empty() {
            true => Verdict::Drop {
                check: Check::at_most(
                    "earlier_runs",
                    judged.known as f64 / judged.runs as f64,
                    self.share,
                ),
                copy_of: None,
            },
            false => Verdict::without(document.text, judged.removed),
        }
    }
}

impl Found for Read {
    fn verdicts(&mut self, documents: &[Document<'_>]) -> Result<Vec<Verdict>, CurationError> {
        let judged = self.filter.add(documents).into_iter();
        let verdicts = documents.iter().zip(judged);
        Ok(verdicts
            .map(|(document, judged)| self.verdict(document, judged))
            .collect())
    }

    fn save(&self, path: &Path) -> Result<bool, CurationError> {
        self.filter.save(path)?;
        Ok(true)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_dclm() {
        let bloom: Bloom = toml::from_str("").unwrap();
        assert_eq!((bloom.words, bloom.share, bloom.false_positives), (13, 0.8, 0.01));
    }
}
