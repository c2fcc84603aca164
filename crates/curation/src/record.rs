//! What the lines of an output are.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use triaxis_corpus::Documents;
use triaxis_duplicates::Position;
pub use triaxis_filters::Bound;
use triaxis_filters::{self as filters, Check};

/// A document that was kept, as a line of `kept/NNNNN.jsonl.zst`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept<'t> {
    /// Its source, file and number in the file's pieces: `SOURCE/FILE#NUMBER`.
    pub id: Cow<'t, str>,
    /// Its source.
    pub source: Cow<'t, str>,
    /// Its licence, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<Cow<'t, str>>,
    /// Where it was on the web, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Cow<'t, str>>,
    /// When it was fetched from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Cow<'t, str>>,
    /// Its text, as the steps left it.
    pub text: Cow<'t, str>,
}

/// A document that was dropped, as a line of `dropped/NNNNN.jsonl.zst`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dropped<'t> {
    /// As of one that is [kept](Kept::id).
    pub id: Cow<'t, str>,
    /// Its source.
    pub source: Cow<'t, str>,
    /// Where it was on the web, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Cow<'t, str>>,
    /// Which step of the recipe dropped it, from 1.
    pub step: usize,
    /// What that step is.
    pub by: Cow<'t, str>,
    /// What was measured.
    pub reason: Cow<'t, str>,
    /// The value.
    pub value: f64,
    /// What it had to be.
    pub bound: Bound,
    /// The document that it is a copy of, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<Cow<'t, str>>,
    /// Its text when it was dropped.
    pub text: Cow<'t, str>,
}

/// A document between two passes, as a line on the disk has it behind its place.
#[derive(Serialize, Deserialize)]
pub(crate) struct Survivor<'t> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<Cow<'t, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) date: Option<Cow<'t, str>>,
    pub(crate) text: Cow<'t, str>,
}

/// What a document goes for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reason {
    /// The step, from 0.
    pub(crate) step: usize,
    /// What was measured, and what it had to be.
    pub(crate) check: Check,
    pub(crate) copy_of: Option<Position>,
}

/// A document's name in outputs: its source, file and number in the file's pieces.
pub(crate) fn id(documents: &Documents, sources: &[String], position: Position) -> String {
    let file = documents.file(position.file as usize);
    format!("{}/{}#{}", sources[file.source], file.id, position.record)
}

/// A document on its way.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) position: Position,
    pub(crate) url: Option<String>,
    pub(crate) date: Option<String>,
    pub(crate) text: String,
}

impl Document {
    /// What filters are told of it.
    pub(crate) fn facts<'d>(&'d self, documents: &'d Documents) -> filters::Facts<'d> {
        let file = documents.file(self.position.file as usize);
        filters::Facts {
            url: self.url.as_deref(),
            path: Some(file.id),
            licence: file.licence,
        }
    }
}
