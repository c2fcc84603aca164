//! GGUF files: what is in one, models in both directions, and what is refused.

mod models;
mod refusals;
mod rope;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use triaxis_containers::gguf::{Gguf, Value, write};
use triaxis_containers::{ContainerError, Planned};
use triaxis_model::Published;

/// A file that `golden/gguf_files.py` made.
fn golden(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/gguf");
    folder.join(name).with_extension("gguf")
}

/// A published folder that `golden/layouts.py` made.
fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/layouts")
        .join(name)
}

/// A golden file to change: its keys, and its tensors with their bytes.
struct Changed {
    keys: BTreeMap<String, Value>,
    tensors: Vec<(Planned, Vec<u8>)>,
}

impl Changed {
    fn of(name: &str) -> Self {
        let gguf = Gguf::open(&golden(name)).unwrap();
        let tensors = gguf.tensors().map(|tensor| {
            let planned = Planned {
                name: tensor.name.clone(),
                shape: tensor.shape.clone(),
                format: tensor.format,
            };
            (planned, gguf.stored(&tensor.name).unwrap().bytes)
        });
        Self {
            keys: gguf.keys().clone(),
            tensors: tensors.collect(),
        }
    }

    fn tensor(&mut self, name: &str) -> &mut (Planned, Vec<u8>) {
        self.tensors
            .iter_mut()
            .find(|(tensor, _)| tensor.name == name)
            .unwrap()
    }

    /// The folder of a file of it, and the file.
    fn written(&self) -> (TempDir, PathBuf) {
        let to = TempDir::new().unwrap();
        let path = to.path().join("model.gguf");
        let planned: Vec<Planned> = self.tensors.iter().map(|(planned, _)| planned.clone()).collect();
        write(&path, &self.keys, &planned, |index| {
            Ok::<_, ContainerError>(self.tensors[index].1.clone())
        })
        .unwrap();
        (to, path)
    }

    fn opened(&self) -> Result<Published, String> {
        let (_folder, path) = self.written();
        Published::open(&path).map_err(|error| error.to_string())
    }

    /// Why it is refused with a key that says something else.
    fn refusal(mut self, key: &str, value: Option<Value>) -> String {
        match value {
            Some(value) => drop(self.keys.insert(key.to_owned(), value)),
            None => drop(self.keys.remove(key).unwrap()),
        }
        self.opened().unwrap_err()
    }
}
