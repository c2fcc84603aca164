//! Every kind of step: one file, one `mod` line and one line of the registry below for each.

mod exact;
mod filter;
mod near;
mod noise;
mod random;

pub use exact::Exact;
pub use filter::Filter;
pub use near::Near;
pub use noise::{Harm, Noise};
pub use random::Random;

use std::ops::Range;
use std::path::Path;

use triaxis_duplicates::{Document, Position, Workspace};
use triaxis_filters::FilterSpec;

use crate::CurationError;
use crate::record::Bound;

triaxis_names::registry! {
    /// A step of a recipe; `kind` chooses what it does.
    pub enum StepSpec by "kind" as step: Step {
        Filter = "filter",
        Exact = "exact",
        Near = "near",
        Random = "random",
        Noise = "noise",
    }
}

impl StepSpec {
    /// What tables call it.
    pub fn label(&self) -> String {
        self.step().label()
    }

    pub(crate) fn work(&self) -> Work<'_> {
        self.step().work()
    }
}

/// What a registry line says of a kind of step.
pub(crate) trait Step {
    fn label(&self) -> String;
    fn work(&self) -> Work<'_>;
    /// Refuses settings that no step can have.
    fn check(&self) -> Result<(), CurationError>;
}

/// How a step is done.
pub(crate) enum Work<'s> {
    /// A document at a time.
    Filter(&'s FilterSpec),
    /// After all documents were read once.
    Copies(&'s dyn Copies),
}

/// A step that looks for copies, or for something else that only all documents tell.
pub(crate) trait Copies {
    fn finder(&self, workspace: &Workspace) -> Result<Box<dyn Finder>, CurationError>;
}

/// Reads every document.
pub(crate) trait Finder {
    fn add(&mut self, batch: &[Document<'_>]) -> Result<(), CurationError>;
    /// Writes what was found to a file, and opens it.
    fn finish(self: Box<Self>, path: &Path) -> Result<Box<dyn Found>, CurationError>;
}

/// Tells of each document what it is a copy of.
pub(crate) trait Found {
    fn verdict(&mut self, document: &Document<'_>) -> Result<Verdict, CurationError>;
}

/// The file of a step that needs none.
fn nothing_found(path: &Path) -> Result<(), CurationError> {
    std::fs::write(path, []).map_err(CurationError::io("write", path))
}

/// What a step that looks for copies says of a document.
pub(crate) enum Verdict {
    Keep,
    /// These parts of its text stand earlier, and others do not.
    Without(Vec<Range<usize>>),
    /// It has this text instead.
    Edit(String),
    Drop {
        reason: &'static str,
        value: f64,
        bound: Bound,
        copy_of: Option<Position>,
    },
}
