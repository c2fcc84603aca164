//! The first pass: every document is read and hashed, 32 bytes of each are kept.
//!
//! A curation stage that drops or rewrites documents belongs here, between the reader and the hash,
//! and again in [`crate::read`], which must see the same documents.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use triaxis_units::Bytes;

use crate::readers::{Piece, Place, SourceFile};
use crate::{CorpusError, CorpusSpec, Progress, Stage};

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

/// Documents that were not taken, by the reason.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Skipped {
    pub(crate) not_utf8: u64,
    pub(crate) too_small: u64,
    pub(crate) too_large: u64,
}

/// All documents of all sources, in the order of the spec, of the files, and within each file.
pub(crate) struct Scan {
    pub(crate) files: Vec<ScannedFile>,
    pub(crate) documents: Vec<Document>,
    /// By source.
    pub(crate) skipped: Vec<Skipped>,
}

/// The files of every source, in order.
pub(crate) fn list(
    spec: &CorpusSpec,
    base: &Path,
    avoid: Option<&Path>,
) -> Result<Vec<ScannedFile>, CorpusError> {
    let absolute = |path: &Path| std::path::absolute(path).map_err(CorpusError::io("resolve", path));
    let place = Place {
        base: absolute(base)?,
        avoid: avoid.map(absolute).transpose()?,
    };
    let mut files = Vec::new();
    for (source, entry) in spec.sources.iter().enumerate() {
        files.extend(
            entry
                .source()
                .files(&place)?
                .into_iter()
                .map(|file| ScannedFile { source, file }),
        );
    }
    Ok(files)
}

/// Hashes every document of the listed files.
pub(crate) fn scan(
    spec: &CorpusSpec,
    files: Vec<ScannedFile>,
    progress: &dyn Progress,
) -> Result<Scan, CorpusError> {
    progress.begin(Stage::Scan, files.iter().map(|entry| entry.file.size.0).sum());
    let scanned = files
        .par_iter()
        .enumerate()
        .map(|(index, entry)| {
            let result = scan_file(spec, index as u32, entry);
            progress.advance(entry.file.size.0);
            result
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mut skipped = vec![Skipped::default(); spec.sources.len()];
    let mut documents = Vec::with_capacity(scanned.iter().map(|(documents, _)| documents.len()).sum());
    for (entry, (found, passed)) in files.iter().zip(scanned) {
        documents.extend(found);
        let total = &mut skipped[entry.source];
        total.not_utf8 += passed.not_utf8;
        total.too_small += passed.too_small;
        total.too_large += passed.too_large;
    }
    Ok(Scan {
        files,
        documents,
        skipped,
    })
}

fn scan_file(
    spec: &CorpusSpec,
    index: u32,
    entry: &ScannedFile,
) -> Result<(Vec<Document>, Skipped), CorpusError> {
    let mut documents = Vec::new();
    let mut skipped = Skipped::default();
    let mut ordinal = 0;
    let source = spec.sources[entry.source].source();
    source.read(&entry.file, spec.maximum_document, &mut |piece| {
        match piece {
            Piece::NotUtf8 if spec.strict => {
                let place = format!("document {} of {}", ordinal + 1, entry.file.path.display());
                return Err(CorpusError::NotUtf8 { place });
            }
            Piece::NotUtf8 => skipped.not_utf8 += 1,
            Piece::TooLarge => skipped.too_large += 1,
            Piece::Document(text) if Bytes(text.len() as u64) < spec.minimum_document || text.is_empty() => {
                skipped.too_small += 1;
            }
            Piece::Document(text) => documents.push(Document {
                fingerprint: fingerprint(text),
                file: index,
                ordinal,
                bytes: text.len() as u32,
            }),
        }
        ordinal = next_ordinal(ordinal, entry)?;
        Ok(ControlFlow::Continue(()))
    })?;
    documents.shrink_to_fit();
    Ok((documents, skipped))
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
