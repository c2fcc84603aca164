//! The folder of a study: the only place that knows where its files lie.
//!
//! ```text
//! study.json          the frozen spec
//! trials.json         the groups it resolves to, with corpus, tokenizer and code
//! lock                held by the process that works on the folder
//! corpus/             shards, tokenizer, manifest
//! trials/ID.json      one record a trial, written once
//! groups/ID/          checkpoints and messages of a group under way
//! prediction.json     the held-out run's loss, written before that run starts
//! analysis.json       laws and plan
//! report.html         the page
//! ```
//! Every file is written under a temporary name, synced and renamed, with a hash of its content.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::StudyError;
use crate::identity;
use crate::record::{RunRecord, SCHEMA};
use crate::trial::Group;

/// What files and folders end in that are kept although they are of no use.
const ASIDE: &str = "damaged";

/// The folder of one study.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

/// Holds a study's folder until dropped; the system frees it when the process dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

#[derive(Serialize, Deserialize)]
struct Sealed<T> {
    hash: String,
    content: T,
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

    /// The corpus of the study.
    pub fn corpus(&self) -> PathBuf {
        self.folder.join("corpus")
    }

    /// Checkpoints and messages of a group.
    pub fn group(&self, id: &str) -> PathBuf {
        self.folder.join("groups").join(id)
    }

    /// The frozen study.
    pub fn study(&self) -> PathBuf {
        self.folder.join("study.json")
    }

    /// The resolved groups and what they are run with.
    pub fn trials(&self) -> PathBuf {
        self.folder.join("trials.json")
    }

    /// The prediction of the held-out run.
    pub fn prediction(&self) -> PathBuf {
        self.folder.join("prediction.json")
    }

    /// Laws and plan.
    pub fn analysis(&self) -> PathBuf {
        self.folder.join("analysis.json")
    }

    /// The page.
    pub fn page(&self) -> PathBuf {
        self.folder.join("report.html")
    }

    /// Whether there is anything in the folder that took work to make.
    pub fn has_results(&self) -> bool {
        self.corpus().exists() || self.trials().exists()
    }

    fn record(&self, trial: &str) -> PathBuf {
        self.folder.join("trials").join(format!("{trial}.json"))
    }

    /// Makes the folder and takes it for this process.
    ///
    /// # Errors
    /// [`StudyError::Locked`] when another process has it.
    pub fn lock(&self) -> Result<Lock, StudyError> {
        fs::create_dir_all(&self.folder).map_err(StudyError::io("make", &self.folder))?;
        lock_file(&self.folder.join("lock"), &self.folder)
    }

    /// Takes a group for this process, waiting for a dying predecessor to let go of it.
    ///
    /// # Errors
    /// [`StudyError::Locked`] when another process still has it after `patience`.
    pub fn lock_group(&self, id: &str, patience: std::time::Duration) -> Result<Lock, StudyError> {
        let folder = self.group(id);
        fs::create_dir_all(&folder).map_err(StudyError::io("make", &folder))?;
        let start = std::time::Instant::now();
        loop {
            match lock_file(&folder.join("lock"), &folder) {
                Err(StudyError::Locked { .. }) if start.elapsed() < patience => {
                    std::thread::sleep(std::time::Duration::from_millis(50));
                }
                other => return other,
            }
        }
    }

    /// Writes a record, once: a record that is there already is left as it is.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn write_record(&self, record: &RunRecord) -> Result<(), StudyError> {
        let path = self.record(&record.trial.id);
        if path.exists() {
            Ok(())
        } else {
            write(&path, record)
        }
    }

    /// Removes the record of a failed trial, so that it is run again.
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
        let record: Option<RunRecord> = read(&path)?;
        let fault = match record {
            Some(record) if record.schema != SCHEMA => format!(
                "was made by another version of this program (its layout is {}, and {SCHEMA} is read)",
                record.schema
            ),
            Some(record) if record.trial.id != trial => {
                format!("is damaged (it is the record of {})", record.trial.id)
            }
            other => return Ok(other),
        };
        Err(unusable(&path, fault))
    }

    /// As [`Store::read_record`], but a damaged record counts as none, after `warn` has heard of it.
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
                .find_record(&trial.id, &mut |error| set_aside(error).map(drop))?
                .is_some()
            {
                recorded.insert(place);
            }
        }
        Ok(recorded)
    }

    /// Ids of all records in the folder, of whichever code.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn record_ids(&self) -> Result<Vec<String>, StudyError> {
        let folder = self.folder.join("trials");
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(StudyError::io("list", &folder))?,
        };
        let mut ids = Vec::new();
        for entry in entries {
            let path = entry.map_err(StudyError::io("list", &folder))?.path();
            let is_record = path.extension().is_some_and(|extension| extension == "json");
            ids.extend(
                path.file_stem()
                    .filter(|_| is_record)
                    .map(|stem| stem.to_string_lossy().into_owned()),
            );
        }
        ids.sort();
        Ok(ids)
    }

    /// Puts a corpus of no use out of the way, so that it is made again. It may be as large as all results
    /// together, so that the last one alone is kept.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn set_corpus_aside(&self, fault: String) -> Result<StudyError, StudyError> {
        let path = self.corpus();
        remove_folder(&path.with_extension(ASIDE))?;
        set_aside(unusable(&path, fault))
    }

    /// Removes what a finished group leaves behind.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn clear_group(&self, id: &str) -> Result<(), StudyError> {
        remove_folder(&self.group(id))
    }
}

fn remove_folder(folder: &Path) -> Result<(), StudyError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(StudyError::io("remove", folder)(error)),
        _ => Ok(()),
    }
}

fn lock_file(path: &Path, held: &Path) -> Result<Lock, StudyError> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(StudyError::io("open", path))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(fs::TryLockError::WouldBlock) => Err(StudyError::Locked {
            folder: held.to_owned(),
        }),
        Err(fs::TryLockError::Error(error)) => Err(StudyError::io("lock", path)(error)),
    }
}

/// Writes `content` as JSON with its hash, under a temporary name first.
///
/// # Errors
/// When the file system refuses; what was at `path` before is then still there.
pub fn write(path: &Path, content: &impl Serialize) -> Result<(), StudyError> {
    make_folder_of(path)?;
    triaxis_files::replace(path, &seal(content)).map_err(StudyError::io("write", path))
}

/// As [`write()`], but leaves a file alone that holds the same already.
///
/// # Errors
/// As [`write()`].
pub fn write_if_changed(path: &Path, content: &impl Serialize) -> Result<(), StudyError> {
    make_folder_of(path)?;
    triaxis_files::replace_if_changed(path, &seal(content)).map_err(StudyError::io("write", path))
}

fn make_folder_of(path: &Path) -> Result<(), StudyError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(StudyError::io("make", folder))
}

fn seal(content: &impl Serialize) -> Vec<u8> {
    let content = serde_json::to_value(content).expect("records and studies have only string keys");
    let sealed = Sealed {
        hash: identity::of(&content),
        content,
    };
    let mut text = serde_json::to_vec_pretty(&sealed).expect("a JSON value always prints");
    text.push(b'\n');
    text
}

/// Reads what [`write()`] wrote, or `None` when there is nothing.
///
/// # Errors
/// [`StudyError::Damaged`] when it does not hold what was written; it stays where it is.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StudyError> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.map_err(StudyError::io("read", path))?,
    };
    open(&bytes)
        .map(Some)
        .map_err(|reason| unusable(path, format!("is damaged ({reason})")))
}

fn open<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let sealed: Sealed<serde_json::Value> =
        serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let hash = identity::of(&sealed.content);
    if hash != sealed.hash {
        return Err(format!(
            "its hash is {hash}, not the {} it was written with",
            sealed.hash
        ));
    }
    serde_json::from_value(sealed.content).map_err(|error| error.to_string())
}

fn unusable(path: &Path, fault: String) -> StudyError {
    StudyError::Damaged {
        path: path.to_owned(),
        fault,
        aside: None,
    }
}

/// Gives a damaged file or folder a name that is free, so that it is made again and nothing is lost; says
/// which. Only for who holds the study: to look at one changes nothing. Other errors are returned.
///
/// # Errors
/// When the file system refuses.
pub fn set_aside(error: StudyError) -> Result<StudyError, StudyError> {
    let StudyError::Damaged { path, fault, .. } = error else {
        return Err(error);
    };
    let name = |number: usize| match number {
        1 => path.with_extension(ASIDE),
        number => path.with_extension(format!("{ASIDE}-{number}")),
    };
    let aside = (1..)
        .map(name)
        .find(|name| !name.exists())
        .unwrap_or_else(|| name(1));
    fs::rename(&path, &aside).map_err(StudyError::io("set aside", &path))?;
    Ok(StudyError::Damaged {
        path,
        fault,
        aside: Some(aside),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_and_damage_is_named_and_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("value.json");
        let value = vec![1.0, 0.1 + 0.2, f64::MIN_POSITIVE];
        write(&path, &value).unwrap();
        assert_eq!(read::<Vec<f64>>(&path).unwrap(), Some(value));

        let mut bytes = fs::read(&path).unwrap();
        let digit = bytes.iter().rposition(u8::is_ascii_digit).unwrap();
        bytes[digit] = if bytes[digit] == b'1' { b'2' } else { b'1' };
        fs::write(&path, bytes).unwrap();
        let bytes = fs::read(&path).unwrap();
        for aside in ["value.damaged", "value.damaged-2"] {
            let error = read::<Vec<f64>>(&path).unwrap_err();
            assert!(
                matches!(error, StudyError::Damaged { aside: None, .. }),
                "{error}"
            );
            assert!(path.exists(), "a look changes nothing");
            let said = set_aside(error).unwrap().to_string();
            assert!(
                said.contains(&format!(
                    "it was set aside as {}",
                    folder.path().join(aside).display()
                )),
                "{said}"
            );
            assert_eq!(read::<Vec<f64>>(&path).unwrap(), None);
            assert!(folder.path().join(aside).exists());
            fs::write(&path, &bytes).unwrap();
        }
    }

    #[test]
    fn of_corpora_set_aside_the_last_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        for made in ["one", "two"] {
            fs::create_dir(store.corpus()).unwrap();
            fs::write(store.corpus().join(made), "").unwrap();
            let said = store
                .set_corpus_aside("is damaged (shard)".into())
                .unwrap()
                .to_string();
            assert!(
                said.contains("corpus is damaged (shard); it was set aside as"),
                "{said}"
            );
            let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
            assert_eq!(names.len(), 1, "{names:?}");
            assert!(folder.path().join("corpus.damaged").join(made).exists());
        }
    }

    #[test]
    fn every_truncation_is_damage_and_never_a_panic() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("value.json");
        write(&path, &"text").unwrap();
        let whole = fs::read(&path).unwrap();
        for end in 0..whole.len() - 2 {
            assert!(
                open::<String>(&whole[..end]).is_err(),
                "{end} bytes read as whole"
            );
        }
    }

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
