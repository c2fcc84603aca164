//! All passes, and what stands in the end.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use triaxis_corpus::{Count, Documents, LeftOutBy, Unfinished};
use triaxis_duplicates::Workspace;
use triaxis_filters::{Chain, FilterSpec};
use triaxis_host::{Kind, files};

use crate::batches::{self, Batch, Input};
use crate::facts::{PassedSource, StepFacts, add};
use crate::pass::{Made, Pass, Plan, as_read, plans};
use crate::shards::Shards;
use crate::steps::{Finder, Found, StepSpec, Work};
use crate::{CurationError, Facts, Progress, Recipe};

/// What was done, as data.
const FACTS: &str = "curation.json";
/// The recipe with all of its settings.
const RECIPE: &str = "recipe.toml";
const KEPT: &str = "kept";
const DROPPED: &str = "dropped";
/// Version of what an output holds, given the same recipe and text.
const VERSION: u32 = 1;

/// An output that is whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Curated {
    /// What was done.
    pub facts: Facts,
    /// Whether it was there already.
    pub was_there: bool,
}

/// Curates what a recipe says into the folder `out`, unless that holds the same already. Relative patterns of sources
/// and paths of files that steps name start from `base`. Nothing is at `out` until all is.
///
/// # Errors
/// When the recipe is refused, a source cannot be read, or `out` holds something else or cannot be written.
pub fn curate(
    recipe: &Recipe,
    base: &Path,
    out: &Path,
    progress: &dyn Progress,
) -> Result<Curated, CurationError> {
    let recipe = recipe.opened(base)?.resolved()?;
    let documents = Documents::list(&recipe.sources, recipe.reading(), base, &[out])?;
    let there = finished(out)?;
    let content = documents.content()?;
    if let Some(facts) = there {
        return match facts.version == VERSION && facts.recipe.is_like(&recipe) && facts.content == content {
            true => Ok(Curated {
                facts,
                was_there: true,
            }),
            false => Err(occupied(
                out,
                "what another recipe, other text or another version gave",
            )),
        };
    }
    let unfinished = Unfinished::create(out)?;
    let facts = Curation::new(&recipe, &documents, unfinished.path())?.run(content, progress)?;
    write(&unfinished.path().join(RECIPE), &resolved_text(&recipe)?)?;
    let told = serde_json::to_string_pretty(&facts);
    let told = told.map_err(|error| CurationError::input(format!("the facts cannot be written: {error}")))?;
    write(&unfinished.path().join(FACTS), &(told + "\n"))?;
    unfinished.finish(out)?;
    Ok(Curated {
        facts,
        was_there: false,
    })
}

/// What the finished output in a folder holds; nothing where the folder is empty or not there.
///
/// # Errors
/// Where the folder holds something else, or a file of the output is missing or of another size.
pub fn finished(out: &Path) -> Result<Option<Facts>, CurationError> {
    let path = out.join(FACTS);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut entries = match fs::read_dir(out) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                entries => entries.map_err(CurationError::io("list", out))?,
            };
            return match entries.next() {
                None => Ok(None),
                Some(_) => Err(occupied(out, "files that are no curated corpus")),
            };
        }
        Err(error) => return Err(CurationError::io("read", &path)(error)),
    };
    let facts: Facts = serde_json::from_slice(&text).map_err(|error| CurationError::damaged(&path, error))?;
    for file in &facts.files {
        let path = out.join(&file.file);
        match fs::metadata(&path) {
            Ok(about) if about.len() == file.size.0 => {}
            Ok(about) => {
                let detail = format!("it has {} bytes, and {} were written", about.len(), file.size.0);
                return Err(CurationError::damaged(&path, detail));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(CurationError::damaged(&path, "it is not there"));
            }
            Err(error) => return Err(CurationError::io("read", &path)(error)),
        }
    }
    Ok(Some(facts))
}

fn occupied(folder: &Path, holds: &str) -> CurationError {
    CurationError::input(format!(
        "{} already holds {holds}: choose another output folder, or remove this one if it is no longer needed",
        folder.display()
    ))
}

fn resolved_text(recipe: &Recipe) -> Result<String, CurationError> {
    toml::to_string(recipe)
        .map_err(|error| CurationError::input(format!("the recipe cannot be written as TOML: {error}")))
}

fn write(path: &Path, text: &str) -> Result<(), CurationError> {
    files::replace(path, text.as_bytes()).map_err(CurationError::io("write", path))
}

/// A curation under way.
struct Curation<'c> {
    recipe: &'c Recipe,
    documents: &'c Documents,
    folder: &'c Path,
    workspace: Workspace,
    sources: Vec<String>,
    labels: Vec<String>,
    steps: Vec<StepFacts>,
    read: Vec<Count>,
    kept: Vec<Count>,
    left_out: Vec<LeftOutBy>,
}

impl<'c> Curation<'c> {
    fn new(recipe: &'c Recipe, documents: &'c Documents, folder: &'c Path) -> Result<Self, CurationError> {
        let labels: Vec<String> = recipe.steps.iter().map(StepSpec::label).collect();
        let sources: Vec<String> = recipe
            .sources
            .iter()
            .map(|source| source.name().to_owned())
            .collect();
        Ok(Self {
            recipe,
            documents,
            folder,
            workspace: Workspace::new(folder, recipe.memory)?,
            steps: labels.iter().cloned().map(StepFacts::new).collect(),
            labels,
            read: vec![Count::default(); sources.len()],
            kept: vec![Count::default(); sources.len()],
            sources,
            left_out: Vec::new(),
        })
    }

    fn run(mut self, content: String, progress: &dyn Progress) -> Result<Facts, CurationError> {
        let plans = plans(&self.recipe.steps);
        let mut dropped = Shards::create(self.folder, DROPPED)?;
        let mut survivors: Option<Survivors> = None;
        let mut files = Vec::new();
        for (number, plan) in plans.iter().enumerate() {
            let next = plans.get(number + 1).and_then(|next| next.copies);
            let total = match &survivors {
                None => (0..self.documents.files())
                    .map(|file| self.documents.file(file).size.0)
                    .sum(),
                Some(survivors) => survivors.bytes,
            };
            progress.begin(number + 1, plans.len(), total);
            let made = self.pass(plan.clone(), next, survivors.as_mut(), &mut dropped, progress)?;
            if let Some(earlier) = survivors.take() {
                earlier.remove()?;
            }
            match made {
                Left::Survivors(made) => survivors = Some(made),
                Left::Kept(made) => files = made,
            }
        }
        files.extend(dropped.finish()?);
        let sources = self
            .sources
            .into_iter()
            .zip(self.read)
            .zip(self.kept)
            .zip(self.left_out);
        let sources = sources.map(|(((name, read), kept), left_out)| PassedSource {
            name,
            read,
            kept,
            left_out,
        });
        Ok(Facts {
            version: VERSION,
            recipe: self.recipe.clone(),
            content,
            sources: sources.collect(),
            steps: self.steps,
            files,
        })
    }

    /// Does one pass; what it leaves is looked through by the step `next`, if there is one.
    fn pass(
        &mut self,
        plan: Plan,
        next: Option<usize>,
        mut survivors: Option<&mut Survivors>,
        dropped: &mut Shards,
        progress: &dyn Progress,
    ) -> Result<Left, CurationError> {
        let is_first = survivors.is_none();
        let paths = survivors.as_ref().map(|survivors| survivors.paths(self.folder));
        let input = match &paths {
            None => Input::Sources(self.documents),
            Some(paths) => Input::Survivors(paths),
        };
        let (sources, labels) = (self.sources.clone(), self.labels.clone());
        let pass = Pass {
            documents: self.documents,
            sources: &sources,
            labels: &labels,
            chain: Chain::new(&self.filters(&plan))?,
            plan,
            is_last: next.is_none(),
        };
        let mut finder = next.map(|step| self.finder(step)).transpose()?;
        let name = next.map_or_else(|| KEPT.to_owned(), between);
        let mut shards = Shards::create(self.folder, &name)?;
        let mut bytes = 0;
        let left_out = batches::each(&input, |batch| {
            let Batch {
                documents, advanced, ..
            } = batch;
            let found = survivors.as_mut().map(|survivors| &mut survivors.found);
            for made in pass.judge(documents, found)? {
                bytes += made.left.iter().map(|left| left.bytes.0).sum::<u64>();
                shards.append(&made.kept)?;
                dropped.append(&made.dropped)?;
                if let Some(finder) = &mut finder {
                    finder.add(&as_read(&made.survivors).collect::<Vec<_>>())?;
                }
                self.count(made, is_first, pass.is_last);
            }
            progress.advance(advanced);
            Ok(())
        })?;
        if is_first {
            self.left_out = left_out;
        }
        let files = shards.finish()?;
        let Some(finder) = finder else {
            return Ok(Left::Kept(files));
        };
        let path = self.folder.join(format!("{name}.found"));
        let found = finder.finish(&path)?;
        Ok(Left::Survivors(Survivors {
            folder: self.folder.join(&name),
            files: files.into_iter().map(|file| file.file).collect(),
            bytes,
            found,
            path,
        }))
    }

    /// The filters of a pass.
    fn filters(&self, plan: &Plan) -> Vec<FilterSpec> {
        let steps = self.recipe.steps[plan.filters.clone()].iter();
        let filters = steps.filter_map(|step| match step.work() {
            Work::Filter(filter) => Some(filter.clone()),
            Work::Copies(_) => None,
        });
        filters.collect()
    }

    /// What looks for copies in the step `step`.
    fn finder(&self, step: usize) -> Result<Box<dyn Finder>, CurationError> {
        match self.recipe.steps[step].work() {
            Work::Copies(copies) => copies.finder(&self.workspace),
            Work::Filter(filter) => {
                let rule = format!("`{}` judges documents one by one and ends no pass", filter.kind());
                Err(CurationError::new(Kind::Machine, rule))
            }
        }
    }

    /// Adds what was made of some documents.
    fn count(&mut self, made: Made, is_first: bool, is_last: bool) {
        for (step, facts) in made.steps {
            self.steps[step].merge(facts);
        }
        for (is_counted, all, more) in [
            (is_first, &mut self.read, made.read),
            (is_last, &mut self.kept, made.left),
        ] {
            if is_counted {
                all.iter_mut().zip(more).for_each(|(all, more)| add(all, more));
            }
        }
    }
}

/// The folder of what a pass leaves to the step `step`.
fn between(step: usize) -> String {
    format!("before-{}", step + 1)
}

/// What a pass leaves.
enum Left {
    /// Documents for the next one.
    Survivors(Survivors),
    /// Files of the output.
    Kept(Vec<crate::File>),
}

/// Documents between two passes, and which of them are copies.
struct Survivors {
    folder: PathBuf,
    files: Vec<String>,
    /// Their text.
    bytes: u64,
    found: Box<dyn Found>,
    /// The file of what was found.
    path: PathBuf,
}

impl Survivors {
    fn paths(&self, folder: &Path) -> Vec<PathBuf> {
        self.files.iter().map(|file| folder.join(file)).collect()
    }

    fn remove(self) -> Result<(), CurationError> {
        drop(self.found);
        fs::remove_dir_all(&self.folder).map_err(CurationError::io("remove", &self.folder))?;
        fs::remove_file(&self.path).map_err(CurationError::io("remove", &self.path))
    }
}
