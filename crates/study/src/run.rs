//! The way through a study: corpus, ladder, prediction, held-out run, analysis.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use triaxis_corpus::{Corpus, HeldOut, SourceSpec, Text};
use triaxis_host::machine;
use triaxis_records::Role;
use triaxis_units::{Bytes, Tokens};

use crate::answer::Answer;
use crate::arm::Arm;
use crate::digests::{self, Digests};
use crate::error::StudyError;
use crate::executor::{Executor, Job};
use crate::frozen::{Frozen, FrozenSpec};
use crate::library::Library;
use crate::prediction::Prediction;
use crate::record::{Outcome, RunRecord};
use crate::sealed;
use crate::spec::StudySpec;
use crate::store::Store;
use crate::trial::{self, Group, Prepared, Trial};
use crate::worker::Message;

/// What happens while a study runs, as it happens.
#[derive(Debug)]
pub enum Event<'a> {
    /// Another study makes the same corpus, and this one waits for it.
    CorpusElsewhere,
    /// The corpus is being made; see [`triaxis_corpus::Progress`] for how far it is.
    CorpusStarts,
    /// The corpus is there.
    CorpusReady(&'a Corpus),
    /// What an earlier run of the study had recorded is made again, and why, in words.
    Again(&'a [String]),
    /// Groups are about to run.
    TrialsStart {
        /// What they are for.
        role: Role,
        /// The groups that still lack a record.
        groups: &'a [Group],
    },
    /// A worker says something about the group of that index.
    Worker(usize, &'a Message),
    /// The groups have run.
    TrialsEnd,
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

/// All that is known of a study at one moment.
#[derive(Debug, Clone)]
pub struct Survey {
    /// The resolved trials.
    pub frozen: Frozen,
    /// The record of every trial that has one.
    pub records: Vec<RunRecord>,
}

impl Survey {
    /// Looks through the library for the records of `frozen`; `warn` hears of damaged ones, which count as none.
    ///
    /// # Errors
    /// When the file system refuses, or `warn` does.
    pub fn take(
        library: &Library,
        frozen: Frozen,
        warn: &mut dyn FnMut(StudyError) -> Result<(), StudyError>,
    ) -> Result<Self, StudyError> {
        let mut records = Vec::new();
        let trials = frozen.groups.iter().flat_map(|group| &group.trials);
        // Arms that differ in part share trials.
        let ids: BTreeSet<&str> = trials.map(|trial| trial.id.as_str()).collect();
        for id in ids {
            records.extend(library.find_record(id, warn)?);
        }
        Ok(Self { frozen, records })
    }

    /// All trials, in the order of the design.
    pub fn trials(&self) -> impl Iterator<Item = &Trial> {
        self.frozen.groups.iter().flat_map(|group| &group.trials)
    }

    /// The record of a trial.
    pub fn record(&self, trial: &str) -> Option<&RunRecord> {
        self.records.iter().find(|record| record.id == trial)
    }

    /// The trials of one arm.
    pub fn trials_of(&self, arm: &str) -> impl Iterator<Item = &Trial> {
        let groups = self.frozen.groups.iter().filter(move |group| group.arm == arm);
        groups.flat_map(|group| &group.trials)
    }

    /// What is known of one arm.
    pub fn of_arm(&self, arm: &str) -> Self {
        let records = self.trials_of(arm).filter_map(|trial| self.record(&trial.id));
        let records = records.cloned().collect();
        let groups = self.frozen.groups.iter().filter(|group| group.arm == arm);
        let groups = groups.cloned().collect();
        let frozen = Frozen {
            groups,
            ..Frozen::default()
        };
        Self { frozen, records }
    }

    /// Which trials have the record of another unit, in words, if any has: losses that differ by rounding.
    pub fn mixed(&self) -> Option<String> {
        let table = Digests::built_in();
        let mut units: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for group in &self.frozen.groups {
            let own = group.inputs.unit.as_str();
            for record in group.trials.iter().filter_map(|trial| self.record(&trial.id)) {
                if record.inputs.unit != own && !table.are_equal(own, &record.inputs.unit) {
                    *units.entry((&record.inputs.unit, own)).or_default() += 1;
                }
            }
        }
        let told = units
            .iter()
            .map(|((unit, own), trials)| format!("{trials} of {unit} instead of {own}"));
        let told: Vec<_> = told.collect();
        (!told.is_empty()).then(|| {
            format!(
                "Records of other instruction sets stand for trials, since the spec says `mixed = true` ({}): their losses \
                 differ by rounding.",
                told.join(", ")
            )
        })
    }

    /// The groups of a role in which a trial lacks its record.
    pub fn pending(&self, role: Role) -> Vec<Group> {
        let groups = self.frozen.groups.iter().filter(|group| group.role == role);
        groups
            .filter(|group| group.trials.iter().any(|trial| self.record(&trial.id).is_none()))
            .cloned()
            .collect()
    }
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
    /// On bad input, or when the machine refuses. A trial that fails is no error.
    pub fn run(&self, retry_failed: bool) -> Result<(Survey, Answer), StudyError> {
        self.check_library()?;
        let _lock = self.store.lock()?;
        let earlier = Frozen::earlier(self.store);
        self.spec.settle(self.store)?;
        self.library().settle(&mut |error| self.set_aside(error))?;
        let arms = self.spec.arms()?;
        // Refuses a size that is no model, or one too large, before the corpus is made for it.
        let groups = self.spec.resolve()?;
        let exists = |arm: &Arm| self.library().corpus(&self.spec.corpus_id(arm)).exists();
        if !arms.iter().all(exists) {
            check_memory(&groups, machine::available_memory())?;
        }
        let again = earlier.again(&groups, &self.library(), self.spec.spec.mixed);
        if !again.is_empty() {
            self.listener.event(&Event::Again(&again));
        }
        let texts = self.texts()?;
        let corpora = self.corpora(&arms, &texts)?;
        let frozen = self.freeze(&arms, &corpora, &texts)?;
        let mut survey = self.survey(frozen)?;
        if retry_failed && self.forget_failed(&survey)? {
            survey = self.survey(survey.frozen)?;
        }
        for role in [Role::Ladder, Role::HeldOut] {
            check_memory(&survey.pending(role), machine::available_memory())?;
        }
        if survey.trials().any(|trial| survey.record(&trial.id).is_none()) {
            // A tokenizer that loses their text is refused before anything is trained.
            corpora
                .iter()
                .try_for_each(|corpus| corpus.encode(&texts).map(drop))?;
        }
        survey = self.run_pending(survey, Role::Ladder)?;
        let mut predictions = Vec::new();
        for arm in &arms {
            predictions.push(self.predict(arm, &survey)?);
        }
        let is_predicted = |trial: &str| {
            let made = predictions.iter().flatten();
            made.filter(|made| made.loss.found().is_some())
                .any(|made| made.trial == trial)
        };
        let held_out = survey.pending(Role::HeldOut);
        let held_out = held_out
            .into_iter()
            .filter(|group| group.trials.iter().all(|trial| is_predicted(&trial.id)));
        survey = self.run_groups(survey, Role::HeldOut, &held_out.collect::<Vec<_>>())?;
        let answer = Answer::of(&self.spec.spec, &arms, &survey, &corpora, predictions);
        sealed::write_if_changed(&self.store.analysis(), &answer)?;
        Ok((survey, answer))
    }

    /// Refuses a library that cannot be used, before anything is made.
    fn check_library(&self) -> Result<(), StudyError> {
        let library = self.library();
        if library.folder() == std::path::absolute(self.store.folder()).unwrap_or_default() {
            return Err(StudyError::Library {
                folder: library.folder().to_owned(),
                reason: "it is the folder of the study's results".to_owned(),
            });
        }
        match library.check() {
            Err(StudyError::Damaged { .. }) => Ok(()),
            other => other,
        }
    }

    fn library(&self) -> Library {
        self.spec.library(self.store)
    }

    /// The validation texts, as text in the library.
    fn texts(&self) -> Result<Vec<Text>, StudyError> {
        let library = self.library();
        let text = |source: &SourceSpec| -> Result<Text, StudyError> {
            let id = self.spec.text_id(source);
            let _lock = library.lock([format!("text-{id}").as_str()], &mut |_| {})?;
            let path = library.text(&id);
            let kept = match sealed::read(&path) {
                Err(error @ StudyError::Damaged { .. }) => {
                    self.set_aside(error)?;
                    None
                }
                other => other?,
            };
            if let Some(text) = kept {
                return Ok(text);
            }
            let text = triaxis_corpus::read_text(source, &self.spec.base)?;
            sealed::write(&path, &text)?;
            Ok(text)
        };
        self.spec.spec.validation.iter().map(text).collect()
    }

    /// The corpus of each arm, in their order; those alike are made once.
    fn corpora(&self, arms: &[Arm], texts: &[Text]) -> Result<Vec<Arc<Corpus>>, StudyError> {
        let mut made: BTreeMap<String, Arc<Corpus>> = BTreeMap::new();
        let mut corpora = Vec::new();
        for arm in arms {
            let id = self.spec.corpus_id(arm);
            let corpus = match made.get(&id) {
                Some(corpus) => corpus.clone(),
                None => Arc::new(self.corpus(&arm.spec, &id, texts)?),
            };
            made.insert(id, corpus.clone());
            corpora.push(corpus);
        }
        Ok(corpora)
    }

    fn corpus(&self, spec: &StudySpec, id: &str, texts: &[Text]) -> Result<Corpus, StudyError> {
        let library = self.library();
        let folder = library.corpus(id);
        let _lock = library.lock([format!("corpus-{id}").as_str()], &mut |_| {
            self.listener.event(&Event::CorpusElsewhere);
        })?;
        let mut found = None;
        if folder.exists() {
            match Corpus::open(&folder).and_then(|corpus| corpus.verify().map(|()| corpus)) {
                Ok(corpus) if corpus.held_out() == HeldOut::identity_of(texts).as_deref() => {
                    found = Some(corpus)
                }
                Ok(_) => {
                    let fault = "was kept apart from other validation texts".to_owned();
                    let other = library.set_corpus_aside(id, fault)?;
                    self.listener.event(&Event::Warning(&other));
                }
                Err(error) => match error.unusable() {
                    Some(fault) => {
                        let damaged = library.set_corpus_aside(id, fault.to_owned())?;
                        self.listener.event(&Event::Warning(&damaged));
                    }
                    None => return Err(error.into()),
                },
            }
        }
        let corpus = match found {
            Some(corpus) => corpus,
            None => {
                self.listener.event(&Event::CorpusStarts);
                triaxis_corpus::prepare_apart(
                    &HeldOut::of(texts),
                    &spec.corpus,
                    &spec.tokenizer,
                    &self.spec.base,
                    &folder,
                    self.listener,
                )?
            }
        };
        self.listener.event(&Event::CorpusReady(&corpus));
        Ok(corpus)
    }

    fn freeze(&self, arms: &[Arm], corpora: &[Arc<Corpus>], texts: &[Text]) -> Result<Frozen, StudyError> {
        let identities: BTreeMap<_, _> = texts
            .iter()
            .map(|text| (text.name.clone(), text.identity()))
            .collect();
        let mut groups = Vec::new();
        for (arm, corpus) in arms.iter().zip(corpora) {
            let prepared = Prepared::of(self.spec.corpus_id(arm), corpus, identities.clone());
            let own = trial::resolve(arm, &prepared)?;
            let unique = Tokens(corpus.train().len() as u64);
            check_epochs(&own, unique, arm.spec.training.epochs)?;
            groups.extend(own);
        }
        digests::adopt(&mut groups, &self.library(), self.spec.spec.mixed);
        let frozen = Frozen {
            corpus: triaxis_corpus::numerics(),
            groups,
        };
        sealed::write_if_changed(&self.store.trials(), &frozen)?;
        Ok(frozen)
    }

    fn survey(&self, frozen: Frozen) -> Result<Survey, StudyError> {
        Survey::take(&self.library(), frozen, &mut |error| self.set_aside(error))
    }

    fn set_aside(&self, error: StudyError) -> Result<(), StudyError> {
        self.listener.event(&Event::Warning(&sealed::set_aside(error)?));
        Ok(())
    }

    fn forget_failed(&self, survey: &Survey) -> Result<bool, StudyError> {
        let mut forgot = false;
        for record in survey
            .records
            .iter()
            .filter(|record| matches!(record.outcome, Outcome::Failed { .. }))
        {
            self.library().forget(&record.id)?;
            forgot = true;
        }
        Ok(forgot)
    }

    fn run_pending(&self, survey: Survey, role: Role) -> Result<Survey, StudyError> {
        let groups = survey.pending(role);
        self.run_groups(survey, role, &groups)
    }

    fn run_groups(&self, survey: Survey, role: Role, groups: &[Group]) -> Result<Survey, StudyError> {
        if groups.is_empty() {
            return Ok(survey);
        }
        self.listener.event(&Event::TrialsStart { role, groups });
        let library = self.library();
        let job = Job {
            store: self.store,
            library: &library,
            groups,
        };
        self.executor.run(job, &mut |index, message| {
            self.listener.event(&Event::Worker(index, message))
        })?;
        self.listener.event(&Event::TrialsEnd);
        self.survey(survey.frozen)
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
        let path = self.spec.prediction(self.store, arm, &target.id);
        let written: Option<Prediction> = match sealed::read(&path) {
            Err(error @ StudyError::Damaged { .. }) => {
                self.set_aside(error)?;
                None
            }
            other => other?,
        };
        let is_run = survey.record(&target.id).is_some();
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

/// Refuses a trial that would see its unique tokens, `available` ones unless it takes fewer, more often than `allowed`,
/// or that takes more of them.
///
/// # Errors
/// [`StudyError::TooManyUnique`], or [`StudyError::TooFewTokens`] for the trial of most epochs.
pub fn check_epochs<'a>(
    groups: impl IntoIterator<Item = &'a Group>,
    available: Tokens,
    allowed: f64,
) -> Result<(), StudyError> {
    let trials: Vec<&Trial> = groups.into_iter().flat_map(|group| &group.trials).collect();
    let most = trials.iter().filter_map(|trial| trial.config.unique).max();
    if let Some(asked) = most.filter(|asked| *asked > available) {
        return Err(StudyError::TooManyUnique { asked, available });
    }
    let epochs = |trial: &Trial| trial.tokens / trial.unique(available);
    let longest = trials
        .into_iter()
        .max_by(|one, other| epochs(one).total_cmp(&epochs(other)));
    match longest {
        Some(trial) if epochs(trial) > allowed => Err(StudyError::TooFewTokens {
            trial: named(trial),
            asked: trial.tokens,
            unique: trial.unique(available),
            limit: match trial.config.unique {
                Some(_) => "`training.unique_tokens` leaves",
                None => "the corpus has",
            },
            epochs: epochs(trial),
        }),
        _ => Ok(()),
    }
}

/// Refuses a trial that would take more memory than is `available`, where the system tells.
///
/// # Errors
/// [`StudyError::TooLarge`] for the one that takes most.
pub fn check_memory(groups: &[Group], available: Option<Bytes>) -> Result<(), StudyError> {
    let trials = groups.iter().flat_map(|group| &group.trials);
    match trials.max_by_key(|trial| trial.memory).zip(available) {
        Some((trial, available)) if trial.memory > available => Err(StudyError::TooLarge {
            trial: named(trial),
            needed: trial.memory,
            available,
        }),
        _ => Ok(()),
    }
}

fn named(trial: &Trial) -> String {
    format!(
        "the {} trial of {} parameters",
        trial.role.name(),
        trial.parameters
    )
}
