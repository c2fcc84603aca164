//! The job that trains a group: a trunk, and a trial a branch.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use triaxis_corpus::Corpus;
use triaxis_train::{BranchOutcome, Observer, StepEvent, TrainingText, ValidationText};
use triaxis_units::{Bytes, Seconds};

use super::{Bill, Work};
use crate::error::StudyError;
use crate::evaluation::Evaluator;
use crate::library::{Library, Written};
use crate::record::{Circumstances, Outcome, RunRecord};
use crate::trial::Group;
use crate::worker::Message;

/// Least time between two messages of progress.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);

/// Trains the trials of a group that lack a record, or lack the weights that an evaluation needs.
pub struct Train {
    group: Group,
    evaluator: Evaluator,
    keep: bool,
    useless: BTreeSet<PathBuf>,
}

impl Train {
    /// That of `group`; weights stay in the library if `keep`, else until they are evaluated.
    pub fn of(group: &Group, evaluator: &Evaluator, keep: bool) -> Self {
        Self {
            group: group.clone(),
            evaluator: evaluator.clone(),
            keep,
            useless: BTreeSet::new(),
        }
    }

    /// The same where weights at these paths are damaged, and count as none.
    pub fn without(self, useless: &BTreeSet<PathBuf>) -> Self {
        Self {
            useless: useless.clone(),
            ..self
        }
    }

    /// What it trains.
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// The places of the trials that are to be trained.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn missing(&self, library: &Library) -> Result<BTreeSet<usize>, StudyError> {
        let mut missing = BTreeSet::new();
        for (place, trial) in self.group.trials.iter().enumerate() {
            let is_there = match library.record_if_whole::<RunRecord>(&trial.id)? {
                None => false,
                Some(record) if !matches!(record.outcome, Outcome::Done { .. }) => true,
                Some(_) => {
                    let weights = library.weights(&self.group, place);
                    weights.is_some_and(|path| !self.useless.contains(&path))
                        || self.evaluator.missing(library, &self.group, trial)?.is_empty()
                }
            };
            if !is_there {
                missing.insert(place);
            }
        }
        Ok(missing)
    }

    /// How many trials have a record, and are trained again for their weights.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn again(&self, library: &Library) -> Result<usize, StudyError> {
        let mut again = 0;
        for place in self.missing(library)? {
            let record = library.record_if_whole::<RunRecord>(&self.group.trials[place].id)?;
            again += usize::from(record.is_some());
        }
        Ok(again)
    }

    /// Refuses to write under an identity what another unit than this process's multiplies.
    fn is_own(&self, missing: &BTreeSet<usize>) -> Result<(), StudyError> {
        let group = &self.group;
        let unit = group.config.dtype.unit();
        let is_own = |&place: &usize| {
            let trial = &group.trials[place];
            let inputs = group.inputs.on(unit.clone(), &trial.config);
            trial.id == inputs.identity(&trial.config)
        };
        match missing.iter().all(is_own) {
            true => Ok(()),
            false => Err(StudyError::OtherUnit {
                group: group.id.clone(),
                unit,
            }),
        }
    }
}

impl Work for Train {
    fn id(&self) -> &str {
        &self.group.id
    }

    fn needs(&self) -> Vec<&str> {
        vec![&self.group.corpus]
    }

    fn bill(&self) -> Bill {
        let estimate = triaxis_train::estimate(&self.group.config);
        Bill {
            flops: estimate.flops,
            steps: estimate.steps,
            memory: memory(&self.group),
            trials: self.group.trials.len(),
            evaluations: 0,
        }
    }

    fn is_done(&self, library: &Library) -> Result<bool, StudyError> {
        Ok(self.missing(library)?.is_empty())
    }

    fn run(
        &self,
        library: &Library,
        threads: usize,
        say: &mut dyn FnMut(&Message),
    ) -> Result<(), StudyError> {
        let group = &self.group;
        let ids = group.trials.iter().map(|trial| trial.id.as_str());
        let _locks = super::lock(library, ids, say)?;
        let corpus = Corpus::open(&library.corpus(&group.corpus))?;
        let missing = self.missing(library)?;
        self.is_own(&missing)?;
        let finished = (0..group.trials.len()).filter(|place| !missing.contains(place));
        let mut recorder = Recorder {
            library,
            job: self,
            threads,
            say,
            last: None,
            failure: None,
        };
        let mut validation = ValidationText::of_corpus(&corpus);
        if group.config.has_experts() {
            validation.classes = Some(corpus.token_classes()?);
        }
        let result = triaxis_train::run(
            &group.config,
            &TrainingText(&corpus),
            &validation,
            &library.job(&group.id),
            &finished.collect(),
            &mut recorder,
        );
        match recorder.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(result.map(drop)?),
        }
    }

    fn give_up(
        &self,
        library: &Library,
        reason: &str,
        threads: usize,
        say: &mut dyn FnMut(&Message),
    ) -> Result<(), StudyError> {
        for place in self.missing(library)? {
            let trial = &self.group.trials[place];
            let circumstances = Circumstances::of(threads, Seconds(0.0));
            let inputs = &self.group.inputs;
            let record = RunRecord::of_failure(trial, inputs, reason.to_owned(), circumstances);
            library.write_record(&record)?;
            say(&Message::Failed {
                trial: trial.id.clone(),
                reason: reason.to_owned(),
            });
        }
        Ok(())
    }

    fn clear(&self, library: &Library) -> Result<(), StudyError> {
        if !self.keep {
            for trial in &self.group.trials {
                if !self.evaluator.missing(library, &self.group, trial)?.is_empty() {
                    return Ok(());
                }
            }
        }
        library.clear_job(&self.group.id)
    }
}

/// Memory of the process of a group: that of the trial that takes most.
pub(super) fn memory(group: &Group) -> Bytes {
    let trials = group.trials.iter().map(|trial| trial.memory);
    trials.max().unwrap_or_default()
}

/// Writes down what comes of each branch.
struct Recorder<'a> {
    library: &'a Library,
    job: &'a Train,
    threads: usize,
    say: &'a mut dyn FnMut(&Message),
    last: Option<Instant>,
    failure: Option<StudyError>,
}

impl Recorder<'_> {
    fn record(&mut self, outcome: &BranchOutcome) -> Result<(), StudyError> {
        let group = &self.job.group;
        let trial = &group.trials[outcome.branch];
        let circumstances = Circumstances::of(self.threads, Seconds(outcome.seconds.0));
        let record = RunRecord::of_branch(trial, &group.inputs, outcome, circumstances);
        let validation = record.outcome.validation();
        let bits_per_byte = validation.map(|validation| validation.bits_per_byte.0);
        // Before the record, so that who finds it finds the weights.
        if self.job.keep && bits_per_byte.is_some() {
            self.library.keep_weights(group, outcome.branch)?;
        }
        let trial = trial.id.clone();
        match self.library.write_record(&record)? {
            Written::Differs => (self.say)(&Message::Differs { trial }),
            _ => (self.say)(&Message::Recorded {
                trial,
                bits_per_byte,
                is_bound: validation.is_some_and(|validation| validation.bound.is_some()),
            }),
        }
        Ok(())
    }
}

impl Observer for Recorder<'_> {
    fn step(&mut self, event: &StepEvent) {
        if self.last.is_none_or(|last| last.elapsed() >= PROGRESS_EVERY) {
            self.last = Some(Instant::now());
            (self.say)(&Message::Progress {
                steps: event.steps_done,
            });
        }
    }

    fn branch_finished(&mut self, outcome: &BranchOutcome) {
        self.failure = self.record(outcome).err();
    }

    fn should_stop(&self) -> bool {
        self.failure.is_some()
    }
}
