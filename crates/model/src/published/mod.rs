//! Models as others publish them: a folder, or a GGUF file.

mod error;
mod tensors;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use triaxis_blocks::Rows;
use triaxis_containers::gguf::{Gguf, is_gguf};
use triaxis_host::Kind;

pub use self::error::PublishedError;
pub(crate) use self::tensors::{Source, Table};
use crate::folder::{CONFIG, Folder};
use crate::gguf::{GgufModel, TokenizerFields};
use crate::stack::Stack;
use crate::weights::Weight;

/// A published model: what it is, and where its weights are, all of which are there and have their shapes.
#[derive(Debug)]
pub enum Published {
    /// A folder of `config.json` and safetensors.
    Folder(Folder),
    /// A GGUF file, or several that belong together.
    Gguf(GgufModel),
}

/// The tokenizer that is published with a model.
#[derive(Debug, Clone, PartialEq)]
pub enum PublishedTokenizer {
    /// The path of its `tokenizer.json`.
    File(PathBuf),
    /// What the keys of a GGUF file say of it.
    Fields(Box<TokenizerFields>),
}

impl Published {
    /// Whether what is at a path is a folder, or begins as a GGUF file.
    pub fn is_at(path: &Path) -> bool {
        path.is_dir() || is_gguf(path)
    }

    /// The model at a path, of which only what tells what it is is read.
    ///
    /// # Errors
    /// When something cannot be read, is of a family that is not known, or holds other tensors than it says.
    pub fn open(path: &Path) -> Result<Self, PublishedError> {
        if path.is_dir() {
            return Folder::open(path).map(Self::Folder);
        }
        let about = std::fs::metadata(path).map_err(PublishedError::io("reading", path))?;
        if !about.is_file() || !is_gguf(path) {
            return Err(PublishedError::new(
                Kind::Path,
                format!(
                    "{} is neither a folder with {CONFIG} nor a GGUF file; give one of them",
                    path.display()
                ),
            ));
        }
        GgufModel::open(Gguf::open(path)?).map(Self::Gguf)
    }

    /// The network that it is of.
    pub fn stack(&self) -> &Stack {
        match self {
            Self::Folder(folder) => folder.stack(),
            Self::Gguf(model) => model.stack(),
        }
    }

    /// The name of the layout, or of the architecture of GGUF, that it is in.
    pub fn layout(&self) -> &'static str {
        match self {
            Self::Folder(folder) => folder.layout().name(),
            Self::Gguf(model) => model.architecture(),
        }
    }

    /// The files that it is in.
    pub fn files(&self) -> Vec<PathBuf> {
        match self {
            Self::Folder(folder) => folder.files(),
            Self::Gguf(model) => model.gguf().files().to_vec(),
        }
    }

    /// The weights of its network, in single precision.
    ///
    /// # Errors
    /// When a file cannot be read, or holds a head that is tied to the embedding and not the same.
    pub fn weights(&self) -> Result<BTreeMap<String, Weight>, PublishedError> {
        match self {
            Self::Folder(folder) => folder.weights(),
            Self::Gguf(model) => model.weights(),
        }
    }

    /// One of its network's weights as it is stored, a row an output, in the order of the outputs: in one piece, or where
    /// several tensors are one weight, in several that follow one another. What multiplies values has an output a column
    /// of the weight; a table has one a row; what is added, and a gain, is one row. Blocks are moved, not computed with.
    ///
    /// # Errors
    /// When the network has no such weight, or a file cannot be read.
    pub fn rows(&self, weight: &str) -> Result<Vec<Rows>, PublishedError> {
        match self {
            Self::Folder(folder) => folder.rows(weight),
            Self::Gguf(model) => model.rows(weight),
        }
    }

    /// The tokenizer beside its weights, if there is one.
    ///
    /// # Errors
    /// When the keys that say what it is are of other kinds than they must be.
    pub fn tokenizer(&self) -> Result<Option<PublishedTokenizer>, PublishedError> {
        match self {
            Self::Folder(folder) => Ok(folder.tokenizer().map(PublishedTokenizer::File)),
            Self::Gguf(model) => {
                let fields = model.tokenizer()?.map(Box::new);
                Ok(fields.map(PublishedTokenizer::Fields))
            }
        }
    }
}
