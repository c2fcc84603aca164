use serde::{Deserialize, Serialize};
use triaxis_units::{Bytes, Estimate, Finding, Tokens};

/// The text that the trials saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Corpus {
    /// Documents kept.
    pub documents: u64,
    /// Bytes of their text.
    pub bytes: Bytes,
    /// Tokens of training and validation text together, each counted once.
    pub unique_tokens: Tokens,
    /// Tokens to train on.
    pub train_tokens: Tokens,
    /// Tokens to validate on.
    pub validation_tokens: Tokens,
    /// Documents removed because another had the same text.
    pub duplicate_documents: u64,
    /// Bytes of those documents.
    pub duplicate_bytes: Bytes,
    /// What was read but not used, and why.
    pub skipped: Vec<Skipped>,
    /// One entry a source.
    pub sources: Vec<Source>,
    /// One entry a licence.
    pub licences: Vec<Licence>,
    /// The tokenizer.
    pub tokenizer: Tokenizer,
    /// How new the next token is; corpora of before do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub novelty: Option<Finding<Novelty>>,
}

/// How much of a text is new as it grows, by runs of a few tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Novelty {
    /// Tokens of a run.
    pub order: usize,
    /// The chance that the next token ends a run that the text does not have (Good and Turing).
    pub next: Estimate,
    /// The power of the text with which different runs grow at its end (Heaps).
    pub heaps: Estimate,
    /// The chance where there is twice as much of such text.
    pub doubled: Estimate,
}

/// Documents that were left out for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The source they came from.
    pub source: String,
    /// Why.
    pub reason: String,
    /// How many.
    pub documents: u64,
    /// Bytes of them.
    pub bytes: Bytes,
}

/// One source of documents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Its name in the spec.
    pub name: String,
    /// How it is read: `cargo-sources`, `jsonl`, `parquet`.
    pub kind: String,
    /// Its share of the mixture, between 0 and 1.
    pub weight: f64,
    /// Documents kept.
    pub documents: u64,
    /// Their bytes.
    pub bytes: Bytes,
    /// Their tokens.
    pub tokens: Tokens,
    /// Documents removed as duplicates.
    pub duplicates: u64,
}

/// The documents under one licence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Licence {
    /// SPDX expression or whatever the source states.
    pub licence: String,
    /// Documents kept.
    pub documents: u64,
    /// Their bytes.
    pub bytes: Bytes,
}

/// How text became tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tokenizer {
    /// Number of entries.
    pub vocabulary: u64,
    /// Mean bytes a token of the corpus.
    pub bytes_per_token: f64,
    /// Hash of the tokenizer.
    pub hash: String,
    /// Validation text that does not come back from its tokens, and that bits per byte leave out.
    pub lost: Bytes,
}
