//! What a study does before it trains: corpora, trials, refusals. A dry run does the same and leaves nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tempfile::TempDir;
use triaxis_corpus::{Corpus, Text};
use triaxis_host::machine;

use crate::arm::Arm;
use crate::digests;
use crate::error::StudyError;
use crate::evaluation::FrozenText;
use crate::executor::Here;
use crate::frozen::{Frozen, Sources};
use crate::job::{self, AskProbe, Asked, Evaluate, MakeCorpus, ReadText, Train, Work};
use crate::library::Library;
use crate::limits::{check_epochs, check_memory};
use crate::probes::AskedProbe;
use crate::record::Outcome;
use crate::run::{Event, Study};
use crate::sealed::{self, Lock};
use crate::survey::Survey;
use crate::trial::{self, Group, Prepared};

/// A study whose corpora are there, so that its trials are known, and that is refused no more.
pub struct Ready {
    /// What it has recorded.
    pub survey: Survey,
    /// What is recorded and is made again for another program or machine, and why, in words.
    pub again: Vec<String>,
    /// What is damaged and is made again.
    pub damaged: Vec<StudyError>,
    pub(crate) arms: Vec<Arm>,
    pub(crate) corpora: Vec<Arc<Corpus>>,
    /// What the corpora of a dry run lie in.
    _scratch: Option<TempDir>,
    /// The study, taken for a run.
    pub(crate) _lock: Option<Lock>,
}

/// Where the corpora and texts are that a study reads.
struct Place<'a> {
    /// Identities of what is read.
    sources: Sources,
    /// Where it is made if it is missing.
    made: &'a Library,
}

impl Study<'_> {
    /// Makes the corpora that are missing and tells the trials, as far as a run gets before it trains.
    ///
    /// # Errors
    /// On bad input, or when the machine refuses.
    pub fn prepare(&self, retry_failed: bool) -> Result<Ready, StudyError> {
        self.check_library()?;
        let lock = self.store.lock()?;
        let earlier = Frozen::earlier(self.store);
        self.spec.settle(self.store)?;
        let library = self.library();
        library.settle(&mut |error| self.set_aside(error))?;
        let arms = self.spec.arms()?;
        let (place, again) = self.look(&arms, &library, &earlier)?;
        if !again.is_empty() {
            self.listener.event(&Event::Again(&again));
        }
        let mut ready = self.resolve(arms, &place, &mut |error| self.set_aside(error))?;
        self.spec.freeze(self.store, &ready.survey.frozen)?;
        if retry_failed && self.forget_failed(&ready.survey)? {
            ready.survey = self.survey(ready.survey.frozen)?;
        }
        let weights = self.check(&ready, &place, &mut |error| self.set_aside(error))?;
        if let Some(weights) = job::weights_again(weights) {
            self.listener.event(&Event::Again(&[weights]));
        }
        ready.again = again;
        ready._lock = Some(lock);
        Ok(ready)
    }

    /// Tells the trials and refuses what [`Study::prepare`] would, by the same steps, and leaves no trace: what is missing
    /// of corpora and texts is made in a folder that is removed.
    ///
    /// # Errors
    /// As there.
    pub fn foresee(&self) -> Result<Ready, StudyError> {
        self.check_library()?;
        self.spec.check(self.store)?;
        let folder = tempfile::tempdir().map_err(StudyError::io("make a folder in", std::env::temp_dir()))?;
        let scratch = Library::new(folder.path());
        let earlier = Frozen::earlier(self.store);
        let arms = self.spec.arms()?;
        let (place, again) = self.look(&arms, &scratch, &earlier)?;
        let mut damaged = Vec::new();
        let mut hear = |error| {
            damaged.push(error);
            Ok(())
        };
        let mut ready = self.resolve(arms, &place, &mut hear)?;
        self.check(&ready, &place, &mut hear)?;
        ready.again = again;
        ready.damaged = damaged;
        ready._scratch = Some(folder);
        Ok(ready)
    }

    /// Finds what is read, and what of an earlier run is made again; refuses a size that is no model, or one too large,
    /// before a corpus is made for it.
    fn look<'l>(
        &self,
        arms: &[Arm],
        made: &'l Library,
        earlier: &Frozen,
    ) -> Result<(Place<'l>, Vec<String>), StudyError> {
        let groups = self.spec.resolve()?;
        let sources = self.spec.sources(self.store, arms)?;
        let library = self.library();
        if !sources
            .corpora
            .iter()
            .all(|asked| library.corpus(&asked.id).exists())
        {
            let available = machine::available_memory();
            check_memory(&groups, available)?;
            let probes = AskProbe::of(&self.asked(&groups)?);
            probes
                .iter()
                .try_for_each(|probe| probe.check_memory(available))?;
        }
        let again = earlier.again(&groups, &library, self.spec.spec.mixed);
        Ok((Place { sources, made }, again))
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

    /// Makes what is missing of texts and corpora, those alike once, and resolves the trials on them.
    fn resolve(
        &self,
        arms: Vec<Arm>,
        place: &Place<'_>,
        warn: &mut dyn FnMut(StudyError) -> Result<(), StudyError>,
    ) -> Result<Ready, StudyError> {
        self.make(place)?;
        let texts = self.read_texts(place)?;
        let corpora = self.corpora(place)?;
        let mut groups = Vec::new();
        for ((arm, asked), corpus) in arms.iter().zip(&place.sources.corpora).zip(&corpora) {
            let own = trial::resolve(arm, &Prepared::of(asked.id.clone(), corpus, &arm.spec)?)?;
            check_epochs(&own, corpus, arm.spec.training.epochs)?;
            groups.extend(own);
        }
        let mixed = self.spec.spec.mixed;
        digests::adopt(&mut groups, &self.library(), mixed);
        let ids = place.sources.texts.iter().cloned();
        let texts = ids.zip(&texts).map(|(id, text)| FrozenText::of(id, text));
        let curated = arms.iter().zip(&place.sources.corpora);
        let curated =
            curated.filter_map(|(arm, asked)| Some((arm.name.clone(), asked.curation.as_ref()?.id.clone())));
        let frozen = Frozen {
            probes: self.asked(&groups)?,
            corpus: triaxis_corpus::numerics(),
            texts: texts.collect(),
            mixed,
            curated: curated.collect(),
            groups,
        };
        Ok(Ready {
            survey: Survey::take(&self.library(), frozen, warn)?,
            again: Vec::new(),
            damaged: Vec::new(),
            arms,
            corpora,
            _scratch: None,
            _lock: None,
        })
    }

    /// What the models of the ladders are asked.
    fn asked(&self, groups: &[Group]) -> Result<Vec<AskedProbe>, StudyError> {
        let probes = self.spec.spec.probes.as_ref();
        probes.map_or_else(|| Ok(Vec::new()), |probes| probes.asked(groups))
    }

    fn make(&self, place: &Place<'_>) -> Result<(), StudyError> {
        let library = self.library();
        let (spec, base) = (&self.spec.spec, self.spec.base.as_path());
        let avoid = [library.folder(), self.store.folder()];
        let texts = spec.validation.iter().zip(&place.sources.texts);
        let texts = texts.map(|(source, id)| ReadText {
            id: id.clone(),
            source,
            base,
            avoid: &avoid,
        });
        let texts: Vec<ReadText<'_>> = texts.collect();
        let mut corpora: BTreeMap<&str, MakeCorpus<'_>> = BTreeMap::new();
        for asked in &place.sources.corpora {
            corpora.entry(&asked.id).or_insert_with(|| MakeCorpus {
                asked,
                texts: &place.sources.texts,
                base,
                avoid: &avoid,
                progress: self.listener,
            });
        }
        let mut jobs: Vec<&dyn Work> = texts.iter().map(|text| text as &dyn Work).collect();
        let is_elsewhere = *place.made != library;
        // What lies in the library is not made elsewhere.
        for text in texts.iter().filter(|_| is_elsewhere) {
            if text.is_done(&library)? {
                sealed::write(&place.made.text(&text.id), &library.read_text(&text.id)?)?;
            }
        }
        for corpus in corpora.values() {
            if !(is_elsewhere && corpus.is_done(&library)?) {
                jobs.push(corpus);
            }
        }
        self.listener.event(&Event::CorpusStarts);
        self.execute(&Here, place.made, &jobs)
    }

    fn read_texts(&self, place: &Place<'_>) -> Result<Vec<Text>, StudyError> {
        let ids = place.sources.texts.iter();
        ids.map(|id| place.made.read_text(id)).collect()
    }

    /// The corpus of each arm, in their order.
    fn corpora(&self, place: &Place<'_>) -> Result<Vec<Arc<Corpus>>, StudyError> {
        let mut opened: BTreeMap<&str, Arc<Corpus>> = BTreeMap::new();
        let mut corpora = Vec::new();
        for Asked { id, .. } in &place.sources.corpora {
            let corpus = match opened.get(id.as_str()) {
                Some(corpus) => corpus.clone(),
                None => {
                    let made = place.made.corpus(id);
                    let folder = if made.exists() {
                        made
                    } else {
                        self.library().corpus(id)
                    };
                    let corpus = Arc::new(Corpus::open(&folder)?);
                    self.listener.event(&Event::CorpusReady(&corpus));
                    corpus
                }
            };
            opened.insert(id, corpus.clone());
            corpora.push(corpus);
        }
        Ok(corpora)
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

    /// Refuses what could not be trained or evaluated to the end; `warn` hears of damaged weights. Returns how many
    /// trials are trained again for theirs.
    fn check(
        &self,
        ready: &Ready,
        place: &Place<'_>,
        warn: &mut dyn FnMut(StudyError) -> Result<(), StudyError>,
    ) -> Result<usize, StudyError> {
        let library = self.library();
        let survey = &ready.survey;
        let evaluator = survey.frozen.evaluator();
        let keep = self.spec.spec.keep_models;
        let (mut trained, mut evaluated, mut again) = (Vec::new(), false, 0);
        let groups = survey.frozen.groups.iter();
        for group in groups.filter(|group| !survey.is_whole(group)) {
            let evaluate = Evaluate::of(group, &evaluator, keep);
            let damaged = evaluate.damaged_weights(&library)?;
            let useless = sealed::paths(&damaged);
            damaged.into_iter().try_for_each(&mut *warn)?;
            let train = Train::of(group, &evaluator, keep).without(&useless);
            if !train.is_done(&library)? {
                trained.push(group.clone());
            }
            again += train.again(&library)?;
            evaluated |= !evaluate.is_done(&library)?;
        }
        let available = machine::available_memory();
        check_memory(&trained, available)?;
        for probe in AskProbe::of(&survey.frozen.probes) {
            if !probe.is_done(&library)? {
                probe.check_memory(available)?;
            }
        }
        if evaluated {
            // A tokenizer that loses their text is refused before anything is trained.
            let texts = self.read_texts(place)?;
            let mut seen = BTreeSet::new();
            let corpora = ready.corpora.iter();
            for corpus in corpora.filter(|corpus| seen.insert(corpus.folder())) {
                corpus.encode(&texts)?;
            }
        }
        Ok(again)
    }
}
