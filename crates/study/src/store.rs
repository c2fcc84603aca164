//! The folder of a study: the only place that knows where its files lie.
//!
//! ```text
//! study.json          the spec, and the library that its records and corpus are in
//! trials.json         the groups it resolves to, with corpus, tokenizer and code
//! lock                held by the process that works on the folder
//! predictions/ID.json the loss of the held-out run ID (ARM-ID of an arm's), written before that run starts
//! analysis.json       laws and plan
//! report.html         the page
//! ```
//! Every file is written under a temporary name, synced and renamed, with a hash of its content.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::StudyError;
use crate::library::Library;
use crate::sealed::{self, Lock};

/// The folder of one study.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// The store in `folder`, which need not exist yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The library of studies that name none: it lies beside the folder.
    pub fn library_beside(&self) -> Library {
        Library::new(self.folder.parent().unwrap_or(Path::new("")).join("library"))
    }

    /// The spec.
    pub fn study(&self) -> PathBuf {
        self.folder.join("study.json")
    }

    /// The resolved groups and what they are run with.
    pub fn trials(&self) -> PathBuf {
        self.folder.join("trials.json")
    }

    /// The prediction of that name.
    pub(crate) fn prediction(&self, name: &str) -> PathBuf {
        self.folder.join("predictions").join(format!("{name}.json"))
    }

    /// Laws and plan.
    pub fn analysis(&self) -> PathBuf {
        self.folder.join("analysis.json")
    }

    /// The page.
    pub fn page(&self) -> PathBuf {
        self.folder.join("report.html")
    }

    /// Refuses a file in the place of the folder.
    ///
    /// # Errors
    /// [`StudyError::NotAFolder`].
    pub(crate) fn check(&self) -> Result<(), StudyError> {
        match self.folder.exists() && !self.folder.is_dir() {
            true => Err(StudyError::NotAFolder {
                path: self.folder.clone(),
            }),
            false => Ok(()),
        }
    }

    /// Makes the folder and takes it for this process.
    ///
    /// # Errors
    /// [`StudyError::Locked`] when another process has it, [`StudyError::NotAFolder`] when it is a file.
    pub fn lock(&self) -> Result<Lock, StudyError> {
        self.check()?;
        fs::create_dir_all(&self.folder).map_err(StudyError::io("make", &self.folder))?;
        sealed::lock(&self.folder.join("lock"), &self.folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_taken_by_one_process() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        let lock = store.lock().unwrap();
        assert!(matches!(store.lock(), Err(StudyError::Locked { .. })));
        drop(lock);
        assert!(store.lock().is_ok());
    }
}
