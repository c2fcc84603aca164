//! The way through a study: what it reads (`prepare`), ladder, prediction, held-out run, analysis.

use std::collections::BTreeSet;

use triaxis_corpus::Corpus;
use triaxis_records::Role;

use crate::answer::Answer;
use crate::arm::Arm;
use crate::error::StudyError;
use crate::executor::{Batch, Executor};
use crate::frozen::{Frozen, FrozenSpec};
use crate::job::{AskProbe, CountNGrams, Evaluate, Train, Work};
use crate::library::Library;
use crate::prediction::Prediction;
use crate::prepare::Ready;
use crate::sealed;
use crate::store::Store;
use crate::survey::Survey;
use crate::trial::Group;
use crate::worker::Message;

/// What happens while a study runs, as it happens.
pub enum Event<'a> {
    /// Texts and corpora are made where they are missing; see [`triaxis_corpus::Progress`] for how far it is.
    CorpusStarts,
    /// The corpus is there.
    CorpusReady(&'a Corpus),
    /// What an earlier run of the study had recorded is made again, and why, in words.
    Again(&'a [String]),
    /// Jobs are about to run.
    JobsStart {
        /// What they are for.
        role: Role,
        /// Those that are not done.
        jobs: &'a [&'a dyn Work],
    },
    /// Something is said about the job of that index.
    Job(usize, &'a Message),
    /// The jobs have run.
    JobsEnd,
    /// The held-out run's loss is predicted and written down.
    Predicted(&'a Prediction),
    /// A damaged file was set aside.
    Warning(&'a StudyError),
}

/// Hears what happens while a study runs.
pub trait Listener: triaxis_corpus::Progress {
    /// Called for every event, in the order in which they happen.
    fn event(&self, event: &Event<'_>);
}

/// A study with its folder.
pub struct Study<'a> {
    /// The spec.
    pub spec: &'a FrozenSpec,
    /// The folder.
    pub store: &'a Store,
    /// Who runs the trials.
    pub executor: &'a dyn Executor,
    /// Who hears of it.
    pub listener: &'a dyn Listener,
}

impl Study<'_> {
    /// Runs what is missing, to the end. With everything there, it only reads.
    ///
    /// # Errors
    /// When the machine refuses. A trial that fails is no error.
    pub fn run(&self, ready: Ready) -> Result<(Survey, Answer), StudyError> {
        let Ready {
            survey,
            arms,
            corpora,
            _lock,
            ..
        } = ready;
        let survey = self.run_role(survey, Role::Ladder, &|_| true)?;
        let mut survey = self.run_role(survey, Role::Mixture, &|_| true)?;
        let mut predictions = Vec::new();
        for arm in &arms {
            predictions.push(self.predict(arm, &survey)?);
        }
        // Nothing is trained that nothing was predicted of; what has been run is trained again only for its weights.
        let made = predictions.iter().flatten();
        let made = made.filter(|made| made.loss.found().is_some());
        let recorded = survey.records.iter().map(|record| &record.id);
        let may: BTreeSet<String> = made.map(|made| &made.trial).chain(recorded).cloned().collect();
        survey = self.run_role(survey, Role::HeldOut, &|group| {
            group.trials.iter().all(|trial| may.contains(&trial.id))
        })?;
        let answer = Answer::of(&self.spec.spec, &arms, &survey, &corpora, predictions)?;
        sealed::write_if_changed(&self.store.analysis(), &answer)?;
        Ok((survey, answer))
    }

    pub(crate) fn library(&self) -> Library {
        self.spec.library(self.store)
    }

    pub(crate) fn survey(&self, frozen: Frozen) -> Result<Survey, StudyError> {
        Survey::take(&self.library(), frozen, &mut |error| self.set_aside(error))
    }

    pub(crate) fn set_aside(&self, error: StudyError) -> Result<(), StudyError> {
        self.listener.event(&Event::Warning(&sealed::set_aside(error)?));
        Ok(())
    }

    /// Trains and evaluates what is missing of the groups of a role, those that `may_train` lets be trained.
    fn run_role(
        &self,
        survey: Survey,
        role: Role,
        may_train: &dyn Fn(&Group) -> bool,
    ) -> Result<Survey, StudyError> {
        let library = self.library();
        let evaluator = survey.frozen.evaluator();
        let keep = self.spec.spec.keep_models;
        let mut jobs: Vec<Box<dyn Work>> = Vec::new();
        let mut seen = BTreeSet::new();
        let groups = survey.frozen.groups.iter().filter(|group| group.role == role);
        let groups = groups.filter(|group| !survey.is_whole(group));
        // Arms that differ in part share groups.
        for group in groups.filter(|group| seen.insert(group.id.as_str())) {
            let train = Train::of(group, &evaluator, keep);
            let evaluate = Evaluate::of(group, &evaluator, keep);
            if !train.is_done(&library)? {
                if !may_train(group) {
                    continue;
                }
                jobs.push(Box::new(train));
            }
            if !evaluate.is_done(&library)? {
                jobs.push(Box::new(evaluate));
            }
        }
        if role == Role::Ladder {
            for count in CountNGrams::of(&survey.frozen.groups) {
                if !count.is_done(&library)? {
                    jobs.push(Box::new(count));
                }
            }
            for probe in AskProbe::of(&survey.frozen.probes) {
                if !probe.is_done(&library)? {
                    jobs.push(Box::new(probe));
                }
            }
        }
        if jobs.is_empty() {
            return Ok(survey);
        }
        let jobs: Vec<&dyn Work> = jobs.iter().map(|job| &**job).collect();
        self.listener.event(&Event::JobsStart { role, jobs: &jobs });
        self.execute(self.executor, &library, &jobs)?;
        self.listener.event(&Event::JobsEnd);
        self.survey(survey.frozen)
    }

    pub(crate) fn execute(
        &self,
        executor: &dyn Executor,
        library: &Library,
        jobs: &[&dyn Work],
    ) -> Result<(), StudyError> {
        let batch = Batch {
            store: self.store,
            library,
            jobs,
        };
        executor.run(batch, &mut |index, message| {
            self.listener.event(&Event::Job(index, message));
        })
    }

    /// Reads an arm's prediction, or makes it if the held-out run has no record yet.
    ///
    /// It is written once: what was predicted before the run is what the run is held against. One that is lost
    /// afterwards is lost.
    fn predict(&self, arm: &Arm, survey: &Survey) -> Result<Option<Prediction>, StudyError> {
        let survey = &survey.of_arm(&arm.name);
        let Some(target) = survey.trials().find(|trial| trial.role == Role::HeldOut) else {
            return Ok(None);
        };
        let path = self.spec.prediction(self.store, &arm.name, &target.id);
        let is_run = survey.record(&target.id).is_some();
        let written: Option<Prediction> = match sealed::read(&path) {
            Err(error @ StudyError::Damaged { .. }) => {
                let aside = sealed::set_aside(error)?;
                let aside = if is_run { aside.for_good() } else { aside };
                self.listener.event(&Event::Warning(&aside));
                None
            }
            other => other?,
        };
        let prediction = match written {
            // What was refused is asked again as long as the run is ahead: the ladder may have been mended.
            Some(prediction) if is_run || prediction.loss.found().is_some() => prediction,
            _ => {
                let prediction = match is_run {
                    false => Prediction::of(&arm.spec, survey, target),
                    true => Prediction::too_late(target, &path, &self.library().record(&target.id)),
                };
                sealed::write(&path, &prediction)?;
                prediction
            }
        };
        self.listener.event(&Event::Predicted(&prediction));
        Ok(Some(prediction))
    }
}
