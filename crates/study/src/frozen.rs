//! A study's spec and its groups as they were resolved, saved beside the results.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use triaxis_corpus::{Corpus, SourceSpec, Text};

use crate::arm::Arm;
use crate::digests;
use crate::error::StudyError;
use crate::evaluation::{Evaluator, FrozenText};
use crate::identity;
use crate::library::Library;
use crate::prediction;
use crate::sealed;
use crate::spec::StudySpec;
use crate::store::Store;
use crate::trial::{self, Group, Prepared, Role};

/// Version of the layout of a study's folder; the first had records and corpus in it.
const LAYOUT: u32 = 2;

/// The spec of the study in a folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrozenSpec {
    /// Version of the folder's layout.
    #[serde(default)]
    layout: u32,
    /// The spec with every default filled in.
    pub spec: StudySpec,
    /// The TOML text it was read from.
    pub text: String,
    /// Folder that the spec's paths are relative to.
    pub base: PathBuf,
    /// Folder of the library; without one it lies beside the study's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub library: Option<PathBuf>,
}

/// The groups of the study in a folder.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Frozen {
    /// Versions of the parts of the program that the tokens of their corpora hang on.
    #[serde(default)]
    pub corpus: BTreeMap<String, u32>,
    /// The texts that every trial's model is evaluated on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<FrozenText>,
    /// Whether what another instruction set measured may stand for it, though its digits are others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mixed: bool,
    /// The groups of all arms, resolved.
    pub groups: Vec<Group>,
}

impl Frozen {
    /// What finds and names the evaluations of its trials.
    pub fn evaluator(&self) -> Evaluator {
        Evaluator::new(self.texts.clone(), self.mixed)
    }
}

impl Frozen {
    /// Names `group` and its trials as if their text were that of a trial of the same arm and configuration here, if
    /// there is one.
    fn lend(&self, group: &mut Group) -> Option<()> {
        let mut same = self.groups.iter().filter(|then| then.arm == group.arm);
        let is_known = |then: &&Group| {
            let mut trials = then.trials.iter();
            trials.any(|trial| group.trials.iter().any(|own| own.config == trial.config))
        };
        let then = same.find(is_known)?;
        let inputs = then.inputs.on(group.inputs.unit.clone(), &group.config);
        for trial in &mut group.trials {
            trial.id = inputs.identity(&trial.config);
        }
        group.id = inputs.identity(&group.config);
        group.corpus.clone_from(&then.corpus);
        group.inputs = inputs;
        Some(())
    }
}

impl FrozenSpec {
    /// Freezes a spec.
    pub fn new(spec: StudySpec, text: String, base: PathBuf, library: Option<PathBuf>) -> Self {
        Self {
            layout: LAYOUT,
            spec,
            text,
            base,
            library,
        }
    }

    /// Where the study in `store` has its records and its corpus.
    pub fn library(&self, store: &Store) -> Library {
        match &self.library {
            Some(folder) => Library::new(folder),
            None => store.library_beside(),
        }
    }

    /// Identity of an arm's corpus in a library: what it says of text and tokenizer, where the text lies, which
    /// validation texts it is apart from, and the versions of what makes tokens of it. What it holds has an identity of
    /// its own, which those of trials are made of.
    pub fn corpus_id(&self, arm: &Arm) -> String {
        let numerics = triaxis_corpus::numerics();
        let text = (&arm.spec.corpus, &arm.spec.tokenizer, &self.base, numerics);
        match arm.spec.validation.is_empty() {
            true => identity::of(&text),
            false => identity::of(&(text, &arm.spec.validation)),
        }
    }

    /// Identity of a validation text in a library: what the spec says of it, and where it lies.
    pub fn text_id(&self, source: &SourceSpec) -> String {
        identity::of(&(source, &self.base))
    }

    /// The prediction of an arm's held-out run. Arms whose ladders differ may share that run, and predict it each.
    pub fn prediction(&self, store: &Store, arm: &Arm, trial: &str) -> PathBuf {
        match self.spec.arms.is_empty() {
            true => store.prediction(trial),
            false => store.prediction(&format!("{}-{trial}", arm.name)),
        }
    }

    /// Its arms; see [`StudySpec::arms`].
    ///
    /// # Errors
    /// As there.
    pub fn arms(&self) -> Result<Vec<Arm>, StudyError> {
        self.spec.arms().map_err(|error| StudyError::Spec {
            place: self.spec.name.clone(),
            message: error.message,
            hint: error.hint,
        })
    }

    /// The groups it means, as far as they can be told before its corpus is made: without identities,
    /// and with the vocabulary that is asked for.
    ///
    /// # Errors
    /// As [`trial::resolve`], and when the tokenizer's file is none.
    pub fn resolve(&self) -> Result<Vec<Group>, StudyError> {
        let mut groups = Vec::new();
        for arm in self.arms()? {
            let prepared = Prepared {
                vocabulary: arm.spec.tokenizer.vocabulary(&self.base)?,
                ..Prepared::default()
            };
            groups.extend(trial::resolve(&arm, &prepared)?);
        }
        Ok(groups)
    }

    /// The validation texts, from the library or from where they lie.
    ///
    /// # Errors
    /// When one is in neither.
    pub fn texts(&self, library: &Library) -> Result<Vec<FrozenText>, StudyError> {
        let text = |source: &SourceSpec| {
            let id = self.text_id(source);
            let kept: Option<Text> = sealed::read(&library.text(&id)).ok().flatten();
            let text = match kept {
                Some(kept) => kept,
                None => triaxis_corpus::read_text(source, &self.base)?,
            };
            Ok(FrozenText::of(id, &text))
        };
        self.spec.validation.iter().map(text).collect()
    }

    /// The trials as far as they are known before a run, and whether their identities are certain: those of a corpus that
    /// is not made yet are those of the last run in `store`, if that was asked for the same text.
    ///
    /// # Errors
    /// As [`FrozenSpec::resolve`], and when a validation text cannot be read.
    pub fn foreseen(&self, store: &Store) -> Result<(Frozen, bool), StudyError> {
        let library = self.library(store);
        let earlier = Frozen::earlier(store);
        let before = Self::read(store).and_then(|before| Ok((before.base.clone(), before.arms()?)));
        let before = before.ok().filter(|(base, _)| *base == self.base);
        let (mut groups, mut is_certain) = (Vec::new(), true);
        for arm in self.arms()? {
            let id = self.corpus_id(&arm);
            if let Ok(corpus) = Corpus::open(&library.corpus(&id)) {
                groups.extend(trial::resolve(&arm, &Prepared::of(id, &corpus))?);
                continue;
            }
            let prepared = Prepared {
                vocabulary: arm.spec.tokenizer.vocabulary(&self.base)?,
                ..Prepared::default()
            };
            let mut own = trial::resolve(&arm, &prepared)?;
            let is_same = |other: &Arm| {
                let (one, other) = (&arm.spec, &other.spec);
                one.corpus == other.corpus && one.tokenizer == other.tokenizer
            };
            let mut arms = before.iter().flat_map(|(_, arms)| arms);
            if arms.any(|other| other.name == arm.name && is_same(other)) {
                let taken = own.iter_mut().filter_map(|group| earlier.lend(group));
                is_certain &= taken.count() == 0;
            }
            groups.extend(own);
        }
        digests::adopt(&mut groups, &library, self.spec.mixed);
        let frozen = Frozen {
            corpus: triaxis_corpus::numerics(),
            texts: self.texts(&library)?,
            mixed: self.spec.mixed,
            groups,
        };
        Ok((frozen, is_certain))
    }

    /// What is known before a run of arms whose held-out run can no longer be predicted, in words.
    ///
    /// # Errors
    /// As [`trial::resolve`].
    pub fn foregone(&self, store: &Store) -> Result<Vec<String>, StudyError> {
        let library = self.library(store);
        let mut said = Vec::new();
        for arm in self.arms()? {
            let id = self.corpus_id(&arm);
            // Identities hang on the corpus: before it is made, nothing can have been run.
            let Ok(corpus) = Corpus::open(&library.corpus(&id)) else {
                continue;
            };
            let groups = trial::resolve(&arm, &Prepared::of(id, &corpus))?;
            let held_out = groups.iter().filter(|group| group.role == Role::HeldOut);
            for trial in held_out.flat_map(|group| &group.trials) {
                let record = library.record(&trial.id);
                if record.exists() && !self.prediction(store, &arm, &trial.id).exists() {
                    said.push(prediction::too_late(&record));
                }
            }
        }
        Ok(said)
    }

    /// The spec of the study in `store`.
    ///
    /// # Errors
    /// [`StudyError::NoStudy`] when there is none, [`StudyError::OldLayout`] when an older version made it.
    pub fn read(store: &Store) -> Result<Self, StudyError> {
        let folder = || store.folder().to_owned();
        if store.folder().is_file() {
            return Err(StudyError::NoStudy { folder: folder() });
        }
        match sealed::read::<Self>(&store.study())? {
            None => Err(StudyError::NoStudy { folder: folder() }),
            Some(found) if found.layout < LAYOUT => Err(StudyError::OldLayout { folder: folder() }),
            Some(found) => Ok(found),
        }
    }

    /// Writes the spec into a folder that is empty, and accepts one of an earlier spec of this study, which stands
    /// until the new one's trials are known.
    ///
    /// # Errors
    /// [`StudyError::OtherStudy`], [`StudyError::OldLayout`] or [`StudyError::NotAStudyFolder`].
    pub fn settle(&self, store: &Store) -> Result<(), StudyError> {
        let found = match Self::read(store) {
            // The spec at hand replaces a damaged copy.
            Err(error @ StudyError::Damaged { .. }) => {
                sealed::set_aside(error)?;
                return sealed::write(&store.study(), self);
            }
            Err(StudyError::NoStudy { .. }) if is_foreign(store)? => {
                return Err(StudyError::NotAStudyFolder {
                    folder: store.folder().to_owned(),
                });
            }
            Err(StudyError::NoStudy { .. }) => return sealed::write(&store.study(), self),
            other => other?,
        };
        if found.spec.name != self.spec.name {
            return Err(StudyError::OtherStudy {
                folder: store.folder().to_owned(),
                found: found.spec.name,
                asked: self.spec.name.clone(),
            });
        }
        Ok(())
    }

    /// Writes the spec and the trials that it means, once these are known: a run that is refused before leaves the
    /// study as it was. Killed between the two it leaves the earlier trials, whose records stay needed.
    ///
    /// # Errors
    /// When the file system refuses.
    pub(crate) fn freeze(&self, store: &Store, trials: &Frozen) -> Result<(), StudyError> {
        sealed::write_if_changed(&store.study(), self)?;
        sealed::write_if_changed(&store.trials(), trials)
    }
}

/// Whether the folder holds anything that a study killed at its start would not have left, and no groups of
/// a study that lost its spec.
fn is_foreign(store: &Store) -> Result<bool, StudyError> {
    let folder = store.folder();
    if matches!(sealed::read::<Frozen>(&store.trials()), Ok(Some(_))) {
        return Ok(false);
    }
    for entry in std::fs::read_dir(folder).map_err(StudyError::io("list", folder))? {
        let name = entry.map_err(StudyError::io("list", folder))?.file_name();
        let name = name.to_string_lossy();
        if name != "lock" && !name.starts_with(triaxis_host::files::TEMPORARY) {
            return Ok(true);
        }
    }
    Ok(false)
}
