//! Models that filters ask, as files.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use triaxis_classifiers::fasttext::Model;

use crate::refused::Refused;

/// A model's file: where it is and, once it was read, what it holds, so that settings which are written out say which
/// model judged.
#[derive(Serialize, Deserialize)]
#[serde(from = "Written", into = "Written", bound = "")]
pub struct ModelFile<M = Model> {
    path: PathBuf,
    /// Hash of its content.
    blake3: Option<String>,
    /// The model, once it was read.
    model: Option<Arc<M>>,
}

/// As settings have it.
#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "must be a path, or a table of `path` and `blake3`")]
enum Written {
    Path(PathBuf),
    Known { path: PathBuf, blake3: String },
}

impl<M> From<Written> for ModelFile<M> {
    fn from(written: Written) -> Self {
        let (path, blake3) = match written {
            Written::Path(path) => (path, None),
            Written::Known { path, blake3 } => (path, Some(blake3)),
        };
        let model = None;
        Self { path, blake3, model }
    }
}

impl<M> From<ModelFile<M>> for Written {
    fn from(ModelFile { path, blake3, .. }: ModelFile<M>) -> Self {
        match blake3 {
            None => Self::Path(path),
            Some(blake3) => Self::Known { path, blake3 },
        }
    }
}

impl<M> fmt::Debug for ModelFile<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?} of hash {:?}", self.path, self.blake3)
    }
}

impl<M> Clone for ModelFile<M> {
    fn clone(&self) -> Self {
        Self {
            path: self.path.clone(),
            blake3: self.blake3.clone(),
            model: self.model.clone(),
        }
    }
}

impl<M> PartialEq for ModelFile<M> {
    fn eq(&self, other: &Self) -> bool {
        (&self.path, &self.blake3) == (&other.path, &other.blake3)
    }
}

impl<M> From<&Path> for ModelFile<M> {
    fn from(path: &Path) -> Self {
        Written::Path(path.to_owned()).into()
    }
}

impl<M> Default for ModelFile<M> {
    fn default() -> Self {
        Path::new("").into()
    }
}

impl<M> ModelFile<M> {
    /// Where it is, as settings have it.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The same and its model, which `open` makes of the file at a path that starts from `folder`, with the hash of what
    /// was read, if it was not made before. `setting` names it in what is said.
    pub(crate) fn opened_by<E: ToString>(
        &self,
        setting: &str,
        folder: &Path,
        open: impl FnOnce(&Path) -> Result<(M, blake3::Hash), E>,
    ) -> Result<(Self, Arc<M>), Refused> {
        if let Some(model) = &self.model {
            return Ok((self.clone(), Arc::clone(model)));
        }
        let refused = |rule: String| Refused::new(setting, self.path.display(), rule);
        let (model, hash) = open(&folder.join(&self.path)).map_err(|error| refused(error.to_string()))?;
        let hash = hash.to_hex().to_string();
        if let Some(known) = self.blake3.as_ref().filter(|known| **known != hash) {
            return Err(refused(format!(
                "its content has the hash {hash}, and these settings are for {known}; give that file, or remove `blake3`"
            )));
        }
        let model = Arc::new(model);
        let opened = Self {
            path: self.path.clone(),
            blake3: Some(hash),
            model: Some(Arc::clone(&model)),
        };
        Ok((opened, model))
    }
}

impl ModelFile {
    /// The same with its classifier, as [`Self::opened_by`].
    pub(crate) fn opened(&self, setting: &str, folder: &Path) -> Result<Self, Refused> {
        Ok(self.opened_by(setting, folder, Model::open)?.0)
    }

    /// Its classifier, read now from where the program runs if it was not before.
    pub(crate) fn model(&self, setting: &str) -> Result<Arc<Model>, Refused> {
        Ok(self.opened_by(setting, Path::new(""), Model::open)?.1)
    }
}
