//! A study's spec and its groups as they were resolved, saved beside the results.

use serde::{Deserialize, Serialize};

use crate::error::StudyError;
use crate::identity;
use crate::spec::StudySpec;
use crate::store::{self, Store};
use crate::trial::{self, Group, Inputs};

/// The spec of the study in a folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrozenSpec {
    /// Identity of the spec: two folders with equal ones hold the same study.
    pub id: String,
    /// The spec with every default filled in.
    pub spec: StudySpec,
    /// The TOML text it was read from.
    pub text: String,
    /// Folder that the spec's paths are relative to.
    pub base: std::path::PathBuf,
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
    pub fn new(spec: StudySpec, text: String, base: std::path::PathBuf) -> Self {
        Self {
            id: identity::of(&spec),
            spec,
            text,
            base,
        }
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
    /// [`StudyError::NoStudy`] when there is none.
    pub fn read(store: &Store) -> Result<Self, StudyError> {
        store::read(&store.study())?.ok_or_else(|| StudyError::NoStudy {
            folder: store.folder().to_owned(),
        })
    }

    /// Writes the spec into an empty folder, or checks that the folder is this study's.
    ///
    /// # Errors
    /// [`StudyError::OtherStudy`] or [`StudyError::NotAStudyFolder`].
    pub fn settle(&self, store: &Store) -> Result<(), StudyError> {
        let found: Option<Self> = match store::read(&store.study()) {
            // The spec at hand replaces a damaged copy; a foreign one cannot be told from it any more,
            // but its records have other identities and are not touched.
            Err(error @ StudyError::Damaged { .. }) => {
                store::set_aside(error)?;
                return store::write(&store.study(), self);
            }
            other => other?,
        };
        match found {
            Some(found) if found.id == self.id => Ok(()),
            // A spec that was refused before its corpus was made, and mended since.
            Some(_) if !store.has_results() => store::write(&store.study(), self),
            Some(found) => Err(StudyError::OtherStudy {
                folder: store.folder().to_owned(),
                name: found.spec.name,
                found: found.id,
                expected: self.id.clone(),
            }),
            None if is_foreign(store)? => Err(StudyError::NotAStudyFolder {
                folder: store.folder().to_owned(),
            }),
            None => store::write(&store.study(), self),
        }
    }
}

/// Whether the folder holds anything that a study killed at its start would not have left, and no groups of
/// a study that lost its spec.
fn is_foreign(store: &Store) -> Result<bool, StudyError> {
    let folder = store.folder();
    if matches!(store::read::<Frozen>(&store.trials()), Ok(Some(_))) {
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
