//! How far an output is: enough for another process to go on with it inside a file, and to know all that was counted.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use triaxis_corpus::{Count, Documents};
use triaxis_duplicates::Position;
use triaxis_host::files;

use crate::facts::{LeftOutAt, PassedSource, StepFacts, add};
use crate::keys::Keys;
use crate::written::Written;
use crate::{CurationError, Facts, Recipe, Shard};

pub(crate) const JOURNAL: &str = "journal";
/// Times as long as noting takes that are worked before it is done again: a twentieth of the time goes into it.
const PACE: u32 = 20;
/// Work that a death costs at most, with the batch at hand.
const LONGEST: Duration = Duration::from_secs(30);

/// Of what output: only that one is gone on with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) version: u32,
    pub(crate) recipe: Recipe,
    pub(crate) content: String,
    /// Which share of the documents, if not all.
    pub(crate) shard: Option<Shard>,
    /// Whether it is put together of shards.
    pub(crate) is_merged: bool,
}

/// How far it is, between two batches.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct State {
    /// Which pass, from 0.
    pub(crate) pass: usize,
    /// What of it is done.
    pub(crate) stage: Stage,
    /// File and number of the first document that is not in what follows.
    pub(crate) next: (u32, u32),
    /// Bytes of what is read.
    pub(crate) advanced: u64,
    pub(crate) steps: Vec<StepFacts>,
    /// By source.
    pub(crate) read: Vec<Count>,
    pub(crate) kept: Vec<Count>,
    pub(crate) left_out: Vec<LeftOutAt>,
    /// What the pass leaves, and what all have dropped.
    pub(crate) left: Written,
    pub(crate) dropped: Written,
    /// What was gathered for the step after the pass.
    pub(crate) keys: Keys,
    /// What the step before the filters has in memory, as a file.
    pub(crate) memory: Option<PathBuf>,
    /// Text of what the pass reads, and its files within the output, by shard.
    pub(crate) survivors: Survivors,
}

/// Documents between two passes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Survivors {
    pub(crate) text: u64,
    /// By shard, of which each has its documents in order.
    pub(crate) files: Vec<Vec<PathBuf>>,
}

/// What of a pass is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// What shards have dropped is put together.
    GatherDropped,
    /// What shards have kept is put together.
    GatherKept,
    /// Documents are judged.
    Judge,
    /// All are.
    Judged,
}

impl State {
    /// Nothing read of so many sources.
    pub(crate) fn new(stage: Stage, steps: Vec<StepFacts>, sources: usize) -> Self {
        Self {
            pass: 0,
            stage,
            next: (0, 0),
            advanced: 0,
            steps,
            read: vec![Count::default(); sources],
            kept: vec![Count::default(); sources],
            left_out: vec![LeftOutAt::default(); sources],
            left: Written::default(),
            dropped: Written::default(),
            keys: Keys::default(),
            memory: None,
            survivors: Survivors::default(),
        }
    }

    pub(crate) fn next(&self) -> Position {
        Position::new(self.next.0, self.next.1)
    }

    /// What was done in the end.
    pub(crate) fn facts(self, about: About, documents: &Documents) -> Facts {
        let names = about.recipe.sources.iter().map(|source| source.name().to_owned());
        let counts = self
            .read
            .into_iter()
            .zip(self.kept)
            .zip(self.left_out)
            .zip(documents.left_out());
        let sources = names
            .zip(counts)
            .map(|(name, (((read, kept), left_out), unlisted))| PassedSource {
                name,
                read,
                kept,
                left_out: left_out.after(unlisted),
            });
        Facts {
            version: about.version,
            sources: sources.collect(),
            recipe: about.recipe,
            content: about.content,
            steps: self.steps,
            files: self.left.files.into_iter().chain(self.dropped.files).collect(),
        }
    }

    /// Adds what another process counted of other documents.
    pub(crate) fn merge(&mut self, more: &Self) {
        for (step, more) in self.steps.iter_mut().zip(&more.steps) {
            step.merge(more.clone());
        }
        for (all, more) in [(&mut self.read, &more.read), (&mut self.kept, &more.kept)] {
            all.iter_mut().zip(more).for_each(|(all, more)| add(all, *more));
        }
        for (all, more) in self.left_out.iter_mut().zip(&more.left_out) {
            all.merge(more.clone());
        }
    }

    /// Goes to another stage, which reads from the beginning.
    pub(crate) fn begin(&mut self, stage: Stage) {
        self.stage = stage;
        self.next = (0, 0);
        self.advanced = 0;
    }
}

#[derive(Serialize, Deserialize)]
struct Noted<A, S> {
    about: A,
    state: S,
}

/// Writes and reads how far an output is.
pub(crate) struct Journal<'j> {
    folder: &'j Path,
    about: About,
    noted: Instant,
    took: Duration,
}

impl<'j> Journal<'j> {
    /// That of an output whose folder is taken, and how far it is. What is of another output, or damaged, counts as
    /// nothing.
    pub(crate) fn open(folder: &'j Path, about: About) -> Result<(Self, Option<State>), CurationError> {
        let noted = Self::read(folder)?.filter(|(noted, _)| noted.is_like(&about));
        let journal = Self {
            folder,
            about,
            noted: Instant::now(),
            took: Duration::ZERO,
        };
        Ok((journal, noted.map(|(_, state)| state)))
    }

    /// What was noted in a folder last, if that is whole.
    pub(crate) fn read(folder: &Path) -> Result<Option<(About, State)>, CurationError> {
        let path = folder.join(JOURNAL);
        let text = match fs::read_to_string(&path) {
            Err(error) if [io::ErrorKind::NotFound, io::ErrorKind::InvalidData].contains(&error.kind()) => {
                return Ok(None);
            }
            text => text.map_err(CurationError::io("read", &path))?,
        };
        let sealed = text.split_once('\n').filter(|(hash, noted)| *hash == seal(noted));
        let noted: Option<Noted<About, State>> =
            sealed.and_then(|(_, noted)| serde_json::from_str(noted).ok());
        Ok(noted.map(|Noted { about, state }| (about, state)))
    }

    /// Whether it is time to note how far the output is.
    pub(crate) fn is_due(&self) -> bool {
        self.noted.elapsed() >= (PACE * self.took).min(LONGEST)
    }

    /// Notes how far the output is, once all that the state names is on the disk. `begun` is when that began.
    pub(crate) fn note(&mut self, state: &State, begun: Instant) -> Result<(), CurationError> {
        let path = self.folder.join(JOURNAL);
        let about = &self.about;
        let noted = serde_json::to_string(&Noted { about, state });
        let noted = noted.map_err(|error| {
            CurationError::input(format!("how far the output is cannot be written: {error}"))
        })?;
        let sealed = format!("{}\n{noted}", seal(&noted));
        files::replace(&path, sealed.as_bytes()).map_err(CurationError::io("write", &path))?;
        (self.took, self.noted) = (begun.elapsed(), Instant::now());
        Ok(())
    }
}

impl About {
    /// Whether both give the same output.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let recipe = &other.recipe;
        self.recipe.is_like(recipe)
            && *self
                == Self {
                    recipe: self.recipe.clone(),
                    ..other.clone()
                }
    }
}

fn seal(noted: &str) -> String {
    blake3::hash(noted.as_bytes()).to_hex().to_string()
}
