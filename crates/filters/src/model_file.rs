//! Models that filters ask, as files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use triaxis_classifiers::fasttext::Model;

use crate::refused::Refused;

/// A file of fastText's: where it is and, once it was read, what it holds, so that settings which are written out say
/// which model judged.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct ModelFile {
    path: PathBuf,
    /// Hash of its content.
    blake3: Option<String>,
    /// The model, once it was read.
    model: Option<Arc<Model>>,
}

/// As settings have it.
#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "must be a path, or a table of `path` and `blake3`")]
enum Written {
    Path(PathBuf),
    Known { path: PathBuf, blake3: String },
}

impl From<Written> for ModelFile {
    fn from(written: Written) -> Self {
        let (path, blake3) = match written {
            Written::Path(path) => (path, None),
            Written::Known { path, blake3 } => (path, Some(blake3)),
        };
        let model = None;
        Self { path, blake3, model }
    }
}

impl From<ModelFile> for Written {
    fn from(ModelFile { path, blake3, .. }: ModelFile) -> Self {
        match blake3 {
            None => Self::Path(path),
            Some(blake3) => Self::Known { path, blake3 },
        }
    }
}

impl PartialEq for ModelFile {
    fn eq(&self, other: &Self) -> bool {
        (&self.path, &self.blake3) == (&other.path, &other.blake3)
    }
}

impl From<&Path> for ModelFile {
    fn from(path: &Path) -> Self {
        Written::Path(path.to_owned()).into()
    }
}

impl ModelFile {
    /// Where it is, as settings have it.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The same with its model, read from a path that starts from `folder` if it was not before. `setting` names it in
    /// what is said.
    pub(crate) fn opened(&self, setting: &str, folder: &Path) -> Result<Self, Refused> {
        if self.model.is_some() {
            return Ok(self.clone());
        }
        let refused = |rule: String| Refused::new(setting, self.path.display(), rule);
        let (model, hash) =
            Model::open(&folder.join(&self.path)).map_err(|error| refused(error.to_string()))?;
        let hash = hash.to_hex().to_string();
        if let Some(known) = self.blake3.as_ref().filter(|known| **known != hash) {
            return Err(refused(format!(
                "its content has the hash {hash}, and these settings are for {known}; give that file, or remove `blake3`"
            )));
        }
        Ok(Self {
            path: self.path.clone(),
            blake3: Some(hash),
            model: Some(Arc::new(model)),
        })
    }

    /// Its model, read now from where the program runs if it was not before.
    pub(crate) fn model(&self, setting: &str) -> Result<Arc<Model>, Refused> {
        let opened = self.opened(setting, Path::new(""))?;
        Ok(opened.model.expect("a file that was opened has its model"))
    }
}
