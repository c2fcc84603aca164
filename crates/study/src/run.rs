//! The way through a study: corpus, ladder, prediction, held-out run, analysis.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use triaxis_corpus::{Corpus, Text};
use triaxis_host::machine;
use triaxis_records::Role;
use triaxis_units::Tokens;

use crate::answer::Answer;
use crate::arm::Arm;
use crate::digests;
use crate::error::StudyError;
use crate::evaluation::FrozenText;
use crate::executor::{Batch, Executor, Here};
use crate::frozen::{Frozen, FrozenSpec};
use crate::job::{self, Evaluate, MakeCorpus, ReadText, Train, Work};
use crate::library::Library;
use crate::limits::{check_epochs, check_memory};
use crate::prediction::Prediction;
use crate::record::Outcome;
use crate::sealed;
use crate::store::Store;
use crate::survey::Survey;
use crate::trial::{self, Group, Prepared};
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
        self.say_again(&earlier.again(&groups, &self.library(), self.spec.spec.mixed));
        let texts = self.prepare(&arms)?;
        let corpora = self.corpora(&arms)?;
        let frozen = self.freeze(&arms, &corpora, texts)?;
        let mut survey = self.survey(frozen)?;
        if retry_failed && self.forget_failed(&survey)? {
            survey = self.survey(survey.frozen)?;
        }
        self.check(&survey, &corpora)?;
        survey = self.run_role(survey, Role::Ladder, &|_| true)?;
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
        let answer = Answer::of(&self.spec.spec, &arms, &survey, &corpora, predictions);
        sealed::write_if_changed(&self.store.analysis(), &answer)?;
        Ok((survey, answer))
    }

    /// Refuses a library that cannot be used, before anything is made.
    fn check_library(&self) -> Result<(), StudyError> {
        let library = self.library();
        let whole = |folder| std::path::absolute(folder).unwrap_or_default();
        if whole(library.folder()) == whole(self.store.folder()) {
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

    /// Reads the validation texts and makes the corpus of each arm; those alike are made once.
    fn prepare(&self, arms: &[Arm]) -> Result<Vec<FrozenText>, StudyError> {
        let (spec, base) = (&self.spec.spec, self.spec.base.as_path());
        let texts = spec.validation.iter().map(|source| ReadText {
            id: self.spec.text_id(source),
            source,
            base,
        });
        let texts: Vec<ReadText<'_>> = texts.collect();
        let mut corpora: BTreeMap<String, MakeCorpus<'_>> = BTreeMap::new();
        for arm in arms {
            let id = self.spec.corpus_id(arm);
            let make = || MakeCorpus {
                id: id.clone(),
                texts: texts.iter().map(|text| text.id.clone()).collect(),
                corpus: arm.spec.corpus.clone(),
                tokenizer: arm.spec.tokenizer.clone(),
                base,
                progress: self.listener,
            };
            corpora.entry(id.clone()).or_insert_with(make);
        }
        let texts_first = texts.iter().map(|text| text as &dyn Work);
        let jobs: Vec<&dyn Work> = texts_first
            .chain(corpora.values().map(|corpus| corpus as &dyn Work))
            .collect();
        self.listener.event(&Event::CorpusStarts);
        self.execute(&Here, &jobs)?;
        texts.iter().map(|text| self.frozen_text(&text.id)).collect()
    }

    fn frozen_text(&self, id: &str) -> Result<FrozenText, StudyError> {
        let path = self.library().text(id);
        let text: Option<Text> = sealed::read(&path)?;
        let text = text.ok_or_else(|| sealed::unusable(&path, "is not there any more".to_owned()))?;
        Ok(FrozenText::of(id.to_owned(), &text))
    }

    /// The corpus of each arm, in their order.
    fn corpora(&self, arms: &[Arm]) -> Result<Vec<Arc<Corpus>>, StudyError> {
        let mut opened: BTreeMap<String, Arc<Corpus>> = BTreeMap::new();
        let mut corpora = Vec::new();
        for arm in arms {
            let id = self.spec.corpus_id(arm);
            let corpus = match opened.get(&id) {
                Some(corpus) => corpus.clone(),
                None => {
                    let corpus = Arc::new(Corpus::open(&self.library().corpus(&id))?);
                    self.listener.event(&Event::CorpusReady(&corpus));
                    corpus
                }
            };
            opened.insert(id, corpus.clone());
            corpora.push(corpus);
        }
        Ok(corpora)
    }

    fn freeze(
        &self,
        arms: &[Arm],
        corpora: &[Arc<Corpus>],
        texts: Vec<FrozenText>,
    ) -> Result<Frozen, StudyError> {
        let mut groups = Vec::new();
        for (arm, corpus) in arms.iter().zip(corpora) {
            let prepared = Prepared::of(self.spec.corpus_id(arm), corpus);
            let own = trial::resolve(arm, &prepared)?;
            let unique = Tokens(corpus.train().len() as u64);
            check_epochs(&own, unique, arm.spec.training.epochs)?;
            groups.extend(own);
        }
        let mixed = self.spec.spec.mixed;
        digests::adopt(&mut groups, &self.library(), mixed);
        let frozen = Frozen {
            corpus: triaxis_corpus::numerics(),
            texts,
            mixed,
            groups,
        };
        self.spec.freeze(self.store, &frozen)?;
        Ok(frozen)
    }

    fn survey(&self, frozen: Frozen) -> Result<Survey, StudyError> {
        Survey::take(&self.library(), frozen, &mut |error| self.set_aside(error))
    }

    fn set_aside(&self, error: StudyError) -> Result<(), StudyError> {
        self.listener.event(&Event::Warning(&sealed::set_aside(error)?));
        Ok(())
    }

    fn say_again(&self, reasons: &[String]) {
        if !reasons.is_empty() {
            self.listener.event(&Event::Again(reasons));
        }
    }

    fn forget_failed(&self, survey: &Survey) -> Result<bool, StudyError> {
        let trials = survey.records.iter();
        let trials = trials.filter(|record| matches!(record.outcome, Outcome::Failed { .. }));
        let texts = survey.evaluations.iter().filter(|record| record.loss().is_none());
        let trials = trials.map(|record| &record.id);
        let ids: Vec<&String> = trials.chain(texts.map(|record| &record.id)).collect();
        for id in &ids {
            self.library().forget(id)?;
        }
        Ok(!ids.is_empty())
    }

    /// Refuses what could not be trained or evaluated to the end, sets damaged weights aside, and says which trials are
    /// trained again for theirs.
    fn check(&self, survey: &Survey, corpora: &[Arc<Corpus>]) -> Result<(), StudyError> {
        let library = self.library();
        let evaluator = survey.frozen.evaluator();
        let keep = self.spec.spec.keep_models;
        let (mut trained, mut evaluated, mut again) = (Vec::new(), false, 0);
        let groups = survey.frozen.groups.iter();
        for group in groups.filter(|group| !survey.is_whole(group)) {
            let evaluate = Evaluate::of(group, &evaluator, keep);
            evaluate.check_weights(&library, &mut |damage| self.set_aside(damage))?;
            let train = Train::of(group, &evaluator, keep);
            if !train.is_done(&library)? {
                trained.push(group.clone());
            }
            again += train.again(&library)?;
            evaluated |= !evaluate.is_done(&library)?;
        }
        check_memory(&trained, machine::available_memory())?;
        self.say_again(&Vec::from_iter(job::weights_again(again)));
        if evaluated {
            // A tokenizer that loses their text is refused before anything is trained.
            let texts = survey.frozen.texts.iter();
            let texts: Vec<Text> = texts
                .map(|text| library.read_text(&text.id))
                .collect::<Result<_, _>>()?;
            let mut seen = BTreeSet::new();
            for corpus in corpora.iter().filter(|corpus| seen.insert(corpus.folder())) {
                corpus.encode(&texts)?;
            }
        }
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
        if jobs.is_empty() {
            return Ok(survey);
        }
        let jobs: Vec<&dyn Work> = jobs.iter().map(|job| &**job).collect();
        self.listener.event(&Event::JobsStart { role, jobs: &jobs });
        self.execute(self.executor, &jobs)?;
        self.listener.event(&Event::JobsEnd);
        self.survey(survey.frozen)
    }

    fn execute(&self, executor: &dyn Executor, jobs: &[&dyn Work]) -> Result<(), StudyError> {
        let library = self.library();
        let batch = Batch {
            store: self.store,
            library: &library,
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
