//! What studies share, so that nothing is made twice: the only place that knows where it lies.
//!
//! ```text
//! library.json        the layout's version
//! records/ID.json     one record a trial, written once
//! corpora/ID/         shards, tokenizer, manifest of what one spec of text and tokenizer means
//! texts/ID.json       a validation text, as text
//! groups/ID/          checkpoints and messages of a group under way
//! locks/ID            held by the process that makes what has this identity
//! ```

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use triaxis_host::Kind;

use crate::error::StudyError;
use crate::record::{RunRecord, SCHEMA};
use crate::sealed::{self, Lock};
use crate::trial::Group;

/// Version of the layout of a library.
const LAYOUT: u32 = 1;

/// A folder of records and corpora that studies share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Library {
    folder: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct About {
    layout: u32,
}

/// What came of writing a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is there now.
    New,
    /// One that says the same was there.
    Same,
    /// Another process was first, with another outcome, which stands.
    Differs,
}

impl Library {
    /// The library in `folder`, which need not exist yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Checks that this version can use the folder, changing nothing; one that is not there yet will do.
    ///
    /// # Errors
    /// [`StudyError::Library`] for a file, a folder of other things, and what a newer version made;
    /// [`StudyError::Damaged`] for a library whose own file is damaged, which [`Library::settle`] mends.
    pub fn check(&self) -> Result<(), StudyError> {
        let read = sealed::read::<About>(&self.about());
        match read {
            Ok(Some(about)) if about.layout > LAYOUT => Err(self.refused(format!(
                "a newer version of triaxis wrote it (layout {}, and this one knows {LAYOUT})",
                about.layout
            ))),
            Ok(Some(_)) => Ok(()),
            _ if self.folder.exists() && !self.folder.is_dir() => {
                Err(self.refused("it is a file, and a library is a folder".to_owned()))
            }
            other => match self.foreign()? {
                Some(name) => Err(self.refused(format!(
                    "it is not empty and holds no library (`{name}` is in it)"
                ))),
                None => other.map(drop),
            },
        }
    }

    /// Makes the folder, or checks that this version can use it; a damaged file that says so is made again, once
    /// `warn` has set it aside.
    ///
    /// # Errors
    /// [`StudyError::Library`] when it cannot be made or written to, or is none of this version.
    pub fn settle(
        &self,
        warn: &mut dyn FnMut(StudyError) -> Result<(), StudyError>,
    ) -> Result<(), StudyError> {
        match self.check() {
            Err(error @ StudyError::Damaged { .. }) => warn(error)?,
            other => other?,
        }
        let path = self.about();
        match path.exists() {
            true => Ok(()),
            false => sealed::write(&path, &About { layout: LAYOUT }).map_err(|error| match error.kind() {
                Kind::Machine => error,
                _ => self.refused(error.to_string()),
            }),
        }
    }

    fn about(&self) -> PathBuf {
        self.folder.join("library.json")
    }

    fn refused(&self, reason: String) -> StudyError {
        StudyError::Library {
            folder: self.folder.clone(),
            reason,
        }
    }

    /// Something in the folder that no library has, if there is any.
    fn foreign(&self) -> Result<Option<String>, StudyError> {
        let own = |name: &str| {
            ["records", "corpora", "texts", "groups", "locks"].contains(&name)
                || name.starts_with("library.")
                || name.starts_with(triaxis_host::files::TEMPORARY)
        };
        Ok(names(&self.folder)?.into_iter().find(|name| !own(name)))
    }

    /// The corpus of that identity.
    pub fn corpus(&self, id: &str) -> PathBuf {
        self.folder.join("corpora").join(id)
    }

    /// The validation text of that identity.
    pub fn text(&self, id: &str) -> PathBuf {
        self.folder.join("texts").join(format!("{id}.json"))
    }

    /// Identities of all validation texts, in order.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn texts(&self) -> Result<Vec<String>, StudyError> {
        identities(&self.folder.join("texts"))
    }

    /// Removes a validation text, which is read again when it is asked for.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn remove_text(&self, id: &str) -> Result<(), StudyError> {
        let path = self.text(id);
        fs::remove_file(&path).map_err(StudyError::io("remove", path))
    }

    /// Checkpoints and messages of a group.
    pub fn group(&self, id: &str) -> PathBuf {
        self.folder.join("groups").join(id)
    }

    /// Where the records lie.
    pub fn records_folder(&self) -> PathBuf {
        self.folder.join("records")
    }

    /// The record of a trial.
    pub fn record(&self, trial: &str) -> PathBuf {
        self.records_folder().join(format!("{trial}.json"))
    }

    /// Waits until no other process makes what has one of these identities, and takes them all; `wait` hears of the
    /// first one that is taken.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn lock<'i>(
        &self,
        ids: impl IntoIterator<Item = &'i str>,
        wait: &mut dyn FnMut(&str),
    ) -> Result<Vec<Lock>, StudyError> {
        let folder = self.folder.join("locks");
        fs::create_dir_all(&folder).map_err(StudyError::io("make", &folder))?;
        // Everybody takes them in one order, so that nobody waits for one who waits.
        let ids: BTreeSet<&str> = ids.into_iter().collect();
        let locks = ids.into_iter().map(|id| {
            let path = folder.join(id);
            match sealed::lock(&path, &path) {
                Err(StudyError::Locked { .. }) => {
                    wait(id);
                    sealed::lock_patiently(&path)
                }
                other => other,
            }
        });
        locks.collect()
    }

    /// Writes a record, once: one that is there already stands.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn write_record(&self, record: &RunRecord) -> Result<Written, StudyError> {
        match self.read_record(&record.id)? {
            None => sealed::write(&self.record(&record.id), record).map(|()| Written::New),
            Some(found) if found.outcome == record.outcome => Ok(Written::Same),
            Some(_) => Ok(Written::Differs),
        }
    }

    /// Removes the record of a trial, so that it is run again when it is asked for.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn forget(&self, trial: &str) -> Result<(), StudyError> {
        let path = self.record(trial);
        fs::remove_file(&path).map_err(StudyError::io("remove", path))
    }

    /// The record of a trial, or `None` when there is none.
    ///
    /// # Errors
    /// [`StudyError::Damaged`] when it does not hold what was written.
    pub fn read_record(&self, trial: &str) -> Result<Option<RunRecord>, StudyError> {
        let path = self.record(trial);
        let record: Option<RunRecord> = sealed::read(&path)?;
        let fault = match record {
            Some(record) if record.schema != SCHEMA => format!(
                "was made by another version of this program (its layout is {}, and {SCHEMA} is read)",
                record.schema
            ),
            Some(record) if record.id != trial => format!("is damaged (it is the record of {})", record.id),
            other => return Ok(other),
        };
        Err(sealed::unusable(&path, fault))
    }

    /// As [`Library::read_record`], but a damaged record counts as none, after `warn` has heard of it.
    ///
    /// # Errors
    /// When the file system refuses, or `warn` does.
    pub fn find_record(
        &self,
        trial: &str,
        warn: &mut dyn FnMut(StudyError) -> Result<(), StudyError>,
    ) -> Result<Option<RunRecord>, StudyError> {
        match self.read_record(trial) {
            Err(error @ StudyError::Damaged { .. }) => warn(error).map(|()| None),
            other => other,
        }
    }

    /// The places in `group` of the trials that have a record; a damaged one is set aside and is none.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn recorded(&self, group: &Group) -> Result<BTreeSet<usize>, StudyError> {
        let mut recorded = BTreeSet::new();
        for (place, trial) in group.trials.iter().enumerate() {
            if self
                .find_record(&trial.id, &mut |error| sealed::set_aside(error).map(drop))?
                .is_some()
            {
                recorded.insert(place);
            }
        }
        Ok(recorded)
    }

    /// Identities of all records, in order.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn records(&self) -> Result<Vec<String>, StudyError> {
        identities(&self.records_folder())
    }

    /// Identities of all corpora, in order.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn corpora(&self) -> Result<Vec<String>, StudyError> {
        let names = names(&self.folder.join("corpora"))?;
        Ok(names.into_iter().filter(|name| !name.contains('.')).collect())
    }

    /// Removes a corpus, which is made again when it is asked for.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn remove_corpus(&self, id: &str) -> Result<(), StudyError> {
        remove_folder(&self.corpus(id))
    }

    /// Whether some process makes something for the library just now.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn is_busy(&self) -> Result<bool, StudyError> {
        let folder = self.folder.join("locks");
        for name in names(&folder)? {
            let path = folder.join(name);
            match sealed::lock(&path, &path) {
                Err(StudyError::Locked { .. }) => return Ok(true),
                other => drop(other?),
            }
        }
        Ok(false)
    }

    /// Puts a corpus of no use out of the way, so that it is made again. It may be as large as all results
    /// together, so that the last one alone is kept.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn set_corpus_aside(&self, id: &str, fault: String) -> Result<StudyError, StudyError> {
        let path = self.corpus(id);
        remove_folder(&path.with_extension(sealed::ASIDE))?;
        sealed::set_aside(sealed::unusable(&path, fault))
    }

    /// Removes what a finished group leaves behind.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn clear_group(&self, id: &str) -> Result<(), StudyError> {
        remove_folder(&self.group(id))
    }
}

/// Identities of the files in a folder, in order.
fn identities(folder: &Path) -> Result<Vec<String>, StudyError> {
    let names = names(folder)?;
    let ids = names.iter().filter_map(|name| name.strip_suffix(".json"));
    Ok(ids.map(str::to_owned).collect())
}

/// Names of what lies in a folder, in order; none where there is no folder.
fn names(folder: &Path) -> Result<Vec<String>, StudyError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(StudyError::io("list", folder))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(StudyError::io("list", folder))?.file_name();
        names.push(name.to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn remove_folder(folder: &Path) -> Result<(), StudyError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(StudyError::io("remove", folder)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_made_by_one_process_and_a_second_waits() {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::new(folder.path());
        let held = library
            .lock(["b", "a"], &mut |_| unreachable!("nobody holds them"))
            .unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let second =
                scope.spawn(|| library.lock(["c", "b"], &mut |id| sender.send(id.to_owned()).unwrap()));
            assert_eq!(receiver.recv().unwrap(), "b");
            drop(held);
            assert_eq!(second.join().unwrap().unwrap().len(), 2);
        });
    }

    #[test]
    fn of_corpora_set_aside_the_last_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::new(folder.path());
        let path = library.corpus("id");
        for made in ["one", "two"] {
            fs::create_dir_all(&path).unwrap();
            fs::write(path.join(made), "").unwrap();
            let said = library
                .set_corpus_aside("id", "is damaged (shard)".into())
                .unwrap()
                .to_string();
            assert!(
                said.contains("id is damaged (shard); it was set aside as"),
                "{said}"
            );
            assert_eq!(names(path.parent().unwrap()).unwrap(), ["id.damaged"]);
            assert!(path.with_extension("damaged").join(made).exists());
        }
    }

    #[test]
    fn a_library_of_a_newer_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::new(folder.path().join("library"));
        let settle = || library.settle(&mut |error| Err(error));
        settle().unwrap();
        settle().unwrap();
        let newer = About { layout: LAYOUT + 1 };
        sealed::write(&library.folder().join("library.json"), &newer).unwrap();
        let error = settle().unwrap_err();
        assert_eq!(error.kind(), Kind::Input, "{error}");
        assert!(error.to_string().contains("a newer version"), "{error}");
    }
}
