//! The documents of sources, one after another, for what comes before a corpus.

use std::ops::ControlFlow;
use std::path::Path;

use triaxis_units::Bytes;

use crate::left_out::merge;
use crate::readers::{Found, SourceFile, UNSTATED};
use crate::scan::{ScannedFile, list, read_documents};
use crate::{CorpusError, CorpusSpec, LeftOutBy, LongDocuments, SourceSpec, content};

/// How documents are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// As [`CorpusSpec::strict`].
    pub strict: bool,
    /// As [`CorpusSpec::minimum_document`].
    pub minimum_document: Bytes,
    /// As [`CorpusSpec::maximum_document`].
    pub maximum_document: Bytes,
    /// As [`CorpusSpec::long_documents`].
    pub long_documents: LongDocuments,
}

/// The files of sources, in the order of the sources and within each in one that the machine does not change.
pub struct Documents {
    spec: CorpusSpec,
    files: Vec<ScannedFile>,
    left_out: Vec<LeftOutBy>,
}

/// What is known of a file's documents.
#[derive(Debug, Clone, Copy)]
pub struct FileFacts<'d> {
    /// The source's number.
    pub source: usize,
    /// Its path within the source.
    pub id: &'d str,
    /// Its size on the disk.
    pub size: Bytes,
    /// Its licence, where one is stated.
    pub licence: Option<&'d str>,
}

impl Documents {
    /// Lists the files of sources. Relative patterns start from `base`; what lies in a folder of `avoid` is no text.
    ///
    /// # Errors
    /// When a source is refused or has no files.
    pub fn list(
        sources: &[SourceSpec],
        reading: Reading,
        base: &Path,
        avoid: &[&Path],
    ) -> Result<Self, CorpusError> {
        for source in sources {
            if let Some(weight) = source.weight() {
                let key = format!("source `{}`: weight", source.name());
                let rule = "all of its text is read, and weights share out a sample: remove the weight";
                return Err(CorpusError::spec(key, weight, rule));
            }
        }
        let spec = CorpusSpec {
            sources: sources.to_vec(),
            sample: None,
            validation: Bytes(1),
            seed: 0,
            strict: reading.strict,
            minimum_document: reading.minimum_document,
            maximum_document: reading.maximum_document,
            long_documents: reading.long_documents,
        };
        spec.check()?;
        let files = list(&spec, base, avoid)?;
        Ok(Self {
            spec,
            files: files.all,
            left_out: files.left_out,
        })
    }

    /// How many files there are.
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// The size of all files on the disk.
    pub fn size(&self) -> Bytes {
        self.files.iter().map(|file| file.file.size).sum()
    }

    /// What is known of a file, by its number from 0.
    pub fn file(&self, number: usize) -> FileFacts<'_> {
        let ScannedFile { source, file } = &self.files[number];
        let SourceFile {
            id, size, licence, ..
        } = file;
        FileFacts {
            source: *source,
            id,
            size: *size,
            licence: Some(&**licence).filter(|licence| *licence != UNSTATED),
        }
    }

    /// What could not be read of the files' names already, by source.
    pub fn left_out(&self) -> Vec<LeftOutBy> {
        self.left_out.clone()
    }

    /// Hash of what the files hold; see [`content`](crate::content()).
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn content(&self) -> Result<String, CorpusError> {
        content::of_files(&self.files).map(content::together)
    }

    /// Calls `each` with the documents of a file and their numbers, which rise, and adds to `left_out` what is none.
    ///
    /// # Errors
    /// When the file cannot be read, or holds with `strict` what is no text.
    pub fn read(
        &self,
        number: usize,
        left_out: &mut LeftOutBy,
        each: &mut dyn FnMut(u32, Found<'_>) -> ControlFlow<()>,
    ) -> Result<(), CorpusError> {
        let more = read_documents(&self.spec, &self.files[number], &mut |ordinal, found, _| {
            each(ordinal, found)
        })?;
        merge(left_out, more);
        Ok(())
    }
}
