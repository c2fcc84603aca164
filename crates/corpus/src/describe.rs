use std::path::Path;

use serde::{Deserialize, Serialize};
use triaxis_units::Bytes;

use crate::{CorpusError, CorpusSpec, scan};

/// A source as its files are listed, before any is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceListing {
    /// The source's name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Files it reads.
    pub files: u64,
    /// Their size as they lie on the disk, which is less than their text where they are compressed.
    pub bytes: Bytes,
}

/// Lists what the sources of a spec hold, for a dry run: the files are found but not read.
///
/// Relative patterns start from `base`; what lies in a folder of `avoid` is no text.
///
/// # Errors
/// When the spec is refused, or a source has no files.
pub fn describe(spec: &CorpusSpec, base: &Path, avoid: &[&Path]) -> Result<Vec<SourceListing>, CorpusError> {
    spec.check()?;
    let files = scan::list(spec, base, avoid)?;
    let listing = |(index, source): (usize, &crate::SourceSpec)| {
        let of_source = || files.all.iter().filter(|entry| entry.source == index);
        SourceListing {
            name: source.name().to_owned(),
            kind: source.kind().to_owned(),
            files: of_source().count() as u64,
            bytes: of_source().map(|entry| entry.file.size).sum(),
        }
    };
    Ok(spec.sources.iter().enumerate().map(listing).collect())
}
