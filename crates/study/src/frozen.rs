//! A study's spec and its groups as they were resolved, saved beside the results.

use std::io::ErrorKind;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use triaxis_corpus::SourceSpec;

use crate::error::StudyError;
use crate::identity;
use crate::library::Library;
use crate::sealed;
use crate::spec::StudySpec;
use crate::store::Store;
use crate::trial::{self, Group, Inputs};

/// Version of the layout of a study's folder; the first had records and corpus in it.
const LAYOUT: u32 = 2;

/// The spec of the study in a folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrozenSpec {
    /// Version of the folder's layout.
    #[serde(default)]
    layout: u32,
    /// The spec with every default filled in.
    pub spec: StudySpec,
    /// The TOML text it was read from.
    pub text: String,
    /// Folder that the spec's paths are relative to.
    pub base: PathBuf,
    /// Folder of the library; without one it lies beside the study's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub library: Option<PathBuf>,
}

/// The groups of the study in a folder.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Frozen {
    /// What they are run with.
    pub inputs: Inputs,
    /// The groups, resolved.
    pub groups: Vec<Group>,
}

impl FrozenSpec {
    /// Freezes a spec.
    pub fn new(spec: StudySpec, text: String, base: PathBuf, library: Option<PathBuf>) -> Self {
        Self {
            layout: LAYOUT,
            spec,
            text,
            base,
            library,
        }
    }

    /// Where the study in `store` has its records and its corpus.
    pub fn library(&self, store: &Store) -> Library {
        match &self.library {
            Some(folder) => Library::new(folder),
            None => store.library_beside(),
        }
    }

    /// Identity of its corpus in a library: what its spec says of text and tokenizer, and where the text lies.
    pub fn corpus_id(&self) -> String {
        let text = (&self.spec.corpus, &self.spec.tokenizer, &self.base);
        match self.spec.validation.is_empty() {
            true => identity::of(&text),
            false => identity::of(&(text, &self.spec.validation)),
        }
    }

    /// Identity of a validation text in a library: what the spec says of it, and where it lies.
    pub fn text_id(&self, source: &SourceSpec) -> String {
        identity::of(&(source, &self.base))
    }

    /// The groups it means, as far as they can be told before its corpus is made: without identities,
    /// and with the vocabulary that is asked for.
    ///
    /// # Errors
    /// As [`trial::resolve`], and when the tokenizer's file is none.
    pub fn resolve(&self) -> Result<Vec<Group>, StudyError> {
        let vocabulary = self.spec.tokenizer.vocabulary(&self.base)?;
        trial::resolve(&self.spec, vocabulary, &Inputs::default())
    }

    /// The spec of the study in `store`.
    ///
    /// # Errors
    /// [`StudyError::NoStudy`] when there is none, [`StudyError::OldLayout`] when an older version made it.
    pub fn read(store: &Store) -> Result<Self, StudyError> {
        let folder = || store.folder().to_owned();
        match sealed::read::<Self>(&store.study())? {
            None => Err(StudyError::NoStudy { folder: folder() }),
            Some(found) if found.layout < LAYOUT => Err(StudyError::OldLayout { folder: folder() }),
            Some(found) => Ok(found),
        }
    }

    /// Writes the spec into a folder that is empty or of an earlier spec of this study: what the spec still means of
    /// its trials is there.
    ///
    /// # Errors
    /// [`StudyError::OtherStudy`], [`StudyError::OldLayout`] or [`StudyError::NotAStudyFolder`].
    pub fn settle(&self, store: &Store) -> Result<(), StudyError> {
        let found = match Self::read(store) {
            // The spec at hand replaces a damaged copy.
            Err(error @ StudyError::Damaged { .. }) => {
                sealed::set_aside(error)?;
                return sealed::write(&store.study(), self);
            }
            Err(StudyError::NoStudy { .. }) if is_foreign(store)? => {
                return Err(StudyError::NotAStudyFolder {
                    folder: store.folder().to_owned(),
                });
            }
            Err(StudyError::NoStudy { .. }) => return sealed::write(&store.study(), self),
            other => other?,
        };
        if found == *self {
            return Ok(());
        }
        if found.spec.name != self.spec.name {
            return Err(StudyError::OtherStudy {
                folder: store.folder().to_owned(),
                found: found.spec.name,
                asked: self.spec.name.clone(),
            });
        }
        // The trials of the earlier spec are not this one's.
        let trials = store.trials();
        match std::fs::remove_file(&trials) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(StudyError::io("remove", trials)(error));
            }
            _ => {}
        }
        sealed::write(&store.study(), self)
    }
}

/// Whether the folder holds anything that a study killed at its start would not have left, and no groups of
/// a study that lost its spec.
fn is_foreign(store: &Store) -> Result<bool, StudyError> {
    let folder = store.folder();
    if matches!(sealed::read::<Frozen>(&store.trials()), Ok(Some(_))) {
        return Ok(false);
    }
    for entry in std::fs::read_dir(folder).map_err(StudyError::io("list", folder))? {
        let name = entry.map_err(StudyError::io("list", folder))?.file_name();
        let name = name.to_string_lossy();
        if name != "lock" && !name.starts_with(triaxis_host::files::TEMPORARY) {
            return Ok(true);
        }
    }
    Ok(false)
}
