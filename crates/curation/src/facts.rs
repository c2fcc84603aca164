//! What a curation did, as `curation.json` tells it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use triaxis_corpus::{Count, LeftOut, LeftOutBy, Reason, left_out_told};
use triaxis_units::Bytes;

use crate::Recipe;

/// What a curation did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Version of this file and of what the lines of the output hold.
    pub version: u32,
    /// Every step with all of its settings.
    pub recipe: Recipe,
    /// Hash of what the sources held.
    pub content: String,
    /// What was read of each source.
    pub sources: Vec<PassedSource>,
    /// What each step did, in order.
    pub steps: Vec<StepFacts>,
    /// The files of the output.
    pub files: Vec<File>,
}

/// What was read of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedSource {
    /// Its name.
    pub name: String,
    /// Its documents.
    pub read: Count,
    /// Those of them that were kept, with the text that they have in the end.
    pub kept: Count,
    /// What could not be read, or is none, by reason.
    pub left_out: LeftOutBy,
}

/// What a step did. Documents read are those kept and those dropped; bytes read and `edited.after` are those kept, those
/// dropped and `edited.before`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFacts {
    /// What it is.
    pub step: String,
    /// What came to it.
    pub read: Count,
    /// What it left.
    pub kept: Count,
    /// What of that it changed.
    pub edited: Edited,
    /// What it dropped, by reason.
    pub dropped: BTreeMap<String, Count>,
}

/// Documents that a step kept with another text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    /// How many.
    pub documents: u64,
    /// Their text before.
    pub before: Bytes,
    /// Their text after.
    pub after: Bytes,
}

/// A file of the output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its path within the output folder.
    pub file: String,
    /// Its documents.
    pub documents: u64,
    /// Its size on the disk.
    pub size: Bytes,
}

/// What was left out of files of a source, and the file of the first by each reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeftOutAt(BTreeMap<Reason, (u32, LeftOut)>);

impl LeftOutAt {
    /// Adds what was left out of a file.
    pub(crate) fn add(&mut self, file: u32, more: LeftOutBy) {
        let more = more
            .into_iter()
            .map(|(reason, left_out)| (reason, (file, left_out)));
        self.merge(Self(more.collect()));
    }

    /// Adds what was left out of other files, whichever those are.
    pub(crate) fn merge(&mut self, more: Self) {
        for (reason, (file, more)) in more.0 {
            match self.0.get_mut(&reason) {
                None => drop(self.0.insert(reason, (file, more))),
                Some((first, all)) => {
                    if file < *first {
                        (*first, all.first) = (file, more.first);
                    }
                    all.documents = all.documents.saturating_add(more.documents);
                    all.bytes += more.bytes;
                }
            }
        }
    }

    /// All of it, and what was left out before any file was read.
    pub(crate) fn after(self, unlisted: LeftOutBy) -> LeftOutBy {
        let mut all = Self::default();
        all.add(0, unlisted);
        all.merge(self);
        all.0
            .into_iter()
            .map(|(reason, (_, left_out))| (reason, left_out))
            .collect()
    }
}

pub(crate) fn add(count: &mut Count, more: Count) {
    count.documents += more.documents;
    count.bytes += more.bytes;
}

/// A document of so many bytes.
pub(crate) fn one(bytes: usize) -> Count {
    Count {
        documents: 1,
        bytes: Bytes(bytes as u64),
    }
}

impl StepFacts {
    /// A step that has seen nothing.
    pub(crate) fn new(step: String) -> Self {
        Self {
            step,
            ..Self::default()
        }
    }

    /// A document stays as it is.
    pub(crate) fn keep(&mut self, bytes: usize) {
        add(&mut self.read, one(bytes));
        add(&mut self.kept, one(bytes));
    }

    /// A document stays with another text.
    pub(crate) fn edit(&mut self, before: usize, after: usize) {
        add(&mut self.read, one(before));
        add(&mut self.kept, one(after));
        self.edited.documents += 1;
        self.edited.before += Bytes(before as u64);
        self.edited.after += Bytes(after as u64);
    }

    /// A document goes.
    pub(crate) fn drop(&mut self, bytes: usize, reason: &str) {
        add(&mut self.read, one(bytes));
        match self.dropped.get_mut(reason) {
            Some(count) => add(count, one(bytes)),
            None => drop(self.dropped.insert(reason.to_owned(), one(bytes))),
        }
    }

    /// Adds what the same step did to other documents.
    pub(crate) fn merge(&mut self, more: Self) {
        add(&mut self.read, more.read);
        add(&mut self.kept, more.kept);
        self.edited.documents += more.edited.documents;
        self.edited.before += more.edited.before;
        self.edited.after += more.edited.after;
        for (reason, count) in more.dropped {
            add(self.dropped.entry(reason).or_default(), count);
        }
    }

    /// All that it dropped.
    pub fn all_dropped(&self) -> Count {
        let mut all = Count::default();
        self.dropped.values().for_each(|count| add(&mut all, *count));
        all
    }
}

impl Facts {
    /// All that was kept.
    pub fn kept(&self) -> Count {
        let mut all = Count::default();
        self.sources.iter().for_each(|source| add(&mut all, source.kept));
        all
    }

    /// What was left out of the sources, a sentence a reason, each with whether it is so much that it is a warning.
    pub fn left_out_told(&self) -> impl Iterator<Item = (bool, String)> {
        let sources = self.sources.iter();
        sources.flat_map(|source| of_source_told(&source.name, source.read, &source.left_out))
    }
}

/// What was left out of a source, a sentence a reason.
pub(crate) fn of_source_told(
    name: &str,
    read: Count,
    left_out: &LeftOutBy,
) -> impl Iterator<Item = (bool, String)> {
    left_out_told(format!("source `{name}`"), read, left_out)
}
