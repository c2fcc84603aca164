//! What a thread keeps from document to document.

use triaxis_classifiers::fasttext::Buffers;
use triaxis_words::{Simplified, Span, Words};

use crate::grams::Grams;
use crate::segments::Segments;
use crate::verdict::Check;

/// The room in which documents are judged: buffers that grow to the longest document and are kept.
#[derive(Debug, Default)]
pub struct Room {
    pub(crate) checks: Vec<Check>,
    pub(crate) edited: String,
    /// The words of that text, where the filter knows them.
    pub(crate) edited_words: Vec<Span>,
    pub(crate) grams: Grams,
    pub(crate) segments: Segments,
    pub(crate) words: Words,
    pub(crate) lengths: Vec<usize>,
    pub(crate) classifier: Buffers,
    pub(crate) line: String,
    /// For runs of words of a simplified text.
    pub(crate) simple: (Simplified, Words, Vec<u64>),
    /// For the words of a model.
    pub(crate) units: triaxis_ngrams::Room,
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
