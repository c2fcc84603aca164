//! The first pass: every document is read and hashed, 32 bytes of each are kept.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use triaxis_units::Bytes;

use crate::left_out::{LeftOut, LeftOutBy, Reason, merge};
use crate::manifest::HeldOutFacts;
use crate::readers::{Found, Piece, Place, SourceFile};
use crate::{CorpusError, CorpusSpec, HeldOut, Progress, Stage};

/// A document, by the hash of its text and where it is found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Document {
    /// The first half of its blake3 hash: the chance that two of 10^12 texts share it is below 10^-14.
    pub(crate) fingerprint: u128,
    /// Index in [`Scan::files`].
    pub(crate) file: u32,
    /// Its number among the file's pieces.
    pub(crate) ordinal: u32,
    /// Length of its text.
    pub(crate) bytes: u32,
}

/// A file of a source.
pub(crate) struct ScannedFile {
    pub(crate) source: usize,
    pub(crate) file: SourceFile,
}

/// The files of all sources, in order, and what was found and is no file.
pub(crate) struct Files {
    pub(crate) all: Vec<ScannedFile>,
    /// By source.
    pub(crate) left_out: Vec<LeftOutBy>,
}

/// All documents of all sources, in the order of the spec, of the files, and within each file.
pub(crate) struct Scan {
    pub(crate) files: Vec<ScannedFile>,
    pub(crate) documents: Vec<Document>,
    /// By source.
    pub(crate) left_out: Vec<LeftOutBy>,
    /// What was held out, if anything was.
    pub(crate) held_out: Option<HeldOutFacts>,
}

/// The files of every source, in order.
pub(crate) fn list(spec: &CorpusSpec, base: &Path, avoid: &[&Path]) -> Result<Files, CorpusError> {
    let absolute = |path: &Path| std::path::absolute(path).map_err(CorpusError::io("resolve", path));
    let place = Place {
        base: absolute(base)?,
        avoid: avoid
            .iter()
            .map(|folder| absolute(folder))
            .collect::<Result<_, _>>()?,
    };
    let mut all = Vec::new();
    let mut left_out = Vec::with_capacity(spec.sources.len());
    for (source, entry) in spec.sources.iter().enumerate() {
        let listing = entry.source().files(&place)?;
        if let Some((_, left)) = listing.left_out.first_key_value().filter(|_| spec.strict) {
            return Err(unusable(&left.first));
        }
        left_out.push(listing.left_out);
        all.extend(listing.files.into_iter().map(|file| ScannedFile { source, file }));
    }
    Ok(Files { all, left_out })
}

/// Hashes every document of the listed files that is not held out.
pub(crate) fn scan(
    spec: &CorpusSpec,
    files: Files,
    held_out: &HeldOut,
    progress: &dyn Progress,
) -> Result<Scan, CorpusError> {
    let Files {
        all: files,
        mut left_out,
    } = files;
    progress.begin(Stage::Scan, files.iter().map(|entry| entry.file.size.0).sum());
    let scanned = files
        .par_iter()
        .enumerate()
        .map(|(index, entry)| {
            let result = scan_file(spec, held_out, index as u32, entry);
            progress.advance(entry.file.size.0);
            result
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mut documents = Vec::with_capacity(scanned.iter().map(|(documents, _)| documents.len()).sum());
    for (entry, (found, more)) in files.iter().zip(scanned) {
        documents.extend(found);
        merge(&mut left_out[entry.source], more);
    }
    Ok(Scan {
        files,
        documents,
        left_out,
        held_out: held_out.facts().cloned(),
    })
}

fn scan_file(
    spec: &CorpusSpec,
    held_out: &HeldOut,
    index: u32,
    entry: &ScannedFile,
) -> Result<(Vec<Document>, LeftOutBy), CorpusError> {
    let mut documents = Vec::new();
    let left_out = read_documents(spec, entry, &mut |ordinal, Found { text, .. }, left_out| {
        let fingerprint = fingerprint(text);
        match held_out.find(text, fingerprint) {
            Some(held) => leave_out(left_out, held.reason, 1, text.len() as u64, || {
                let share = 100.0 * held.share;
                format!("{} shares {share:.0}% with `{}`", entry.file.id, held.text)
            }),
            None => documents.push(Document {
                fingerprint,
                file: index,
                ordinal,
                bytes: text.len() as u32,
            }),
        }
        ControlFlow::Continue(())
    })?;
    documents.shrink_to_fit();
    Ok((documents, left_out))
}

/// Receives a document with its number among the file's pieces, and what was left out so far.
pub(crate) type Each<'a> = dyn FnMut(u32, Found<'_>, &mut LeftOutBy) -> ControlFlow<()> + 'a;

/// Reads the documents of a file in their order; what is none is left out and counted.
pub(crate) fn read_documents(
    spec: &CorpusSpec,
    entry: &ScannedFile,
    each: &mut Each<'_>,
) -> Result<LeftOutBy, CorpusError> {
    let mut left_out = LeftOutBy::new();
    let mut ordinal = 0;
    let source = spec.sources[entry.source].source();
    source.read(&entry.file, spec.limits(), &mut |piece| {
        let mut flow = ControlFlow::Continue(());
        match piece {
            Piece::LeftOut { reason, why, .. } if spec.strict && reason.is_fault() => {
                return Err(unusable(&format!("{}{}", entry.file.path.display(), why())));
            }
            Piece::LeftOut {
                reason,
                documents,
                bytes,
                why,
            } => leave_out(&mut left_out, reason, documents, bytes, || {
                format!("{}{}", entry.file.id, why())
            }),
            Piece::Document { found, place } if found.text.is_empty() => {
                leave_out(&mut left_out, Reason::Empty, 1, 0, || {
                    format!("{}{} is empty", entry.file.id, place())
                });
            }
            Piece::Document { found, place } if Bytes(found.text.len() as u64) < spec.minimum_document => {
                let bytes = Bytes(found.text.len() as u64);
                leave_out(&mut left_out, Reason::TooSmall, 1, bytes.0, || {
                    format!("{}{} has {bytes}", entry.file.id, place())
                });
            }
            Piece::Document { found, .. } => flow = each(ordinal, found, &mut left_out),
        }
        ordinal = next_ordinal(ordinal, entry)?;
        Ok(flow)
    })?;
    Ok(left_out)
}

/// Text that cannot be used, with `strict`.
fn unusable(place: &str) -> CorpusError {
    CorpusError::input(format!(
        "{place}: correct or exclude it, or set `strict = false` to leave out and count such text"
    ))
}

/// Counts text that is left out; `first` tells of it, if it is the first.
fn leave_out(
    left_out: &mut LeftOutBy,
    reason: Reason,
    documents: u64,
    bytes: u64,
    first: impl FnOnce() -> String,
) {
    let first = match left_out.contains_key(&reason) {
        true => String::new(),
        false => first(),
    };
    let more = LeftOut {
        documents,
        bytes: Bytes(bytes),
        first,
    };
    merge(left_out, [(reason, more)].into());
}

/// The number of the piece after `ordinal`.
pub(crate) fn next_ordinal(ordinal: u32, entry: &ScannedFile) -> Result<u32, CorpusError> {
    ordinal.checked_add(1).ok_or_else(|| {
        CorpusError::spec(
            "file",
            entry.file.path.display(),
            "holds more than 2^32 documents: split it into several files",
        )
    })
}

/// The first half of a text's blake3 hash.
pub(crate) fn fingerprint(text: &str) -> u128 {
    let hash = blake3::hash(text.as_bytes());
    let (half, _) = hash.as_bytes().split_at(16);
    u128::from_le_bytes(half.try_into().expect("a blake3 hash has 32 bytes"))
}

impl Scan {
    /// The source of a document.
    pub(crate) fn source(&self, document: &Document) -> usize {
        self.files[document.file as usize].source
    }

    /// The licence of a document.
    pub(crate) fn licence(&self, document: &Document) -> &Arc<str> {
        &self.files[document.file as usize].file.licence
    }
}
