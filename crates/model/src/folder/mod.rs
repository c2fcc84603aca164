//! A folder that a model is published in: `config.json`, and its weights in one safetensors file or several.

mod shard;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use triaxis_blocks::Rows;
use triaxis_host::Kind;

use self::shard::Shard;
pub use self::write::write;
use crate::error::ModelError;
use crate::layouts::{Config, Layout, Tensor};
use crate::published::{self, PublishedError, Source, Stored};
use crate::stack::Stack;
use crate::weights::Weight;

pub(crate) const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";
const TOKENIZER: &str = "tokenizer.json";

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
    pub fn open(path: &Path) -> Result<Self, PublishedError> {
        let about = path.join(CONFIG);
        let of_config = |error: ModelError| PublishedError::input(format!("{}: {error}", about.display()));
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
    pub fn weights(&self) -> Result<BTreeMap<String, Weight>, PublishedError> {
        self.check_tie()?;
        published::weights(&self.stack, &self.tensors, self)
    }

    /// The rule that a head that is tied to the embedding is the same, where it is there.
    fn check_tie(&self) -> Result<(), PublishedError> {
        let names = self.layout.names();
        let head = names.head;
        let is_there = self.stack.tied && self.place(head).is_some();
        if is_there && self.stored(head)?.values() != self.stored(names.embedding)?.values() {
            return Err(self.refused(format!(
                "`tie_word_embeddings = true`, and `{head}` is not the embedding; set it to false, or remove the tensor"
            )));
        }
        Ok(())
    }

    /// One of its network's weights as it is stored, by output.
    ///
    /// # Errors
    /// When the network has no such weight, or a file cannot be read.
    pub fn rows(&self, weight: &str) -> Result<Vec<Rows>, PublishedError> {
        if weight == "embedding" {
            self.check_tie()?;
        }
        published::rows(&self.stack, &self.tensors, self, weight)
    }

    /// The path of its `tokenizer.json`, if it has one.
    pub fn tokenizer(&self) -> Option<PathBuf> {
        Some(self.path.join(TOKENIZER)).filter(|path| path.is_file())
    }

    /// The file that a tensor is in, and its name there, which may leave out what the names of all begin with.
    fn place<'a>(&'a self, name: &'a str) -> Option<(&'a Shard, &'a str)> {
        let bare = name.strip_prefix(self.layout.names().prefix);
        let names = [Some(name), bare.filter(|_| self.is_bare)];
        let mut names = names.into_iter().flatten();
        names.find_map(|name| {
            let shard = self.shards.iter().find(|shard| shard.shape(name).is_some())?;
            Some((shard, name))
        })
    }

    /// Holds what the files say that they have against what the config says.
    fn check(&self) -> Result<(), PublishedError> {
        let names = self.layout.names();
        let mut seen = BTreeSet::new();
        if let Some(twice) = self
            .shards
            .iter()
            .flat_map(Shard::names)
            .find(|name| !seen.insert(*name))
        {
            return Err(self.refused(format!(
                "two files hold a tensor `{twice}`; fetch the folder again"
            )));
        }
        let found = self.shards.iter().flat_map(Shard::names);
        let needless = |name: &str| {
            let is_computed = names.computed.iter().any(|end| name.ends_with(end));
            is_computed || self.stack.tied && name == names.head
        };
        published::check(&self.tensors, self, found, needless, CONFIG).map_err(|reason| self.refused(reason))
    }

    fn refused(&self, message: String) -> PublishedError {
        let (path, layout) = (self.path.display(), self.layout.name());
        PublishedError::input(format!("{path}, in layout `{layout}`: {message}"))
    }
}

impl Source for Folder {
    fn find<'a>(&'a self, name: &'a str) -> Option<(&'a str, &'a [usize])> {
        let (shard, found) = self.place(name)?;
        Some((found, shard.shape(found)?))
    }

    fn stored(&self, name: &str) -> Result<Stored, PublishedError> {
        match self.place(name) {
            Some((shard, found)) => shard.stored(found),
            None => Err(self.refused(format!("the tensor `{name}` is gone; read the folder again"))),
        }
    }
}

/// The headers of the files that the weights are in.
fn shards(folder: &Path) -> Result<Vec<Shard>, PublishedError> {
    let (whole, index) = (folder.join(WEIGHTS), folder.join(INDEX));
    if whole.exists() {
        return Ok(vec![Shard::open(&whole)?]);
    }
    if !index.exists() {
        return Err(PublishedError::new(
            Kind::Path,
            format!(
                "{} has neither {WEIGHTS} nor {INDEX}; give a model that is saved as safetensors",
                folder.display()
            ),
        ));
    }
    let damaged = |error: &dyn std::fmt::Display| {
        let path = index.display();
        PublishedError::new(
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
fn text(path: &Path) -> Result<String, PublishedError> {
    let file = File::open(path).map_err(PublishedError::io("reading", path))?;
    let mut text = String::new();
    let read = file.take(MOST_TEXT).read_to_string(&mut text);
    read.map_err(PublishedError::io("reading", path))?;
    Ok(text)
}
