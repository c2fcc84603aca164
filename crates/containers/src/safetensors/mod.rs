//! Safetensors: a folder's weights, in one file or several that an index names.

mod header;
mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use triaxis_host::Kind;

pub use self::header::{Entry, Header};
pub use self::writer::{header, write};
use crate::tensor::bytes_at;
use crate::{ContainerError, Damage, Stored};

/// The file that weights are in where it is one.
pub const WEIGHTS: &str = "model.safetensors";

/// What tells which files they are in.
pub const INDEX: &str = "model.safetensors.index.json";

/// More text than any index has.
const MOST_TEXT: u64 = 1 << 26;

/// What tells which file a tensor is in.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// The weights in a folder, of which only the headers are held.
#[derive(Debug)]
pub struct Safetensors {
    files: Vec<PathBuf>,
    /// Each with the file that it is in.
    tensors: BTreeMap<String, (usize, Entry)>,
}

impl Safetensors {
    /// The weights in a folder.
    ///
    /// # Errors
    /// When there are none, or a file cannot be read or is damaged.
    pub fn open(folder: &Path) -> Result<Self, ContainerError> {
        let mut weights = Self {
            files: Vec::new(),
            tensors: BTreeMap::new(),
        };
        for path in paths(folder)? {
            let file = weights.files.len();
            for (name, entry) in read(&path)?.tensors {
                if weights.tensors.contains_key(&name) {
                    return Err(ContainerError::input(format!(
                        "{}: two files hold a tensor `{name}`; fetch the folder again",
                        folder.display()
                    )));
                }
                weights.tensors.insert(name, (file, entry));
            }
            weights.files.push(path);
        }
        Ok(weights)
    }

    /// The files that they are in.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The names of the tensors.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The tensor of that name, if there is one, with its own name.
    pub fn tensor(&self, name: &str) -> Option<(&str, &Entry)> {
        let (name, (_, entry)) = self.tensors.get_key_value(name)?;
        Some((name, entry))
    }

    /// A tensor as it is stored.
    ///
    /// # Errors
    /// When there is none of that name, or its file cannot be read any more.
    pub fn stored(&self, name: &str) -> Result<Stored, ContainerError> {
        let Some((file, Entry { format, place, .. })) = self.tensors.get(name) else {
            return Err(ContainerError::input(format!(
                "there is no tensor `{name}`; name one that is"
            )));
        };
        let path = &self.files[*file];
        let (size, format) = (place.end - place.start, *format);
        let bytes = bytes_at(path, place.start, size)?;
        bytes
            .map(|bytes| Stored { format, bytes })
            .ok_or_else(|| damaged(path, &format!("the tensor `{name}` ends before its {size} bytes")))
    }
}

/// The files that the weights in a folder are in.
fn paths(folder: &Path) -> Result<Vec<PathBuf>, ContainerError> {
    let (whole, about) = (folder.join(WEIGHTS), folder.join(INDEX));
    if whole.exists() {
        return Ok(vec![whole]);
    }
    if !about.exists() {
        let folder = folder.display();
        return Err(ContainerError::new(
            Kind::Path,
            format!("{folder} has neither {WEIGHTS} nor {INDEX}; give a model that is saved as safetensors"),
        ));
    }
    let file = File::open(&about).map_err(ContainerError::io("reading", &about))?;
    let mut text = String::new();
    let read = file.take(MOST_TEXT).read_to_string(&mut text);
    read.map_err(ContainerError::io("reading", &about))?;
    let names = index(&text).map_err(|reason| {
        ContainerError::damaged(&about, "index", format_args!("{reason}; fetch it again"))
    })?;
    Ok(names.iter().map(|name| folder.join(name)).collect())
}

/// The names of the files that an index says: all beside it, so that it reads nothing outside of its folder.
///
/// # Errors
/// Why it is no index.
pub fn index(text: &str) -> Result<BTreeSet<String>, String> {
    let index: Index = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let names: BTreeSet<String> = index.weight_map.into_values().collect();
    let is_plain = |name: &String| {
        Path::new(name)
            .file_name()
            .is_some_and(|plain| plain == name.as_str())
    };
    match names.iter().find(|name| !is_plain(name)) {
        Some(name) => Err(format!("`{name}` is no name of a file beside it")),
        None => Ok(names),
    }
}

fn read(path: &Path) -> Result<Header, ContainerError> {
    let io = || ContainerError::io("reading", path);
    let file = File::open(path).map_err(io())?;
    let size = file.metadata().map_err(io())?.len();
    Header::read(BufReader::new(file), size).map_err(|damage| match damage {
        Damage::System(error) => io()(error),
        Damage::Format(reason) => damaged(path, &reason),
    })
}

fn damaged(path: &Path, reason: &str) -> ContainerError {
    let reason = format_args!("{reason}; fetch it again");
    ContainerError::damaged(path, "whole safetensors file", reason)
}
