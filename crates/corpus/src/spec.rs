use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use triaxis_units::Bytes;

use crate::CorpusError;
use crate::readers::{Limits, SourceSpec};

/// Largest `maximum_document`: a document is held in memory while it is tokenized.
pub(crate) const DOCUMENT_LIMIT: Bytes = Bytes(1 << 30);
/// Smallest `maximum_document`: parts of a document should hold a few words.
const SHORTEST_LIMIT: Bytes = Bytes(64);
/// 256 bytes and the end-of-text token.
const SMALLEST_VOCABULARY: usize = 257;
const LARGEST_VOCABULARY: usize = 1 << 20;

/// What text a corpus is made of.
///
/// ```
/// let spec: triaxis_corpus::CorpusSpec = toml::from_str(r#"
///     sample = "24MB"
///     validation = "1MB"
///     [[sources]]
///     kind = "cargo-sources"
///     name = "code"
///     weight = 3.0
///     include = ["**/*.rs"]
///     [[sources]]
///     kind = "files"
///     name = "notes"
///     include = ["docs/**/*.md"]
/// "#).unwrap();
/// assert_eq!(spec.sources.len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorpusSpec {
    /// Where the documents come from. An earlier source keeps a document that a later one repeats.
    pub sources: Vec<SourceSpec>,
    /// Training text to take, shared out over the sources by weight: each gives documents, in an
    /// order drawn from the seed, until its share is reached (the last one may pass it). Without it,
    /// every document that is not in the validation split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Bytes>,
    /// Validation text to hold out, shared out over the sources as the training text is. Which
    /// documents it holds does not depend on `sample`.
    pub validation: Bytes,
    /// Draws the split, the sample and the order of the training text.
    #[serde(default)]
    pub seed: u64,
    /// Whether text that cannot be used (not Unicode, a row without its field, a damaged row, a link that
    /// leads nowhere) is an error; otherwise it is left out, counted and said.
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
}

/// What becomes of documents above `maximum_document`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LongDocuments {
    /// Each is cut into several, at the end of a paragraph, else a line, a sentence or a word.
    #[default]
    Cut,
    /// They are left out and counted, as data and generated code are often that long.
    Skip,
}

fn minimum_document() -> Bytes {
    Bytes(1)
}

fn maximum_document() -> Bytes {
    Bytes(1 << 20)
}

impl CorpusSpec {
    /// Refuses what no corpus can be made from, before anything is read.
    pub(crate) fn check(&self) -> Result<(), CorpusError> {
        if self.sources.is_empty() {
            return Err(CorpusError::spec(
                "sources",
                "[]",
                "a corpus needs at least one source",
            ));
        }
        for (index, source) in self.sources.iter().enumerate() {
            let name = source.name();
            if name.trim().is_empty() {
                return Err(CorpusError::spec(
                    format!("sources[{index}].name"),
                    format!("{name:?}"),
                    "give it a name",
                ));
            }
            if self.sources[..index].iter().any(|earlier| earlier.name() == name) {
                return Err(CorpusError::spec(
                    "name",
                    format!("{name:?}"),
                    "two sources have it: rename one",
                ));
            }
            source.source().check()?;
            if let Some(weight) = source.weight() {
                if !(weight > 0.0 && weight.is_finite()) {
                    return Err(CorpusError::spec(
                        "weight",
                        weight,
                        format!(
                            "a weight must be positive and finite; remove source `{name}` if it is to give nothing"
                        ),
                    ));
                }
                if self.sample.is_none() {
                    return Err(CorpusError::spec(
                        "weight",
                        weight,
                        format!(
                            "weights share out a sample: set `sample`, or remove that of source `{name}` to take all \
                             text once"
                        ),
                    ));
                }
            }
        }
        if self.sample == Some(Bytes(0)) {
            return Err(CorpusError::spec(
                "sample",
                0,
                "must be positive; leave it out to take all text",
            ));
        }
        if self.validation == Bytes(0) {
            return Err(CorpusError::spec(
                "validation",
                0,
                "must be positive: a loss needs text to be measured on",
            ));
        }
        if !(SHORTEST_LIMIT..=DOCUMENT_LIMIT).contains(&self.maximum_document) {
            return Err(CorpusError::spec(
                "maximum_document",
                self.maximum_document,
                format!("must be from {SHORTEST_LIMIT} to {DOCUMENT_LIMIT}"),
            ));
        }
        if self.minimum_document > self.maximum_document {
            return Err(CorpusError::spec(
                "minimum_document",
                self.minimum_document,
                format!("must not be above maximum_document, {}", self.maximum_document),
            ));
        }
        Ok(())
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            longest: self.maximum_document.0 as usize,
            cut: self.long_documents == LongDocuments::Cut,
        }
    }

    /// Each source's share of the mixture, summing to 1.
    pub(crate) fn shares(&self) -> Vec<f64> {
        let weights: Vec<f64> = self
            .sources
            .iter()
            .map(|source| source.weight().unwrap_or(1.0))
            .collect();
        let total: f64 = weights.iter().sum();
        weights.into_iter().map(|weight| weight / total).collect()
    }
}

/// How text becomes tokens: exactly one of `vocabulary` and `file`.
///
/// ```
/// use triaxis_corpus::TokenizerSpec;
/// let spec: TokenizerSpec = toml::from_str("vocabulary = 2048").unwrap();
/// assert_eq!(spec, TokenizerSpec::Train { vocabulary: 2048 });
/// assert!(toml::from_str::<TokenizerSpec>("vocabulary = 2048\nfile = 'tokenizer.json'").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "TokenizerKeys", into = "TokenizerKeys")]
pub enum TokenizerSpec {
    /// Trains a byte-level BPE on the training text.
    Train {
        /// Tokens in all: the 256 bytes, the end-of-text token, and the merges.
        vocabulary: usize,
    },
    /// Loads a `tokenizer.json`.
    File {
        /// The file, relative to the spec's folder.
        file: PathBuf,
        /// The token of its vocabulary that separates documents.
        end_of_text: String,
        /// Whether text may be lost: bits per byte then count the validation text that comes back from its
        /// tokens, and are marked.
        lossy: bool,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenizerKeys {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vocabulary: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end_of_text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lossy: Option<bool>,
}

impl TryFrom<TokenizerKeys> for TokenizerSpec {
    type Error = String;

    fn try_from(keys: TokenizerKeys) -> Result<Self, String> {
        match keys {
            TokenizerKeys {
                vocabulary: Some(vocabulary),
                file: None,
                end_of_text: None,
                lossy: None,
            } => Ok(Self::Train { vocabulary }),
            TokenizerKeys {
                vocabulary: None,
                file: Some(file),
                end_of_text,
                lossy,
            } => Ok(Self::File {
                file,
                end_of_text: end_of_text.unwrap_or_else(|| triaxis_tokens::END_OF_TEXT.to_owned()),
                lossy: lossy.unwrap_or(false),
            }),
            _ => Err(
                "a tokenizer is either `vocabulary = SIZE`, trained on the corpus, or \
                      `file = \"tokenizer.json\"` with `end_of_text = \"TOKEN\"` and `lossy = true` as they are needed"
                    .to_owned(),
            ),
        }
    }
}

impl From<TokenizerSpec> for TokenizerKeys {
    fn from(spec: TokenizerSpec) -> Self {
        match spec {
            TokenizerSpec::Train { vocabulary } => Self {
                vocabulary: Some(vocabulary),
                file: None,
                end_of_text: None,
                lossy: None,
            },
            TokenizerSpec::File {
                file,
                end_of_text,
                lossy,
            } => Self {
                vocabulary: None,
                file: Some(file),
                end_of_text: Some(end_of_text),
                lossy: Some(lossy),
            },
        }
    }
}

impl TokenizerSpec {
    /// Tokens in the vocabulary, before any text is read; a file is looked for in the folder `base`.
    ///
    /// # Errors
    /// When the file cannot be read or is no tokenizer.
    pub fn vocabulary(&self, base: &Path) -> Result<usize, CorpusError> {
        match self {
            Self::Train { vocabulary } => Ok(*vocabulary),
            Self::File {
                file, end_of_text, ..
            } => Ok(crate::Tokenizer::from_file(&base.join(file), end_of_text)?.vocabulary()),
        }
    }

    /// Refuses a vocabulary that none can have, before anything is read.
    ///
    /// # Errors
    /// With the rule that it breaks.
    pub fn check(&self) -> Result<(), CorpusError> {
        match self {
            Self::Train { vocabulary }
                if !(SMALLEST_VOCABULARY..=LARGEST_VOCABULARY).contains(vocabulary) =>
            {
                let rule = format!(
                    "must be from {SMALLEST_VOCABULARY} (the bytes and the end-of-text token) to {LARGEST_VOCABULARY}"
                );
                Err(CorpusError::spec("vocabulary", vocabulary, rule))
            }
            _ => Ok(()),
        }
    }
}
