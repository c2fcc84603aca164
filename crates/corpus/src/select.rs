//! Which documents go where: exact duplicates dropped, validation text held out, a sample drawn by
//! weight, and both splits shuffled. All of it follows from the texts' hashes and the seed.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use rayon::prelude::*;
use triaxis_units::Bytes;

use crate::left_out::told;
use crate::scan::Scan;
use crate::text::boundary;
use crate::{CorpusError, CorpusSpec};

/// What a source may give to a split beyond its share, as a share of that.
const OVERSHOOT: u64 = 10;
/// Bytes that it may always give beyond it, so that short documents stay whole.
const SHORT: u64 = 4096;

/// The chosen documents.
#[derive(Debug)]
pub(crate) struct Selection {
    pub(crate) train: Split,
    pub(crate) validation: Split,
    /// What each source holds.
    pub(crate) sources: Vec<SourceText>,
}

/// The documents of one split, as indices into the scan, in the order of its stream.
#[derive(Debug, Default)]
pub(crate) struct Split {
    pub(crate) documents: Vec<u32>,
    /// Those of which it holds a part.
    parts: HashMap<u32, Part>,
}

impl Split {
    /// What it holds of the text of a document.
    pub(crate) fn part<'t>(&self, document: u32, text: &'t str) -> &'t str {
        self.parts.get(&document).map_or(text, |part| part.of(text))
    }
}

/// Bytes among which a text is cut.
type Window = RangeInclusive<usize>;

/// A part of a long document: what follows a cut, up to another.
#[derive(Debug, Clone, Default)]
struct Part {
    after: Option<Window>,
    until: Option<Window>,
}

impl Part {
    fn of<'t>(&self, mut text: &'t str) -> &'t str {
        let cut = |text: &str, window: &Window| boundary(text.as_bytes(), window.clone());
        if let Some(window) = &self.after {
            text = &text[cut(text, window)..];
        }
        if let Some(window) = &self.until {
            text = &text[..cut(text, window)];
        }
        text
    }
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
    let mut train = Split::default();
    let mut validation = Split::default();
    let mut left = Vec::with_capacity(sources.len());
    for (source, documents) in unique.into_iter().enumerate() {
        let wanted = share(spec.validation, shares[source]);
        let drawn = shuffled(documents, scan, spec.seed, "split");
        let bytes = |document: &u32| u64::from(scan.documents[*document as usize].bytes);
        let held_out = take(drawn.iter().map(bytes), wanted);
        let available = sources[source].unique_bytes();
        if held_out.bytes < wanted {
            let rule = format!(
                "source `{}` is to give {} of it and has {}: lower it, change the weights, or add text",
                spec.sources[source].name(),
                Bytes(wanted),
                Bytes(available)
            );
            return Err(CorpusError::spec("validation", spec.validation, rule));
        }
        left.push(available - held_out.bytes);
        validation.extend(&drawn[..held_out.documents], None, held_out.cut.clone());
        // Of a document that is cut, the other part is training text.
        let cut = held_out.cut.as_ref().map_or(0, |window| *window.end() as u64);
        let rest = &drawn[held_out.documents - usize::from(cut > 0)..];
        let mut taken_off = cut;
        let sizes = rest
            .iter()
            .map(|document| bytes(document) - std::mem::take(&mut taken_off));
        let taken = match spec.sample {
            Some(sample) => take(sizes, share(sample, shares[source])),
            None => Taken {
                documents: rest.len(),
                ..Taken::default()
            },
        };
        train.extend(&rest[..taken.documents], held_out.cut, taken.cut);
    }
    enough(spec, &shares, &sources, &left)?;
    train.documents = shuffled(train.documents, scan, spec.seed, "train order");
    validation.documents = shuffled(validation.documents, scan, spec.seed, "validation order");
    Ok(Selection {
        train,
        validation,
        sources,
    })
}

impl Split {
    /// Adds documents, the first of them from `after` on, the last up to `until`.
    fn extend(&mut self, documents: &[u32], after: Option<Window>, until: Option<Window>) {
        if let (Some(first), Some(_)) = (documents.first(), &after) {
            self.parts.entry(*first).or_default().after = after;
        }
        if let (Some(last), Some(_)) = (documents.last(), &until) {
            self.parts.entry(*last).or_default().until = until;
        }
        self.documents.extend_from_slice(documents);
    }
}

/// The first of each text, by source, and what each source holds.
pub(crate) fn deduplicate(
    spec: &CorpusSpec,
    scan: &Scan,
) -> Result<(Vec<Vec<u32>>, Vec<SourceText>), CorpusError> {
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
            let left_out = told(&scan.left_out[index]);
            let and = if left_out.is_empty() { "" } else { " and " };
            return Err(CorpusError::input(format!(
                "source `{}` holds no usable document: of {} files, {left_out}{and}{} duplicates of earlier documents; \
                 correct its include patterns, its settings or the limits, or remove the source",
                spec.sources[index].name(),
                text.files,
                text.duplicates,
            )));
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

/// The documents that reach a share.
#[derive(Debug, Default, PartialEq)]
struct Taken {
    documents: usize,
    /// Their bytes, at most.
    bytes: u64,
    /// Where the last of them is cut, if all of it would be far too much.
    cut: Option<Window>,
}

/// What reaches `wanted` bytes has at most.
fn most(wanted: u64) -> u64 {
    wanted.saturating_add(SHORT.max(wanted / OVERSHOOT))
}

/// Takes documents of these sizes until `wanted` bytes are reached. They pass it by a tenth or by
/// [`SHORT`] at most: a last one that is too long for that is cut.
fn take(sizes: impl Iterator<Item = u64>, wanted: u64) -> Taken {
    let most = most(wanted);
    let mut taken = Taken::default();
    for size in sizes {
        if taken.bytes >= wanted {
            break;
        }
        taken.documents += 1;
        if taken.bytes + size > most {
            taken.cut = Some((wanted - taken.bytes) as usize..=(most - taken.bytes) as usize);
            taken.bytes = most;
            break;
        }
        taken.bytes += size;
    }
    taken
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
            return Err(CorpusError::input(format!(
                "source `{}` is too small: {} of validation and {} of training text are asked of it, and it has {} of \
                 unique text, so that the training text would be {:.1} epochs over what is left; the largest `sample` \
                 that the weights allow is {} ({} bytes): ask for less, change the weights, or add text",
                spec.sources[index].name(),
                Bytes(share(spec.validation, shares[index])),
                Bytes(wanted),
                Bytes(sources[index].unique_bytes()),
                wanted as f64 / *left as f64,
                Bytes(largest as u64),
                largest as u64,
            )));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_passed_by_a_tenth_or_a_short_document_at_most() {
        let take = |sizes: &[u64], wanted| take(sizes.iter().copied(), wanted);
        let whole = |documents, bytes| Taken {
            documents,
            bytes,
            cut: None,
        };
        assert_eq!(take(&[100, 100, 100], 150), whole(2, 200));
        assert_eq!(take(&[100, 4000, 100], 150), whole(2, 4100));
        assert_eq!(take(&[60_000, 49_999], 100_000), whole(2, 109_999));
        assert_eq!(take(&[100], 150), whole(1, 100));
        let cut = |documents, bytes, cut| Taken {
            documents,
            bytes,
            cut: Some(cut),
        };
        assert_eq!(take(&[50_000_000], 20_000), cut(1, 24_096, 20_000..=24_096));
        assert_eq!(
            take(&[60_000, 50_001, 1], 100_000),
            cut(2, 110_000, 40_000..=50_000)
        );
    }

    #[test]
    fn the_parts_of_a_document_are_all_of_it() {
        let text = "One.\n\nTwo. Three.\nFour.";
        let (first, second) = (2..=8, 3..=9);
        let part = |after: Option<&Window>, until: Option<&Window>| {
            Part {
                after: after.cloned(),
                until: until.cloned(),
            }
            .of(text)
        };
        assert_eq!(part(None, Some(&first)), "One.\n\n");
        assert_eq!(part(Some(&first), None), "Two. Three.\nFour.");
        assert_eq!(part(Some(&first), Some(&second)), "Two. ");
    }
}
