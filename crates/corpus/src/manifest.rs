use std::path::Path;

use serde::{Deserialize, Serialize};
use triaxis_units::{Bytes, Tokens};

use crate::left_out::{LeftOut, LeftOutBy};
use crate::{CorpusError, CorpusSpec, Novelty, TokenizerSpec};

/// Raised when the meaning of a prepared folder changes, so that an old one is not taken for a new.
pub(crate) const FORMAT: u32 = 3;
pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const TOKENIZER: &str = "tokenizer.json";

/// Share of a source's text, or of its documents where something is wrong with them, from which on it is a
/// warning that they are left out.
const GRAVE: f64 = 0.02;

/// Documents and their text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Count {
    /// Documents.
    pub documents: u64,
    /// Bytes of text.
    pub bytes: Bytes,
}

/// Documents, their text, and its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Total {
    /// Documents.
    pub documents: u64,
    /// Bytes of text, the separators between documents not counted.
    pub bytes: Bytes,
    /// Tokens, each document's end-of-text token counted.
    pub tokens: Tokens,
}

impl Total {
    pub(crate) fn add(&mut self, bytes: u64, tokens: u64) {
        self.documents += 1;
        self.bytes.0 += bytes;
        self.tokens.0 += tokens;
    }
}

/// A file of tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Its name in the corpus folder.
    pub file: String,
    /// Its size.
    pub size: Bytes,
    /// Its blake3 hash.
    pub hash: String,
}

/// One side of the split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitFacts {
    /// What it holds. All of its documents differ, so that its tokens are unique tokens.
    pub total: Total,
    /// Where it lies.
    pub shard: Shard,
    /// Where its [`Index`](crate::Index) lies.
    pub index: Shard,
}

/// The tokenizer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenizerFacts {
    /// One more than its largest token.
    pub vocabulary: usize,
    /// The token after each document.
    pub end_of_text: u32,
    /// Hash of the `tokenizer.json` and the separator.
    pub hash: String,
    /// Validation text that does not come back from its tokens, if any: bits per byte leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<LeftOut>,
}

/// What a source held and gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceFacts {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Its share of the mixture asked for, from 0 to 1; none where all text is taken.
    pub share: Option<f64>,
    /// Files read.
    pub files: u64,
    /// Documents that could be used, duplicates among them.
    pub found: Count,
    /// Of those, the ones that repeat an earlier document exactly.
    pub duplicates: Count,
    /// Text that was left out, by reason.
    pub left_out: LeftOutBy,
    /// What it gave to the training split.
    pub train: Total,
    /// What it gave to the validation split.
    pub validation: Total,
    /// blake3 hash over the hashes and licences of all its documents.
    pub content: String,
}

impl SourceFacts {
    /// What was left out of it, a sentence a reason, each with whether it is so much that it is a warning.
    pub fn told(&self) -> impl Iterator<Item = (bool, String)> {
        left_out_told(format!("source `{}`", self.name), self.found, &self.left_out)
    }
}

/// The validation texts that a corpus is kept apart from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldOutFacts {
    /// Hash of their documents and of the rule by which copies of them are found.
    pub identity: String,
    /// Each text.
    pub texts: Vec<TextFacts>,
}

/// What a validation text holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextFacts {
    /// Its name.
    pub name: String,
    /// Its documents, each once.
    pub held: Count,
    /// Text of its source that was left out, by reason.
    pub left_out: LeftOutBy,
}

/// What was left out of what has `label`, beside what was found: a sentence a reason, each with whether it is so much
/// that it is a warning.
pub fn left_out_told(
    label: String,
    found: Count,
    left_out: &LeftOutBy,
) -> impl Iterator<Item = (bool, String)> {
    let total = |of: fn(&LeftOut) -> u64| left_out.values().map(of).fold(0, u64::saturating_add);
    let bytes = found.bytes.0.saturating_add(total(|left| left.bytes.0));
    let documents = found.documents.saturating_add(total(|left| left.documents));
    left_out.iter().map(move |(reason, left)| {
        let share = left.bytes.0 as f64 / bytes.max(1) as f64;
        let of_documents = left.documents as f64 / documents.max(1) as f64;
        let grave = share > GRAVE || reason.is_fault() && of_documents > GRAVE;
        let (noun, verb) = match left.documents {
            1 => ("document", "is"),
            _ => ("documents", "are"),
        };
        let said = format!(
            "{label}: {} {noun} ({}, {:.1}% of its text) {} {verb} left out, first {}: {}",
            left.documents,
            left.bytes,
            100.0 * share,
            reason.name(),
            left.first,
            reason.remedy(),
        );
        (grave, said)
    })
}

/// What the documents of one licence gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenceFacts {
    /// The licence, or `unstated`.
    pub licence: String,
    /// What it gave to the training split.
    pub train: Total,
    /// What it gave to the validation split.
    pub validation: Total,
}

/// Everything known about a prepared corpus, as it lies in `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the folder's layout.
    pub format: u32,
    /// Hash of what was asked for and of the text it was asked of; decides whether a folder is
    /// prepared already. Independent of where the sources lie.
    pub inputs: String,
    /// Hash of what came out: tokenizer and tokens.
    pub identity: String,
    /// The spec.
    pub spec: CorpusSpec,
    /// The tokenizer's spec.
    pub tokenizer_spec: TokenizerSpec,
    /// The validation texts that it was kept apart from, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out: Option<HeldOutFacts>,
    /// The tokenizer.
    pub tokenizer: TokenizerFacts,
    /// Bytes of one token in the shards, 2 or 4, little end first.
    pub token_bytes: u8,
    /// The training split.
    pub train: SplitFacts,
    /// The validation split.
    pub validation: SplitFacts,
    /// By source, in the order of the spec.
    pub sources: Vec<SourceFacts>,
    /// By licence, the largest first.
    pub licences: Vec<LicenceFacts>,
    /// How much of the training split is new as it grows; corpora of before do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub novelty: Option<Novelty>,
}

impl Manifest {
    pub(crate) fn read(folder: &Path) -> Result<Self, CorpusError> {
        let path = folder.join(MANIFEST);
        let damaged = |detail: String| CorpusError::damaged(&path, detail);
        let bytes = std::fs::read(&path).map_err(CorpusError::io_of_part("read", &path))?;
        let value: serde_json::Value =
            serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        match value.get("format").and_then(serde_json::Value::as_u64) {
            Some(format) if format == u64::from(FORMAT) => {}
            Some(format) => {
                let other = format!(
                    "was made by another version of this program (its format is {format}, and {FORMAT} is read)"
                );
                return Err(CorpusError::prepared(folder, &other.clone(), other));
            }
            None => return Err(damaged("it names no format".to_owned())),
        }
        let manifest: Self = serde_json::from_value(value).map_err(|error| damaged(error.to_string()))?;
        if manifest.identity != manifest.identity_of_contents() {
            return Err(damaged(
                "its identity is not that of the hashes it lists".to_owned(),
            ));
        }
        Ok(manifest)
    }

    /// What was left out of the sources and of the validation texts, as [`SourceFacts::told`].
    pub fn left_out_told(&self) -> impl Iterator<Item = (bool, String)> {
        let texts = self.held_out.iter().flat_map(|held_out| &held_out.texts);
        let of_text = |text: &TextFacts| {
            left_out_told(
                format!("validation text `{}`", text.name),
                text.held,
                &text.left_out,
            )
            .collect()
        };
        let of_texts = texts.flat_map(move |text| -> Vec<_> { of_text(text) });
        self.sources.iter().flat_map(SourceFacts::told).chain(of_texts)
    }

    /// That the tokenizer loses text, if it does.
    pub fn loss_told(&self) -> Option<String> {
        let lost = self.tokenizer.lost.as_ref()?;
        let all = self.validation.total.bytes;
        Some(format!(
            "The tokenizer loses text: of {all} of validation text, {} in {} documents do not come back from its \
             tokens (in the first, {}). Bits per byte are of the {} that do, and compare with those of no other \
             tokenizer.",
            lost.bytes,
            lost.documents,
            lost.first,
            all - lost.bytes,
        ))
    }

    /// The identity that tokenizer, shards and the sources' names give.
    pub(crate) fn identity_of_contents(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher
            .update(&self.format.to_le_bytes())
            .update(&[self.token_bytes]);
        for hash in [
            &self.tokenizer.hash,
            &self.train.shard.hash,
            &self.validation.shard.hash,
            // A loss is given by source.
            &self.validation.index.hash,
        ] {
            hasher.update(hash.as_bytes());
        }
        for source in &self.sources {
            hasher
                .update(&(source.name.len() as u64).to_le_bytes())
                .update(source.name.as_bytes());
        }
        for split in [&self.train, &self.validation] {
            hasher
                .update(&split.total.bytes.0.to_le_bytes())
                .update(&split.total.tokens.0.to_le_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}
