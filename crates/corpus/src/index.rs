//! Which document and source each token of a shard is of.

use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap;

use crate::manifest::{MANIFEST, SplitFacts};
use crate::{CorpusError, shards};

/// Bytes of an entry: where the document's tokens begin (8), the bytes of its text (4), its source (4), little end
/// first.
pub(crate) const ENTRY: usize = 16;

/// A document of a stream of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Document {
    /// Its first token's place in the stream; its end-of-text token is the last before the next document.
    pub start: u64,
    /// Its text in bytes, without what the tokenizer loses of validation text.
    pub bytes: u32,
    /// Its source's place in the spec.
    pub source: u32,
}

impl Document {
    pub(crate) fn to_bytes(self) -> [u8; ENTRY] {
        let mut entry = [0; ENTRY];
        entry[..8].copy_from_slice(&self.start.to_le_bytes());
        entry[8..12].copy_from_slice(&self.bytes.to_le_bytes());
        entry[12..].copy_from_slice(&self.source.to_le_bytes());
        entry
    }

    fn from_bytes(entry: &[u8; ENTRY]) -> Self {
        let entry = u128::from_le_bytes(*entry);
        Self {
            start: entry as u64,
            bytes: (entry >> 64) as u32,
            source: (entry >> 96) as u32,
        }
    }
}

/// The documents of a stream of tokens, in order. Cloning shares them.
#[derive(Debug, Clone)]
pub struct Index {
    pub(crate) map: Arc<Mmap>,
}

impl Index {
    pub(crate) fn open(folder: &Path, split: &SplitFacts) -> Result<Self, CorpusError> {
        let path = folder.join(&split.index.file);
        let found = std::fs::metadata(&path)
            .map_err(CorpusError::io_of_part("read", &path))?
            .len();
        let documents = split.total.documents;
        if found != split.index.size.0 || documents.checked_mul(ENTRY as u64) != Some(found) {
            let detail =
                format!("it has {found} bytes, and {MANIFEST} lists {documents} documents of {ENTRY}");
            return Err(CorpusError::damaged(&path, detail));
        }
        Ok(Self {
            map: Arc::new(shards::map(&path)?),
        })
    }

    /// Every document, in the order of the stream.
    pub fn documents(&self) -> impl ExactSizeIterator<Item = Document> + '_ {
        self.map.as_chunks().0.iter().map(Document::from_bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Document;

    proptest! {
        #[test]
        fn entries_come_back_from_their_bytes(start: u64, bytes: u32, source: u32) {
            let document = Document { start, bytes, source };
            prop_assert_eq!(Document::from_bytes(&document.to_bytes()), document);
        }
    }
}
