//! Which documents go where: exact duplicates dropped, validation text held out, a sample drawn by
//! weight, and both splits shuffled. All of it follows from the texts' hashes and the seed.

use std::collections::HashSet;

use rayon::prelude::*;
use triaxis_units::Bytes;

use crate::scan::Scan;
use crate::{CorpusError, CorpusSpec};

/// The chosen documents, as indices into the scan.
#[derive(Debug)]
pub(crate) struct Selection {
    /// In the order of the training stream.
    pub(crate) train: Vec<u32>,
    /// In the order of the validation stream.
    pub(crate) validation: Vec<u32>,
    /// What each source holds.
    pub(crate) sources: Vec<SourceText>,
}

/// A source after deduplication.
#[derive(Debug, Clone, Default)]
pub(crate) struct SourceText {
    pub(crate) files: u64,
    /// Documents that passed the reader and the limits.
    pub(crate) documents: u64,
    pub(crate) bytes: u64,
    /// Of those, documents that repeat an earlier one, of this source or one before it.
    pub(crate) duplicates: u64,
    pub(crate) duplicate_bytes: u64,
    /// Hash of every document and its licence, in order.
    pub(crate) content: String,
}

impl SourceText {
    pub(crate) fn unique_bytes(&self) -> u64 {
        self.bytes - self.duplicate_bytes
    }
}

/// Chooses the documents of a corpus.
pub(crate) fn select(spec: &CorpusSpec, scan: &Scan) -> Result<Selection, CorpusError> {
    if scan.documents.len() > u32::MAX as usize {
        let rule = "a corpus holds 2^32 documents at most: prepare it in parts";
        return Err(CorpusError::spec(
            "sources",
            format!("{} documents", scan.documents.len()),
            rule,
        ));
    }
    let (unique, sources) = deduplicate(spec, scan)?;
    let shares = shares(spec, &sources);
    let mut train = Vec::new();
    let mut validation = Vec::new();
    let mut left = Vec::with_capacity(sources.len());
    for (source, documents) in unique.into_iter().enumerate() {
        let wanted = share(spec.validation, shares[source]);
        let mut drawn = shuffled(documents, scan, spec.seed, "split");
        let (count, taken) = take(&drawn, scan, wanted);
        let available = sources[source].unique_bytes();
        if taken < wanted {
            let rule = format!(
                "source `{}` is to give {} of it and has {}: lower it, change the weights, or add text",
                spec.sources[source].name(),
                Bytes(wanted),
                Bytes(available)
            );
            return Err(CorpusError::spec("validation", spec.validation, rule));
        }
        left.push(available - taken);
        let rest = drawn.split_off(count);
        validation.extend(drawn);
        let count = match spec.sample {
            Some(sample) => take(&rest, scan, share(sample, shares[source])).0,
            None => rest.len(),
        };
        train.extend_from_slice(&rest[..count]);
    }
    enough(spec, &shares, &sources, &left)?;
    Ok(Selection {
        train: shuffled(train, scan, spec.seed, "train order"),
        validation: shuffled(validation, scan, spec.seed, "validation order"),
        sources,
    })
}

/// The first of each text, by source, and what each source holds.
fn deduplicate(spec: &CorpusSpec, scan: &Scan) -> Result<(Vec<Vec<u32>>, Vec<SourceText>), CorpusError> {
    let mut sources = vec![SourceText::default(); spec.sources.len()];
    let mut hashers = vec![blake3::Hasher::new(); spec.sources.len()];
    let mut unique = vec![Vec::new(); spec.sources.len()];
    let mut seen = HashSet::with_capacity(scan.documents.len());
    for file in &scan.files {
        sources[file.source].files += 1;
    }
    for (index, document) in scan.documents.iter().enumerate() {
        let source = scan.source(document);
        let text = &mut sources[source];
        text.documents += 1;
        text.bytes += u64::from(document.bytes);
        let licence = scan.licence(document).as_bytes();
        hashers[source].update(&document.fingerprint.to_le_bytes());
        hashers[source]
            .update(&(licence.len() as u64).to_le_bytes())
            .update(licence);
        if seen.insert(document.fingerprint) {
            unique[source].push(index as u32);
        } else {
            text.duplicates += 1;
            text.duplicate_bytes += u64::from(document.bytes);
        }
    }
    for (index, text) in sources.iter_mut().enumerate() {
        text.content = hashers[index].finalize().to_hex().to_string();
        if unique[index].is_empty() {
            let skipped = scan.skipped[index];
            return Err(CorpusError::EmptySource {
                name: spec.sources[index].name().to_owned(),
                files: text.files,
                not_utf8: skipped.not_utf8,
                too_small: skipped.too_small,
                too_large: skipped.too_large,
                duplicates: text.duplicates,
            });
        }
    }
    Ok((unique, sources))
}

/// Each source's share: by weight in a sample; by its amount of text where all of it is taken.
fn shares(spec: &CorpusSpec, sources: &[SourceText]) -> Vec<f64> {
    if spec.sample.is_some() {
        return spec.shares();
    }
    let total: u64 = sources.iter().map(SourceText::unique_bytes).sum();
    sources
        .iter()
        .map(|text| text.unique_bytes() as f64 / total as f64)
        .collect()
}

fn share(total: Bytes, share: f64) -> u64 {
    (total.as_f64() * share).ceil() as u64
}

/// How many of the documents it takes to reach `wanted` bytes, and their bytes.
fn take(documents: &[u32], scan: &Scan, wanted: u64) -> (usize, u64) {
    let mut taken = 0;
    for (count, document) in documents.iter().enumerate() {
        if taken >= wanted {
            return (count, taken);
        }
        taken += u64::from(scan.documents[*document as usize].bytes);
    }
    (documents.len(), taken)
}

/// Refuses a sample that a source is too small for, and one that leaves nothing to train on.
fn enough(
    spec: &CorpusSpec,
    shares: &[f64],
    sources: &[SourceText],
    left: &[u64],
) -> Result<(), CorpusError> {
    let Some(sample) = spec.sample else {
        if left.iter().sum::<u64>() == 0 {
            let rule = "it takes all the text there is and leaves none to train on: lower it, or add text";
            return Err(CorpusError::spec("validation", spec.validation, rule));
        }
        return Ok(());
    };
    let largest = left
        .iter()
        .zip(shares)
        .map(|(left, share)| (*left as f64 / share).floor())
        .fold(f64::INFINITY, f64::min);
    for (index, left) in left.iter().enumerate() {
        let wanted = share(sample, shares[index]);
        if *left < wanted {
            return Err(CorpusError::NotEnough {
                name: spec.sources[index].name().to_owned(),
                validation: Bytes(share(spec.validation, shares[index])),
                train: Bytes(wanted),
                available: Bytes(sources[index].unique_bytes()),
                epochs: wanted as f64 / *left as f64,
                largest: Bytes(largest as u64),
            });
        }
    }
    Ok(())
}

/// The documents in an order drawn from their texts, the seed and the purpose.
fn shuffled(documents: Vec<u32>, scan: &Scan, seed: u64, purpose: &str) -> Vec<u32> {
    let hasher = {
        let mut hasher = blake3::Hasher::new_derive_key("triaxis corpus order");
        hasher.update(&seed.to_le_bytes()).update(purpose.as_bytes());
        hasher
    };
    let mut keyed: Vec<(u64, u32)> = documents
        .into_par_iter()
        .map(|index| {
            let mut hasher = hasher.clone();
            hasher.update(&scan.documents[index as usize].fingerprint.to_le_bytes());
            let mut key = [0; 8];
            hasher.finalize_xof().fill(&mut key);
            (u64::from_le_bytes(key), index)
        })
        .collect();
    keyed.par_sort_unstable();
    keyed.into_iter().map(|(_, index)| index).collect()
}
