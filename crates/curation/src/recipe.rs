//! What is done to which text.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use triaxis_corpus::{LongDocuments, Reading, SourceSpec};
use triaxis_filters::preset;
use triaxis_units::Bytes;

use crate::steps::Filter;
use crate::written::Format;
use crate::{CurationError, StepSpec};

/// What is done to which text.
///
/// ```
/// let recipe: triaxis_curation::Recipe = toml::from_str(r#"
///     preset = "gopher"
///     [[sources]]
///     kind = "files"
///     name = "notes"
///     include = ["notes/**/*.md"]
///     [[steps]]
///     kind = "exact"
/// "#)?;
/// let labels: Vec<_> = recipe.resolved(".".as_ref())?.steps.iter().map(|step| step.label()).collect();
/// assert_eq!(labels, ["gopher-quality", "gopher-repetition", "exact document"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Filters to begin with, by the name of those who chose them: `fineweb`, `gopher`, `c4`, `dclm` or `code`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// What steps that look for copies hold; it changes nothing of what they find.
    #[serde(default = "memory")]
    pub memory: Bytes,
    /// Whether text that cannot be used is an error; otherwise it is left out, counted and said.
    #[serde(default)]
    pub strict: bool,
    /// Smaller documents are left out and counted.
    #[serde(default = "minimum_document")]
    pub minimum_document: Bytes,
    /// The longest document.
    #[serde(default = "maximum_document")]
    pub maximum_document: Bytes,
    /// What becomes of longer ones.
    #[serde(default)]
    pub long_documents: LongDocuments,
    /// What the output is written as.
    #[serde(default)]
    pub output: Output,
    /// Folders that were curated earlier, relative to the recipe's: copies of what they kept are dropped by steps that
    /// look for copies of whole corpora, `exact` and `near`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub against: Vec<PathBuf>,
    /// Where the documents come from, as in a study's corpus. Of copies the first in this order is kept.
    pub sources: Vec<SourceSpec>,
    /// What is done, in this order, after the preset's filters.
    #[serde(default)]
    pub steps: Vec<StepSpec>,
}

/// What an output is written as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Output {
    /// Lines of JSON, compressed.
    #[default]
    Jsonl,
    /// Columns, of what was dropped with its verdicts.
    Parquet,
}

impl Output {
    pub(crate) fn format(self) -> Format {
        match self {
            Self::Jsonl => Format::Jsonl,
            Self::Parquet => Format::Parquet,
        }
    }
}

fn memory() -> Bytes {
    Bytes(512 << 20)
}

fn minimum_document() -> Bytes {
    Bytes(1)
}

fn maximum_document() -> Bytes {
    Bytes(1 << 20)
}

impl Recipe {
    /// The same with its preset's filters as steps, and with what the files hold that steps name by paths from `base`.
    ///
    /// # Errors
    /// When there is no such preset, no step, or one with a setting that none can have, or a file cannot be read or is not
    /// what it must be.
    pub fn resolved(&self, base: &Path) -> Result<Self, CurationError> {
        let filters = self
            .preset
            .as_deref()
            .map(preset)
            .transpose()?
            .unwrap_or_default();
        let filters = filters.into_iter().map(|filter| StepSpec::Filter(Filter(filter)));
        let open = |step: StepSpec| match step {
            StepSpec::Filter(Filter(filter)) => Ok(StepSpec::Filter(Filter(filter.opened(base)?))),
            other => Ok(other),
        };
        let steps = filters.chain(self.steps.iter().cloned()).map(open);
        let steps: Vec<StepSpec> = steps.collect::<Result<_, CurationError>>()?;
        if steps.is_empty() {
            return Err(CurationError::input(
                "`steps = []`: a recipe needs something to do: give `preset = \"fineweb\"` or a `[[steps]]`",
            ));
        }
        for (number, step) in steps.iter().enumerate() {
            let checked = step.step().check(self);
            checked.map_err(|error| CurationError::of_step(number, error))?;
        }
        Ok(Self {
            preset: None,
            steps,
            ..self.clone()
        })
    }

    /// Whether both give the same output of the same text, once resolved.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let memory = self.memory;
        *self
            == Self {
                memory,
                ..other.clone()
            }
    }

    pub(crate) fn reading(&self) -> Reading {
        Reading {
            strict: self.strict,
            minimum_document: self.minimum_document,
            maximum_document: self.maximum_document,
            long_documents: self.long_documents,
        }
    }
}
