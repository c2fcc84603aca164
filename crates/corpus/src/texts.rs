//! Texts that trials are evaluated on, whatever they are trained on: kept as text, since tokenizers differ.

use std::path::Path;
use std::sync::Mutex;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use triaxis_units::Bytes;

use crate::describe::{SourceListing, describe};
use crate::left_out::LeftOutBy;
use crate::losses::Losses;
use crate::manifest::{Count, TextFacts};
use crate::read::read_chosen;
use crate::scan::{list, scan};
use crate::select::deduplicate;
use crate::spec::{DOCUMENT_LIMIT, LongDocuments};
use crate::{CorpusError, CorpusSpec, HeldOut, SourceSpec, Tokenizer};

/// The largest text: every trial holds it in memory and is evaluated on all of it.
const LARGEST: Bytes = Bytes(64 << 20);

/// A text that trials are evaluated on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// Its name.
    pub name: String,
    /// Its documents, each once.
    pub documents: Vec<String>,
    /// What its source holds and could not be used.
    pub left_out: LeftOutBy,
}

/// The tokens of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// Of all documents, each followed by the end-of-text token.
    pub tokens: Vec<u32>,
    /// The text that they hold: all of it, unless the tokenizer loses some.
    pub bytes: Bytes,
}

/// Reads all documents of a source; relative patterns start from `base`, and what lies in a folder of `avoid` is no text.
///
/// # Errors
/// When the source is refused, has no usable document, or is larger than a text may be.
pub fn read_text(source: &SourceSpec, base: &Path, avoid: &[&Path]) -> Result<Text, CorpusError> {
    let spec = spec_of(source)?;
    let mut scan = scan(&spec, list(&spec, base, avoid)?, &HeldOut::default(), &())?;
    let (mut unique, sources) = deduplicate(&spec, &scan)?;
    let bytes = Bytes(sources[0].unique_bytes());
    if bytes > LARGEST {
        let rule = format!(
            "holds {bytes} of text, and every trial is evaluated on all of it: name fewer of its files, {LARGEST} at most"
        );
        return Err(CorpusError::spec("validation", source.name(), rule));
    }
    let unique = unique.swap_remove(0);
    let documents = Mutex::new(vec![String::new(); unique.len()]);
    let chosen = unique
        .into_iter()
        .enumerate()
        .map(|(slot, document)| (document, slot));
    read_chosen(&spec, &scan, chosen.collect(), |batch| {
        let mut documents = documents.lock().map_err(CorpusError::stopped)?;
        for (slot, text) in batch {
            documents[slot] = text;
        }
        Ok(())
    })?;
    Ok(Text {
        name: source.name().to_owned(),
        documents: documents.into_inner().unwrap_or_default(),
        left_out: scan.left_out.swap_remove(0),
    })
}

/// Lists what the source of a text holds, for a dry run.
///
/// # Errors
/// When the source is refused or has no files.
pub fn describe_text(
    source: &SourceSpec,
    base: &Path,
    avoid: &[&Path],
) -> Result<SourceListing, CorpusError> {
    Ok(describe(&spec_of(source)?, base, avoid)?.swap_remove(0))
}

/// A corpus of the source alone.
pub(crate) fn spec_of(source: &SourceSpec) -> Result<CorpusSpec, CorpusError> {
    if let Some(weight) = source.weight() {
        let key = format!("validation text `{}`: weight", source.name());
        let rule = "a validation text is taken whole: remove the weight";
        return Err(CorpusError::spec(key, weight, rule));
    }
    Ok(CorpusSpec {
        sources: vec![source.clone()],
        sample: None,
        validation: Bytes(1),
        seed: 0,
        strict: false,
        minimum_document: Bytes(1),
        maximum_document: DOCUMENT_LIMIT,
        long_documents: LongDocuments::Cut,
    })
}

impl Text {
    /// Hash of its documents, in order.
    pub fn identity(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for document in &self.documents {
            hasher
                .update(&(document.len() as u64).to_le_bytes())
                .update(document.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }

    pub(crate) fn facts(&self) -> TextFacts {
        TextFacts {
            name: self.name.clone(),
            held: Count {
                documents: self.documents.len() as u64,
                bytes: self.bytes(),
            },
            left_out: self.left_out.clone(),
        }
    }

    /// Size of its documents.
    pub fn bytes(&self) -> Bytes {
        Bytes(self.documents.iter().map(|document| document.len() as u64).sum())
    }

    /// Its tokens; where they lose text it is refused unless `lossy`.
    pub(crate) fn encode(&self, tokenizer: &Tokenizer, lossy: bool) -> Result<Encoded, CorpusError> {
        let losses = Losses::new(lossy);
        let encode = |(slot, document): (usize, &String)| {
            let mut tokens = tokenizer.encode(document)?;
            losses.check(tokenizer, document, &tokens, slot)?;
            tokens.push(tokenizer.end_of_text());
            Ok(tokens)
        };
        let tokens = self.documents.par_iter().enumerate().map(encode);
        let tokens: Vec<Vec<u32>> = tokens.collect::<Result<_, CorpusError>>()?;
        let bytes = self.bytes();
        let lost = losses.told(bytes.0)?.map_or(Bytes(0), |lost| lost.bytes);
        Ok(Encoded {
            tokens: tokens.concat(),
            bytes: bytes - lost,
        })
    }
}
