use serde::{Deserialize, Serialize};
use triaxis_units::{Bytes, Tokens};

/// The text that an arm trains on: what it went through, and how often it is seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmText {
    /// The arm.
    pub arm: String,
    /// What was done to the text before it was a corpus, one after another.
    pub steps: Vec<TextStep>,
    /// Text of the corpus to train on.
    pub bytes: Bytes,
    /// Tokens of it that the arm's trials are trained on.
    pub unique: Tokens,
    /// How often the longest trial sees them.
    pub epochs: f64,
}

/// What a step did to text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TextStep {
    /// The step.
    pub step: String,
    /// Documents that came to it.
    pub read: u64,
    /// Their text.
    pub read_bytes: Bytes,
    /// Documents that it left.
    pub kept: u64,
    /// Their text.
    pub kept_bytes: Bytes,
    /// Documents that it left with another text.
    pub edited: u64,
}
