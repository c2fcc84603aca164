//! A folder that a model is published in: `config.json`, and its weights in one safetensors file or several.

mod error;
mod numbers;
mod shard;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use triaxis_host::Kind;
use triaxis_names::suggestion;

pub use self::error::FolderError;
use self::shard::Shard;
pub use self::write::write;
use crate::error::ModelError;
use crate::layouts::{Config, Layout, Tensor};
use crate::stack::Stack;
use crate::weights::Weight;

const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// The names of the files that [`write()`] writes.
pub const FILES: [&str; 2] = [WEIGHTS, CONFIG];

/// More text than any config or index has.
const MOST_TEXT: u64 = 1 << 26;

/// A published model: what it is, and where its weights are, all of which are there and have their shapes.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    layout: Layout,
    stack: Stack,
    shards: Vec<Shard>,
    tensors: Vec<Tensor>,
    /// Whether it is of the model without its head, whose names begin with nothing.
    is_bare: bool,
}

/// What tells which file a tensor is in.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Folder {
    /// The model in a folder, of which only the config and the headers are read.
    ///
    /// # Errors
    /// When something cannot be read, has no layout here, or holds other tensors than its config says.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let about = path.join(CONFIG);
        let of_config = |error: ModelError| FolderError::input(format!("{}: {error}", about.display()));
        let config = Config::parse(&text(&about)?).map_err(of_config)?;
        let layout = Layout::of(&config).map_err(of_config)?;
        let stack = layout.stack(&config).map_err(of_config)?;
        let tensors = layout.tensors(&stack).map_err(of_config)?;
        let shards = shards(path)?;
        let prefix = layout.names().prefix;
        let is_whole = shards
            .iter()
            .flat_map(Shard::names)
            .any(|name| name.starts_with(prefix));
        let folder = Self {
            is_bare: !is_whole,
            shards,
            path: path.to_owned(),
            layout,
            stack,
            tensors,
        };
        folder.check()?;
        Ok(folder)
    }

    /// The layout that it is in.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The files that it is in.
    pub fn files(&self) -> Vec<PathBuf> {
        let shards = self.shards.iter().map(|shard| shard.path().to_owned());
        shards
            .chain([self.path.join(CONFIG), self.path.join(INDEX)])
            .collect()
    }

    /// The network that it is of.
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// The weights of that network, in single precision.
    ///
    /// # Errors
    /// When a file cannot be read, or holds a head that is tied to the embedding and not the same.
    pub fn weights(&self) -> Result<BTreeMap<String, Weight>, FolderError> {
        let mut weights = crate::layouts::zeros(self.stack.weights());
        for tensor in &self.tensors {
            tensor.scatter(&self.values(&tensor.name)?, &mut weights);
        }
        let head = self.layout.names().head;
        if self.stack.tied && self.find(head).is_some() && self.values(head)? != weights["embedding"].values {
            return Err(self.refused(format!(
                "`tie_word_embeddings = true`, and `{head}` is not the embedding; set it to false, or remove the tensor"
            )));
        }
        Ok(weights)
    }

    /// The values of a tensor of that published name, which is there.
    fn values(&self, name: &str) -> Result<Vec<f32>, FolderError> {
        match self.find(name) {
            Some((shard, found)) => shard.values(found),
            None => Err(self.refused(format!("the tensor `{name}` is gone; read the folder again"))),
        }
    }

    /// The file that a tensor is in, and its name there, which may leave out what the names of all begin with.
    fn find<'a>(&'a self, name: &'a str) -> Option<(&'a Shard, &'a str)> {
        let bare = name.strip_prefix(self.layout.names().prefix);
        let names = [Some(name), bare.filter(|_| self.is_bare)];
        let mut names = names.into_iter().flatten();
        names.find_map(|name| {
            let shard = self.shards.iter().find(|shard| shard.shape(name).is_some())?;
            Some((shard, name))
        })
    }

    /// Holds what the files say that they have against what the config says.
    fn check(&self) -> Result<(), FolderError> {
        let names = self.layout.names();
        let mut known = BTreeSet::new();
        for Tensor { name, shape, .. } in &self.tensors {
            let Some((shard, found)) = self.find(name) else {
                return Err(self.refused(format!(
                    "there is no tensor `{name}`, which must be there with shape {shape:?}; give the whole model, or \
                     correct {CONFIG}"
                )));
            };
            let there = shard.shape(found).unwrap_or_default();
            if there != shape {
                return Err(self.refused(format!(
                    "the tensor `{name}` has shape {there:?} and must have {shape:?}; give the file that belongs to \
                     {CONFIG}, or correct that"
                )));
            }
            known.insert(found);
        }
        let mut seen = BTreeSet::new();
        for found in self.shards.iter().flat_map(Shard::names) {
            if !seen.insert(found) {
                return Err(self.refused(format!(
                    "two files hold a tensor `{found}`; fetch the folder again"
                )));
            }
            let is_computed = names.computed.iter().any(|end| found.ends_with(end));
            let is_tied = self.stack.tied && found == names.head;
            if !known.contains(found) && !is_computed && !is_tied {
                return Err(self.refused(format!(
                    "there is a tensor `{found}` that no weight is for{}; give the file that belongs to {CONFIG}, or \
                     correct that",
                    suggestion(found, self.tensors.iter().map(|tensor| tensor.name.as_str()))
                )));
            }
        }
        Ok(())
    }

    fn refused(&self, message: String) -> FolderError {
        let (path, layout) = (self.path.display(), self.layout.name());
        FolderError::input(format!("{path}, in layout `{layout}`: {message}"))
    }
}

/// The headers of the files that the weights are in.
fn shards(folder: &Path) -> Result<Vec<Shard>, FolderError> {
    let (whole, index) = (folder.join(WEIGHTS), folder.join(INDEX));
    if whole.exists() {
        return Ok(vec![Shard::open(&whole)?]);
    }
    if !index.exists() {
        return Err(FolderError::new(
            Kind::Path,
            format!(
                "{} has neither {WEIGHTS} nor {INDEX}; give a model that is saved as safetensors",
                folder.display()
            ),
        ));
    }
    let damaged = |error: &dyn std::fmt::Display| {
        let path = index.display();
        FolderError::new(
            Kind::Damaged,
            format!("{path} is no index: {error}; fetch it again"),
        )
    };
    let read: Index = serde_json::from_str(&text(&index)?).map_err(|error| damaged(&error))?;
    let files: BTreeSet<&String> = read.weight_map.values().collect();
    let shards = files.into_iter().map(|name| {
        // A name, so that an index reads nothing outside of its folder.
        match Path::new(name).file_name() {
            Some(plain) if plain == name.as_str() => Shard::open(&folder.join(plain)),
            _ => Err(damaged(&format!("`{name}` is no name of a file beside it"))),
        }
    });
    shards.collect()
}

/// The text of a small file.
fn text(path: &Path) -> Result<String, FolderError> {
    let file = File::open(path).map_err(FolderError::io("reading", path))?;
    let mut text = String::new();
    let read = file.take(MOST_TEXT).read_to_string(&mut text);
    read.map_err(FolderError::io("reading", path))?;
    Ok(text)
}
