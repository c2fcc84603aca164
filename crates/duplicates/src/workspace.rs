//! Where copies are looked for, and with how much memory.

use std::path::PathBuf;

use triaxis_units::Bytes;

use crate::DuplicatesError;

/// The least memory that anything is sorted with.
const LEAST: Bytes = Bytes(64 << 10);

/// A folder for what is too large for memory, and how much memory there is.
#[derive(Debug, Clone)]
pub struct Workspace {
    folder: PathBuf,
    memory: Bytes,
}

impl Workspace {
    /// Sorts with at most `memory`, and in `folder` what is more. What is written there is removed in the end.
    ///
    /// # Errors
    /// Where the memory is too little to sort with.
    pub fn new(folder: impl Into<PathBuf>, memory: Bytes) -> Result<Self, DuplicatesError> {
        if memory < LEAST {
            let rule = format!("copies are looked for with at least {LEAST}; give that much");
            return Err(DuplicatesError::setting("memory", memory, rule));
        }
        Ok(Self {
            folder: folder.into(),
            memory,
        })
    }

    /// Where what is too large for memory is written.
    pub(crate) fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// What is held beside a batch and its results.
    pub fn memory(&self) -> Bytes {
        self.memory
    }

    /// One of `parts` equal parts of the memory, in bytes.
    pub(crate) fn part(&self, parts: u64) -> usize {
        usize::try_from(self.memory.0 / parts).unwrap_or(usize::MAX)
    }
}
