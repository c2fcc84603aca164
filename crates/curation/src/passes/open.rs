//! What is open while documents are read, and how far that is noted.

use std::path::{Path, PathBuf};
use std::time::Instant;

use triaxis_duplicates::Document;
use triaxis_units::Bytes;

use super::{DROPPED, FOUND, KEPT, KEYS, LEFT, Passes, make, pass_name};
use crate::CurationError;
use crate::batches::Batch;
use crate::journal::Stage;
use crate::pass::{Made, as_read};
use crate::steps::{Copies, Finder, Found, Look};
use crate::unfinished::sweep;
use crate::written::{Format, Writer};

/// What is open while documents are read.
pub(super) struct Open<'o> {
    pub(super) left: Writer,
    pub(super) dropped: Writer,
    /// What reads for the step after the pass, and how another one is made.
    finder: Option<(Box<dyn Finder>, &'o dyn Copies)>,
    /// What judges for the step before.
    pub(super) found: Option<Box<dyn Found>>,
}

impl<'p> Passes<'p> {
    /// Opens what the stage writes to and asks, as it was noted.
    pub(super) fn open(&self) -> Result<Open<'p>, CurationError> {
        let (state, is_shard) = (&self.state, self.setting.shard.is_some());
        let after = self.step_after();
        let format = self.setting.recipe.output.format();
        let (name, left) = match is_shard || after.is_some() {
            true => (format!("{}/{LEFT}", pass_name(state.pass)), Format::Placed),
            false => (KEPT.to_owned(), format),
        };
        let copies = after.map(|step| self.copies(step)).transpose()?;
        let finder = match copies {
            Some(copies) if state.stage == Stage::Judge => {
                copies.finder(&self.workspace)?.map(|finder| (finder, copies))
            }
            _ => None,
        };
        let dropped = if is_shard { Format::Placed } else { format };
        Ok(Open {
            left: Writer::resume(self.folder, &name, left, state.left.clone())?,
            dropped: Writer::resume(self.folder, DROPPED, dropped, state.dropped.clone())?,
            finder,
            found: self.plans[state.pass]
                .copies
                .map(|step| self.found(step))
                .transpose()?,
        })
    }

    fn found(&self, step: usize) -> Result<Box<dyn Found>, CurationError> {
        let before = self.state.pass.saturating_sub(1);
        let memory = self.state.memory.as_ref().map(|name| self.folder.join(name));
        self.copies(step)?.found(&Look {
            workspace: &self.workspace,
            found: &self.folder.join(pass_name(before)).join(FOUND),
            memory: memory.as_deref(),
            text: Bytes(self.state.survivors.text),
        })
    }

    /// Counts a batch as done, and notes it where it is time.
    pub(super) fn advance(&mut self, batch: &Batch, open: &mut Open<'_>) -> Result<(), CurationError> {
        self.state.next = batch.next;
        self.state.advanced += batch.advanced;
        self.progress.advance(batch.advanced);
        if self.journal.is_due() {
            self.note(open)
        } else {
            Ok(())
        }
    }

    /// Ends a stage.
    pub(super) fn end(&mut self, mut open: Open<'_>, is_last: bool) -> Result<(), CurationError> {
        if self.state.stage == Stage::Judged {
            open.left.finish()?;
            if is_last {
                open.dropped.finish()?;
            }
        }
        self.note(&mut open)
    }

    /// Notes how far the output is, with all that this hangs on.
    fn note(&mut self, open: &mut Open<'_>) -> Result<(), CurationError> {
        let begun = Instant::now();
        let pass = self.pass_folder();
        let (state, keys) = (&mut self.state, pass.join(KEYS));
        state.left = open.left.sync()?;
        state.dropped = open.dropped.sync()?;
        let is_shared = self.setting.shard.is_some() && state.stage == Stage::Judged;
        if let Some((finder, copies)) = open.finder.take() {
            make(&self.folder.join(&keys))?;
            let mut saving = state.keys.saving(copies, &self.workspace, self.folder, &keys);
            saving.save(finder)?;
            if is_shared {
                saving.join()?;
            }
            open.finder = copies.finder(&self.workspace)?.map(|finder| (finder, copies));
        }
        if let Some(found) = &open.found
            && state.stage == Stage::Judge
        {
            make(&self.folder.join(&pass))?;
            let name = pass.join(format!("memory-{}-{}", state.next.0, state.next.1));
            if found.save(&self.folder.join(&name))? {
                state.memory = Some(name);
            }
        }
        self.journal.note(state, begun)?;
        open.left.noted()?;
        open.dropped.noted()?;
        self.sweep_pass(&pass, &keys)
    }

    /// Removes what a pass had noted before.
    fn sweep_pass(&self, pass: &Path, keys: &Path) -> Result<(), CurationError> {
        let (pass, keys) = (self.folder.join(pass), self.folder.join(keys));
        let memory = self.state.memory.as_ref().map(|name| self.folder.join(name));
        let known = [Some(pass.join(LEFT)), Some(keys.clone()), memory];
        if pass.is_dir() {
            sweep(&pass, |path| known.iter().flatten().any(|known| known == path))?;
        }
        let files: Vec<PathBuf> = self
            .state
            .keys
            .files()
            .map(|file| self.folder.join(file))
            .collect();
        match keys.is_dir() {
            true => sweep(&keys, |path| files.iter().any(|file| file == path)),
            false => Ok(()),
        }
    }
}

impl Open<'_> {
    /// Writes what was made, while the next step reads it.
    pub(super) fn take(&mut self, made: &[Made]) -> Result<(), CurationError> {
        let Self {
            left,
            dropped,
            finder,
            ..
        } = self;
        let read = || match finder {
            Some((finder, _)) => {
                let survivors: Vec<Document<'_>> =
                    made.iter().flat_map(|made| as_read(&made.survivors)).collect();
                finder.add(&survivors)
            }
            None => Ok(()),
        };
        let written = || {
            let kept = left.append(made.iter().map(|made| &made.kept));
            kept.and_then(|()| dropped.append(made.iter().map(|made| &made.dropped)))
        };
        let (read, written) = rayon::join(read, written);
        read.and(written)
    }
}
