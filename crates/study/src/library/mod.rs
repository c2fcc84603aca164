//! What studies share, so that nothing is made twice: the only place that knows where it lies.
//!
//! ```text
//! library.json          the layout's version
//! records/ID.json       one record a trial, one a trial's model on a validation text, and one a measurement of what a
//!                       model costs by length; written once
//! models/ID.safetensors the weights of a trial, for texts that come later
//! corpora/ID/           shards, tokenizer, manifest of what one spec of text and tokenizer means
//! texts/ID.json         a validation text, as text
//! groups/ID/            checkpoints and messages of a job under way
//! locks/ID              held by the process that makes what has this identity
//! ```

mod parts;
mod records;

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use triaxis_host::Kind;

pub use records::Written;

use crate::error::StudyError;
use crate::sealed::{self, Lock};

/// Version of the layout of a library; the first had no evaluations among its records, and no models.
const LAYOUT: u32 = 2;

/// A folder of records and corpora that studies share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Library {
    folder: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct About {
    layout: u32,
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
        match sealed::read::<About>(&path)? {
            Some(about) if about.layout == LAYOUT => Ok(()),
            // All of an earlier layout is read.
            _ => sealed::write(&path, &About { layout: LAYOUT }).map_err(|error| match error.kind() {
                Kind::Machine => error,
                _ => self.refused(error.to_string()),
            }),
        }
    }

    /// Whether the folder is a library: it says so, or has what a library has and nothing else.
    pub fn is_one(&self) -> bool {
        let has = |name: &str| self.folder.join(name).is_dir();
        self.about().is_file() || (["records", "corpora"].into_iter().any(has) && self.check().is_ok())
    }

    /// What is wrong with the file that says that it is a library; see [`Library::check`].
    ///
    /// # Errors
    /// As there, but for damage.
    pub fn fault(&self) -> Result<Option<StudyError>, StudyError> {
        match self.check() {
            Err(error @ StudyError::Damaged { .. }) => Ok(Some(error)),
            Ok(()) if !self.about().exists() => {
                Ok(Some(sealed::unusable(&self.about(), "is not there".to_owned())))
            }
            other => other.map(|()| None),
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
            [
                "records", "corpora", "curated", "models", "texts", "groups", "locks",
            ]
            .contains(&name)
                || name.starts_with("library.")
                || name.starts_with(triaxis_host::files::TEMPORARY)
        };
        Ok(names(&self.folder)?.into_iter().find(|name| !own(name)))
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
}

/// Identities of the files in a folder, in order.
fn identities(folder: &Path, ending: &str) -> Result<Vec<String>, StudyError> {
    let names = names(folder)?;
    let names = names.iter().filter(|name| !name.starts_with('.'));
    let ids = names.filter_map(|name| name.strip_suffix(ending));
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

fn remove_file(path: &Path) -> Result<(), StudyError> {
    fs::remove_file(path).map_err(StudyError::io("remove", path))
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
    fn a_library_of_an_earlier_version_is_taken_over_and_one_of_a_newer_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::new(folder.path().join("library"));
        let settle = || library.settle(&mut |error| Err(error));
        settle().unwrap();
        settle().unwrap();
        sealed::write(&library.about(), &About { layout: 1 }).unwrap();
        settle().unwrap();
        let about: About = sealed::read(&library.about()).unwrap().unwrap();
        assert_eq!(about.layout, LAYOUT);
        let newer = About { layout: LAYOUT + 1 };
        sealed::write(&library.about(), &newer).unwrap();
        let error = settle().unwrap_err();
        assert_eq!(error.kind(), Kind::Input, "{error}");
        assert!(error.to_string().contains("a newer version"), "{error}");
    }
}
