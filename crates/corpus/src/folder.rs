//! The output folder: complete under its name, or not there.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::manifest::MANIFEST;
use crate::{Corpus, CorpusError};

const LOCK: &str = "lock";

/// The corpus that a folder already holds; nothing when it is missing or empty.
pub(crate) fn existing(out: &Path) -> Result<Option<Corpus>, CorpusError> {
    let manifest = out.join(MANIFEST);
    if manifest
        .try_exists()
        .map_err(CorpusError::io("read", &manifest))?
    {
        return Corpus::open(out).map(Some);
    }
    let entries = match std::fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(CorpusError::io("list", out)(error)),
    };
    if entries {
        Err(occupied(out, "files that are not a corpus"))
    } else {
        Ok(None)
    }
}

/// The corpus found, if it is the one wanted.
pub(crate) fn same(corpus: Corpus, inputs: &str) -> Result<Corpus, CorpusError> {
    if corpus.manifest().inputs == inputs {
        return Ok(corpus);
    }
    Err(occupied(
        corpus.folder(),
        "a corpus made by another spec or of other text",
    ))
}

fn occupied(folder: &Path, holds: &str) -> CorpusError {
    CorpusError::input(format!(
        "{} already holds {holds}: choose another output folder, or remove this one if it is no longer needed",
        folder.display()
    ))
}

/// A folder while it is being written: hidden, beside its later place, removed if dropped.
pub struct Unfinished {
    folder: TempDir,
    /// Held as long as the folder is being written; a folder without a holder was left by a crash.
    lock: File,
}

impl Unfinished {
    /// An empty folder beside `out`. What crashed runs for the same `out` left is removed.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub fn create(out: &Path) -> Result<Self, CorpusError> {
        let parent = parent(out)?;
        std::fs::create_dir_all(&parent).map_err(CorpusError::io("create", &parent))?;
        let mut prefix = OsString::from(".");
        prefix.push(out.file_name().unwrap_or_default());
        prefix.push(".unfinished-");
        remove_abandoned(&parent, &prefix);
        let failed = CorpusError::io("create a folder in", &parent);
        let folder = tempfile::Builder::new()
            .prefix(&prefix)
            .tempdir_in(&parent)
            .map_err(failed)?;
        let path = folder.path().join(LOCK);
        let lock = File::create_new(&path).map_err(CorpusError::io("create", &path))?;
        lock.lock().map_err(CorpusError::io("lock", &path))?;
        Ok(Self { folder, lock })
    }

    /// Where it is now.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Gives the folder its name, and opens it. Where another process was first with the same
    /// corpus, that one is opened.
    pub(crate) fn rename(self, out: &Path, inputs: &str) -> Result<Corpus, CorpusError> {
        match self.finish(out) {
            Ok(()) => Corpus::open(out),
            Err(error) => match existing(out)? {
                Some(corpus) => same(corpus, inputs),
                None => Err(error),
            },
        }
    }

    /// Gives the folder its name, where nothing or an empty folder is. The files in it are to be synced before.
    ///
    /// # Errors
    /// Where the file system refuses; nothing is left then.
    pub fn finish(self, out: &Path) -> Result<(), CorpusError> {
        let path = self.folder.path();
        let lock = path.join(LOCK);
        std::fs::remove_file(&lock).map_err(CorpusError::io("remove", &lock))?;
        sync(path)?;
        std::fs::rename(path, out).map_err(CorpusError::io("create", out))?;
        drop(self.lock);
        // Nothing is left under the hidden name, so there is nothing to remove.
        let _ = self.folder.keep();
        sync(&parent(out)?)
    }
}

fn parent(out: &Path) -> Result<PathBuf, CorpusError> {
    let absolute = std::path::absolute(out).map_err(CorpusError::io("resolve", out))?;
    Ok(absolute.parent().unwrap_or(&absolute).to_owned())
}

/// Removes what crashed preparations of the same folder left. What cannot be removed stays, hidden.
fn remove_abandoned(parent: &Path, prefix: &OsString) {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let ours = entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(prefix.as_encoded_bytes());
        let lock = File::open(entry.path().join(LOCK));
        if ours && lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(unix)]
fn sync(folder: &Path) -> Result<(), CorpusError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(CorpusError::io("sync", folder))
}

/// Folders cannot be synced there.
#[cfg(not(unix))]
fn sync(_folder: &Path) -> Result<(), CorpusError> {
    Ok(())
}
