//! All passes, one after another, from wherever a process that died had come.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use triaxis_corpus::Documents;
use triaxis_duplicates::Workspace;
use triaxis_filters::Chain;
use triaxis_host::Kind;

use crate::batches::{self, Input, Size};
use crate::facts::{StepFacts, add};
use crate::journal::{JOURNAL, Journal, Stage, State, Survivors};
use crate::keys::Keys;
use crate::lines::Lines;
use crate::measured::filters;
use crate::pass::{Made, Pass, Plan, plans};
use crate::shard::Share;
use crate::steps::{Copies, StepSpec, Work};
use crate::unfinished::sweep;
use crate::{CurationError, Progress, Recipe, Shard};

mod against;
mod open;

pub(crate) const KEPT: &str = "kept";
pub(crate) const DROPPED: &str = "dropped";
/// What is removed when the process ends.
const WORK: &str = "work";
/// What a pass leaves, of what names in its folder.
const LEFT: &str = "left";
const KEYS: &str = "keys";
const FOUND: &str = "found";

/// What is done to what.
pub(crate) struct Setting<'s> {
    pub(crate) recipe: &'s Recipe,
    pub(crate) documents: &'s Documents,
    pub(crate) against: &'s [PathBuf],
    /// Which share of the documents is read, if not all.
    pub(crate) shard: Option<Shard>,
    /// Shards that the first pass is made of, each with its folder.
    pub(crate) shards: &'s [(PathBuf, State)],
}

/// The passes of an output.
pub(crate) struct Passes<'p> {
    setting: &'p Setting<'p>,
    folder: &'p Path,
    progress: &'p dyn Progress,
    workspace: Workspace,
    share: Option<Share>,
    plans: Vec<Plan>,
    labels: Vec<String>,
    sources: Vec<String>,
    journal: Journal<'p>,
    state: State,
}

impl<'p> Passes<'p> {
    pub(crate) fn new(
        setting: &'p Setting<'p>,
        folder: &'p Path,
        journal: Journal<'p>,
        state: Option<State>,
        progress: &'p dyn Progress,
    ) -> Result<Self, CurationError> {
        let steps = &setting.recipe.steps;
        let labels: Vec<String> = steps.iter().map(StepSpec::label).collect();
        let sources = setting
            .recipe
            .sources
            .iter()
            .map(|source| source.name().to_owned());
        let is_resumed = state.is_some();
        let passes = Self {
            workspace: Workspace::new(folder.join(WORK), setting.recipe.memory)?,
            share: setting.shard.map(|shard| Share::new(setting.documents, shard)),
            plans: plans(steps),
            sources: sources.collect(),
            state: state.unwrap_or_else(|| begun(setting, &labels)),
            labels,
            setting,
            folder,
            progress,
            journal,
        };
        match is_resumed {
            true => {
                progress.resume();
                passes.sweep()?;
            }
            false => {
                sweep(folder, |_| false)?;
                make(&folder.join(WORK))?;
            }
        }
        Ok(passes)
    }

    /// Does what is left to be done.
    pub(crate) fn run(mut self) -> Result<State, CurationError> {
        loop {
            match self.state.stage {
                Stage::GatherDropped | Stage::GatherKept => self.gather()?,
                Stage::Judge => self.judge()?,
                Stage::Judged => match self.step_after() {
                    Some(step) if self.setting.shard.is_none() => self.look(step)?,
                    _ => break,
                },
            }
        }
        let is_shard = self.setting.shard.is_some();
        let pass = self.folder.join(self.pass_folder());
        let result = [KEPT, DROPPED, JOURNAL].map(|name| self.folder.join(name));
        sweep(self.folder, |path| {
            result.iter().any(|known| known == path) || is_shard && path == pass
        })?;
        let State { left, dropped, .. } = &self.state;
        for (name, written) in [(KEPT, left), (DROPPED, dropped)] {
            let folder = self.folder.join(name);
            if folder.is_dir() {
                let files = written.paths(self.folder);
                sweep(&folder, |path| files.iter().any(|file| file == path))?;
            }
        }
        Ok(self.state)
    }

    /// The step that looks for copies among what this pass leaves.
    fn step_after(&self) -> Option<usize> {
        self.plans.get(self.state.pass + 1).and_then(|plan| plan.copies)
    }

    fn copies(&self, step: usize) -> Result<&'p dyn Copies, CurationError> {
        match self.setting.recipe.steps[step].work() {
            Work::Copies(copies) => Ok(copies),
            Work::Filter(filter) => {
                let rule = format!("`{}` judges documents one by one and ends no pass", filter.kind());
                Err(CurationError::new(Kind::Machine, rule))
            }
        }
    }

    /// The folder of what the pass leaves to the next one, within the output.
    fn pass_folder(&self) -> PathBuf {
        PathBuf::from(pass_name(self.state.pass))
    }

    /// Removes what is of no use any more, and what was written after all that is known of.
    fn sweep(&self) -> Result<(), CurationError> {
        let pass = self.state.pass;
        let known = [Some(pass), pass.checked_sub(1)]
            .into_iter()
            .flatten()
            .map(pass_name);
        let fixed = [KEPT, DROPPED, JOURNAL].map(str::to_owned);
        let known: Vec<PathBuf> = known.chain(fixed).map(|name| self.folder.join(name)).collect();
        sweep(self.folder, |path| known.iter().any(|known| known == path))?;
        make(&self.folder.join(WORK))
    }

    /// Puts together what shards have dropped, then, where no step looks for copies, what they have kept.
    fn gather(&mut self) -> Result<(), CurationError> {
        let is_dropped = self.state.stage == Stage::GatherDropped;
        let is_last = self.step_after().is_none();
        let shards = self.setting.shards.iter();
        let written = shards.map(|(folder, state)| match is_dropped {
            true => (folder, &state.dropped),
            false => (folder, &state.left),
        });
        let files: Vec<Vec<PathBuf>> = written
            .clone()
            .map(|(folder, written)| written.paths(folder))
            .collect();
        self.begin(written.map(|(_, written)| written.all).sum());
        let mut open = self.open()?;
        let (next, input) = (self.state.next(), Input::Lines(&files));
        batches::each(&input, next, Size::USUAL, |batch| {
            let mut lines = Lines::new(false);
            for document in &batch.documents {
                let parts = document.text.split_once(' ');
                let parts = parts.and_then(|(text, line)| Some((text.parse().ok()?, line)));
                let (text, line) = parts.expect("lines come with the length of their texts");
                lines.push_written(line, text);
            }
            let writer = if is_dropped {
                &mut open.dropped
            } else {
                &mut open.left
            };
            writer.append([&lines])?;
            self.advance(&batch, &mut open)
        })?;
        match (is_dropped, is_last) {
            (true, true) => self.state.begin(Stage::GatherKept),
            _ => self.state.stage = Stage::Judged,
        }
        self.end(open, is_last)
    }

    /// Judges what is left of the documents of a pass.
    fn judge(&mut self) -> Result<(), CurationError> {
        let (setting, plan) = (self.setting, self.plans[self.state.pass].clone());
        let is_last = self.step_after().is_none();
        let mut open = self.open()?;
        let Survivors { text, files } = self.state.survivors.clone();
        let files: Vec<Vec<PathBuf>> = files
            .into_iter()
            .map(|files| files.into_iter().map(|file| self.folder.join(file)).collect())
            .collect();
        let share = self.share.take();
        let (input, total) = match self.state.pass {
            0 => {
                let read = (0..setting.documents.files())
                    .filter(|file| share.as_ref().is_none_or(|share| share.reads(*file)));
                let total = read.map(|file| setting.documents.file(file).size.0).sum();
                (Input::Sources(setting.documents, share.as_ref()), total)
            }
            _ => (Input::Survivors(&files), text),
        };
        let at_once = match plan.copies {
            Some(step) => self.copies(step)?.at_once(),
            None => None,
        };
        let (sources, labels) = (self.sources.clone(), self.labels.clone());
        let pass = Pass {
            documents: setting.documents,
            sources: &sources,
            labels: &labels,
            chain: Chain::new(&filters(&setting.recipe.steps[plan.filters.clone()]))?,
            plan,
            is_last,
            is_shard: setting.shard.is_some(),
        };
        self.begin(total);
        let size = at_once.map_or(Size::USUAL, |text| Size::at_once(text.0));
        batches::each(&input, self.state.next(), size, |mut batch| {
            let documents = std::mem::take(&mut batch.documents);
            let made = pass.judge(documents, open.found.as_mut())?;
            open.take(&made)?;
            self.count(made, is_last);
            for (file, left_out) in std::mem::take(&mut batch.left_out) {
                let source = setting.documents.file(file as usize).source;
                self.state.left_out[source].add(file, left_out);
            }
            self.advance(&batch, &mut open)
        })?;
        self.state.stage = Stage::Judged;
        self.end(open, is_last || setting.shard.is_some())
    }

    fn begin(&self, total: u64) {
        self.progress.begin(self.state.pass + 1, self.plans.len(), total);
        self.progress.advance(self.state.advanced);
    }

    /// Looks for copies among what a pass left, and goes to the next one.
    fn look(&mut self, step: usize) -> Result<(), CurationError> {
        let copies = self.copies(step)?;
        let pass = self.folder.join(self.pass_folder());
        make(&pass)?;
        let indexes = self.indexes(copies)?;
        if let Some(mut finder) = copies.finder(&self.workspace)? {
            for keys in self.state.keys.files() {
                finder.join(&self.folder.join(keys))?;
            }
            for index in &indexes {
                finder.know(index)?;
            }
            finder.finish(&pass.join(FOUND))?;
        }
        let begun = Instant::now();
        let is_merged = self.state.pass == 0 && !self.setting.shards.is_empty();
        let state = &mut self.state;
        let left = std::mem::take(&mut state.left);
        let shards = self.setting.shards.iter();
        state.survivors = match is_merged {
            true => Survivors {
                text: shards.clone().map(|(_, shard)| shard.left.all).sum(),
                files: shards.map(|(folder, shard)| shard.left.paths(folder)).collect(),
            },
            false => Survivors {
                text: left.all,
                files: vec![left.paths(Path::new(""))],
            },
        };
        (state.keys, state.memory) = (Keys::default(), None);
        state.pass += 1;
        state.begin(Stage::Judge);
        self.journal.note(state, begun)?;
        self.sweep()
    }

    /// Adds what was made of some documents.
    fn count(&mut self, made: Vec<Made>, is_last: bool) {
        let state = &mut self.state;
        for made in made {
            for (step, facts) in made.steps {
                state.steps[step].merge(facts);
            }
            for (is_counted, all, more) in [
                (state.pass == 0, &mut state.read, made.read),
                (is_last, &mut state.kept, made.left),
            ] {
                if is_counted {
                    all.iter_mut().zip(more).for_each(|(all, more)| add(all, more));
                }
            }
        }
    }
}

/// Nothing done, but for what shards have.
fn begun(setting: &Setting<'_>, labels: &[String]) -> State {
    let steps = labels.iter().cloned().map(StepFacts::new).collect();
    let stage = match setting.shards.is_empty() {
        true => Stage::Judge,
        false => Stage::GatherDropped,
    };
    let mut state = State::new(stage, steps, setting.recipe.sources.len());
    for (_, shard) in setting.shards {
        state.merge(shard);
    }
    let keys = setting.shards.iter();
    state.keys =
        Keys::of_shards(keys.flat_map(|(folder, state)| state.keys.files().map(|file| folder.join(file))));
    state
}

fn pass_name(pass: usize) -> String {
    format!("pass-{}", pass + 1)
}

fn make(folder: &Path) -> Result<(), CurationError> {
    fs::create_dir_all(folder).map_err(CurationError::io("create", folder))
}
