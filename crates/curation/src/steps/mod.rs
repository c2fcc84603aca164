//! Every kind of step: one file, one `mod` line and one line of the registry below for each.

mod bloom;
mod exact;
mod filter;
mod near;
mod noise;
mod passages;
mod random;

pub use bloom::Bloom;
pub use exact::Exact;
pub use filter::Filter;
pub use near::Near;
pub use noise::{Harm, Noise};
pub use passages::Passages;
pub use random::Random;

use std::fs::File;
use std::io::BufReader;
use std::ops::Range;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use triaxis_duplicates::{Document, Position, Workspace, without};
use triaxis_filters::{Check, FilterSpec};
use triaxis_host::files;
use triaxis_units::Bytes;

use crate::{CurationError, Recipe};

triaxis_names::registry! {
    /// A step of a recipe; `kind` chooses what it does.
    pub enum StepSpec by "kind" as step: Step {
        Filter = "filter",
        Exact = "exact",
        Near = "near",
        Bloom = "bloom",
        Passages = "passages",
        Random = "random",
        Noise = "noise",
    }
}

impl StepSpec {
    /// What tables call it.
    pub fn label(&self) -> String {
        self.step().label()
    }

    /// What its settings come to, where they do not say it by themselves.
    pub fn told(&self) -> Option<String> {
        self.step().told()
    }

    pub(crate) fn work(&self) -> Work<'_> {
        self.step().work()
    }
}

/// What a registry line says of a kind of step.
pub(crate) trait Step {
    fn label(&self) -> String;
    fn work(&self) -> Work<'_>;
    /// Refuses settings that no step can have, or none of the recipe.
    fn check(&self, recipe: &Recipe) -> Result<(), CurationError>;
    fn told(&self) -> Option<String> {
        None
    }
}

/// How a step is done.
pub(crate) enum Work<'s> {
    /// A document at a time.
    Filter(&'s FilterSpec),
    /// With what is known of other documents.
    Copies(&'s dyn Copies),
}

/// A step that looks for copies, or for something else that only other documents tell.
pub(crate) trait Copies: Sync {
    /// What reads every document before the first is judged; nothing where those before it are enough.
    fn finder(&self, _workspace: &Workspace) -> Result<Option<Box<dyn Finder>>, CurationError> {
        Ok(None)
    }

    fn found(&self, at: &Look<'_>) -> Result<Box<dyn Found>, CurationError>;

    /// How much text is judged at once, where it makes a difference.
    fn at_once(&self) -> Option<Bytes> {
        None
    }
}

/// Where a step finds what is known.
pub(crate) struct Look<'l> {
    pub(crate) workspace: &'l Workspace,
    /// What its finder [found](Finder::finish).
    pub(crate) found: &'l Path,
    /// What a process that died knew of the documents before the next one.
    pub(crate) memory: Option<&'l Path>,
    /// How much text will be judged.
    pub(crate) text: Bytes,
}

/// Reads every document, in any order and in several processes.
pub(crate) trait Finder: Send {
    fn add(&mut self, batch: &[Document<'_>]) -> Result<(), CurationError>;
    /// Writes what was read to a file.
    fn save(self: Box<Self>, path: &Path) -> Result<(), CurationError>;
    /// Adds what another one of the same step saved.
    fn join(&mut self, saved: &Path) -> Result<(), CurationError>;
    /// Takes for copies what an [index](Self::index) has; nothing, where a step takes none for copies.
    fn know(&mut self, _index: &Path) -> Result<(), CurationError> {
        Ok(())
    }
    /// Writes an index of what was read.
    fn index(self: Box<Self>, index: &Path) -> Result<(), CurationError> {
        self.save(index)
    }
    /// Writes what was found.
    fn finish(self: Box<Self>, found: &Path) -> Result<(), CurationError>;
}

/// What a finder with little to say saves or finds, written as JSON.
fn write(path: &Path, what: &impl Serialize) -> Result<(), CurationError> {
    let written = files::replace_with(path, |out| Ok(serde_json::to_writer(out, what)?));
    written.map_err(CurationError::io("write", path))
}

/// What [`write`] wrote.
fn read<T: DeserializeOwned>(path: &Path) -> Result<T, CurationError> {
    let file = File::open(path).map_err(CurationError::io("read", path))?;
    serde_json::from_reader(BufReader::new(file)).map_err(|error| CurationError::damaged(path, error))
}

/// Tells of each document what it is a copy of.
pub(crate) trait Found {
    /// Judges documents, which come in the order of the corpus.
    fn verdicts(&mut self, documents: &[Document<'_>]) -> Result<Vec<Verdict>, CurationError>;
    /// Writes what is remembered of the documents judged so far, if anything is: whether it was.
    fn save(&self, _path: &Path) -> Result<bool, CurationError> {
        Ok(false)
    }
}

/// What a step that looks for copies says of a document.
pub(crate) enum Verdict {
    Keep,
    /// It has this text instead.
    Edit(String),
    Drop {
        check: Check,
        copy_of: Option<Position>,
    },
}

impl Verdict {
    /// That of a document without some parts, which lie apart, so that one is all of the text where nothing is left.
    fn without(text: &str, parts: Vec<Range<usize>>) -> Self {
        match parts.as_slice() {
            [] => Self::Keep,
            [all] if *all == (0..text.len()) => Self::Drop {
                check: Check::at_least("bytes_left", 0.0, 1.0),
                copy_of: None,
            },
            _ => Self::Edit(without(text, &parts)),
        }
    }
}
