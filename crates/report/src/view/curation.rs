use serde::{Deserialize, Serialize};
use triaxis_units::Bytes;

/// Documents and their text.
pub type Counted = (u64, Bytes);

/// A curated corpus, and some of what was kept and dropped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurationView {
    /// Where it is.
    pub folder: String,
    /// Version of the program.
    pub version: String,
    /// By source, what was read and what was kept.
    pub sources: Vec<(String, Counted, Counted)>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// Documents, those dropped for one reason beside each other.
    pub samples: Vec<Sample>,
}

/// What a step did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What it is.
    pub name: String,
    /// What came to it.
    pub read: Counted,
    /// What it left.
    pub kept: Counted,
    /// Documents that it left with another text.
    pub edited: u64,
    /// What it dropped, by reason.
    pub dropped: Vec<(String, u64, Bytes)>,
}

/// A document to be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Step and reason, for one that was dropped.
    pub heading: Option<String>,
    /// Where it is from.
    pub id: String,
    /// What was measured.
    pub said: String,
    /// The beginning of its text.
    pub text: String,
    /// Bytes of all of its text.
    pub bytes: u64,
}
