//! A folder that a model is published in: `config.json`, and its weights in one safetensors file or several.

mod write;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use triaxis_blocks::Rows;
use triaxis_containers::Stored;
use triaxis_containers::safetensors::{INDEX, Safetensors, WEIGHTS};

pub use self::write::write;
use crate::error::ModelError;
use crate::layouts::{Config, Layout};
use crate::published::{PublishedError, Source, Table};
use crate::stack::Stack;
use crate::weights::Weight;

pub(crate) const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";

/// The names of the files that [`write()`] writes.
pub const FILES: [&str; 2] = [WEIGHTS, CONFIG];

/// More text than any config has.
const MOST_TEXT: u64 = 1 << 26;

/// A published model: what it is, and where its weights are, all of which are there and have their shapes.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    layout: Layout,
    table: Table,
    weights: Safetensors,
    /// Whether it is of the model without its head, whose names begin with nothing.
    is_bare: bool,
}

impl Folder {
    /// The model in a folder, of which only the config and the headers are read.
    ///
    /// # Errors
    /// When something cannot be read, has no layout here, or holds other tensors than its config says.
    pub fn open(path: &Path) -> Result<Self, PublishedError> {
        check_pickles(path)?;
        let about = path.join(CONFIG);
        let of_config = |error: ModelError| PublishedError::input(format!("{}: {error}", about.display()));
        let config = Config::parse(&text(&about)?).map_err(of_config)?;
        let layout = Layout::of(&config).map_err(of_config)?;
        let stack = layout.stack(&config).map_err(of_config)?;
        let tensors = layout.tensors(&stack).map_err(of_config)?;
        let weights = Safetensors::open(path)?;
        let prefix = layout.names().prefix;
        let is_whole = weights.names().any(|name| name.starts_with(prefix));
        let folder = Self {
            is_bare: !is_whole,
            weights,
            path: path.to_owned(),
            layout,
            table: Table::new(stack, tensors),
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
        let weights = self.weights.files().iter().cloned();
        weights
            .chain([self.path.join(CONFIG), self.path.join(INDEX)])
            .collect()
    }

    /// The network that it is of.
    pub fn stack(&self) -> &Stack {
        self.table.stack()
    }

    /// The weights of that network, in single precision.
    ///
    /// # Errors
    /// When a file cannot be read, or holds a head that is tied to the embedding and not the same.
    pub fn weights(&self) -> Result<BTreeMap<String, Weight>, PublishedError> {
        self.check_tie()?;
        self.table.weights(self)
    }

    /// The rule that a head that is tied to the embedding is the same, where it is there.
    fn check_tie(&self) -> Result<(), PublishedError> {
        let names = self.layout.names();
        let head = names.head;
        let is_there = self.stack().tied && self.find(head).is_some();
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
        self.table.rows(self, weight)
    }

    /// The path of its `tokenizer.json`, if it has one.
    pub fn tokenizer(&self) -> Option<PathBuf> {
        Some(self.path.join(TOKENIZER)).filter(|path| path.is_file())
    }

    /// Holds what the files say that they have against what the config says.
    fn check(&self) -> Result<(), PublishedError> {
        let names = self.layout.names();
        let needless = |name: &str| {
            let is_computed = names.computed.iter().any(|end| name.ends_with(end));
            is_computed || self.stack().tied && name == names.head
        };
        let checked = self.table.check(self, self.weights.names(), needless, CONFIG);
        checked.map_err(|reason| self.refused(reason))
    }

    fn refused(&self, message: String) -> PublishedError {
        let (path, layout) = (self.path.display(), self.layout.name());
        PublishedError::input(format!("{path}, in layout `{layout}`: {message}"))
    }
}

impl Source for Folder {
    /// The name there may leave out what the names of all begin with.
    fn find<'a>(&'a self, name: &'a str) -> Option<(&'a str, &'a [usize])> {
        let bare = name.strip_prefix(self.layout.names().prefix);
        let bare = bare.filter(|_| self.is_bare);
        let found = self.weights.tensor(name);
        let (name, entry) = found.or_else(|| self.weights.tensor(bare?))?;
        Some((name, &entry.shape))
    }

    fn stored(&self, name: &str) -> Result<Stored, PublishedError> {
        let (found, _) = self.find(name).unwrap_or((name, &[]));
        Ok(self.weights.stored(found)?)
    }
}

/// The rule that a model is not there as a pickle alone, as RWKV's authors publish theirs.
fn check_pickles(path: &Path) -> Result<(), PublishedError> {
    let Ok(entries) = path.read_dir() else {
        return Ok(());
    };
    let files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    let has = |end: &str| {
        files
            .iter()
            .find(|file| file.extension().is_some_and(|found| found == end))
    };
    match (has("pth"), has("safetensors")) {
        (Some(pickle), None) => Err(PublishedError::input(format!(
            "{}: a pickle runs code when it is read, so it is not read; save its tensors as {WEIGHTS}, each under its \
             name, and write {CONFIG} beside as `model list` says of layout `rwkv7`",
            pickle.display()
        ))),
        _ => Ok(()),
    }
}

/// The text of a small file.
fn text(path: &Path) -> Result<String, PublishedError> {
    let file = File::open(path).map_err(PublishedError::io("reading", path))?;
    let mut text = String::new();
    let read = file.take(MOST_TEXT).read_to_string(&mut text);
    read.map_err(PublishedError::io("reading", path))?;
    Ok(text)
}
