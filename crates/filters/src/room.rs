//! What a thread keeps from document to document.

use triaxis_words::Words;

use crate::grams::Grams;
use crate::segments::Segments;
use crate::verdict::Check;

/// The room in which documents are judged: buffers that grow to the longest document and are kept.
#[derive(Debug, Default)]
pub struct Room {
    pub(crate) checks: Vec<Check>,
    pub(crate) edited: String,
    pub(crate) grams: Grams,
    pub(crate) segments: Segments,
    pub(crate) words: Words,
    pub(crate) lengths: Vec<usize>,
    pub(crate) line: String,
}

impl Room {
    /// An empty room.
    pub fn new() -> Self {
        Self::default()
    }

    /// All that the last filter measured, in the order of its bounds.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// The text that the last filter left, if it edited.
    pub fn edited(&self) -> &str {
        &self.edited
    }
}
