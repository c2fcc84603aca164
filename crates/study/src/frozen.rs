//! A study's spec and its groups as they were resolved, saved beside the results.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use triaxis_corpus::{Corpus, CorpusError, SourceSpec, TokenizerSpec};
use triaxis_host::Kind;

use crate::arm::Arm;
use crate::curation::Curation;
use crate::error::StudyError;
use crate::evaluation::{Evaluator, FrozenText};
use crate::identity;
use crate::job::Asked;
use crate::library::Library;
use crate::prediction::{self, Prediction};
use crate::probes::AskedProbe;
use crate::record::RunRecord;
use crate::sealed;
use crate::spec::{LEAST_TEXT, StudySpec};
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
    #[serde(deserialize_with = "of_any_version")]
    pub spec: StudySpec,
    /// The TOML text it was read from.
    pub text: String,
    /// Folder that the spec's paths are relative to.
    pub base: PathBuf,
    /// Folder of the library; without one it lies beside the study's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub library: Option<PathBuf>,
}

/// The spec without a plan that an earlier version asked in other words: it trained nothing, and who runs the study
/// again asks anew.
fn of_any_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StudySpec, D::Error> {
    let mut spec = serde_json::Value::deserialize(deserializer)?;
    let is_earlier = spec.get("plan").is_some_and(|plan| plan.get("aim").is_none());
    if let (true, Some(spec)) = (is_earlier, spec.as_object_mut()) {
        spec.remove("plan");
    }
    serde_json::from_value(spec).map_err(D::Error::custom)
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
    /// Identities, in the library, of the text that arms' corpora are made of where it is curated, by the arm's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub curated: BTreeMap<String, String>,
    /// The groups of all arms, resolved.
    pub groups: Vec<Group>,
    /// What the models of the ladders are asked besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<AskedProbe>,
}

impl Frozen {
    /// What finds and names the evaluations of its trials.
    pub fn evaluator(&self) -> Evaluator {
        Evaluator::new(self.texts.clone(), self.mixed)
    }

    /// Which validation texts are so small that a loss on them says nothing, in words.
    pub fn small_texts(&self) -> Vec<String> {
        let small = self.texts.iter().filter(|text| text.bytes < LEAST_TEXT);
        let told = small.map(|text| {
            format!(
                "The validation text `{}` has {}, and a loss is the mean over its tokens: that of a few says nothing. Give \
                 it 1KB or more.",
                text.name, text.bytes
            )
        });
        told.collect()
    }

    /// Opens the corpus of an arm.
    ///
    /// # Errors
    /// When the library does not hold it.
    pub fn corpus_of(&self, arm: &Arm, library: &Library) -> Result<Corpus, StudyError> {
        let own = self.groups.iter().find(|group| group.arm == arm.name);
        let id = own.map_or("", |group| &group.corpus);
        Ok(Corpus::open(&library.corpus(id))?)
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

    /// What is to be said where the study's plan was asked as an earlier version did, so that there is none.
    pub fn earlier_plan(&self) -> Option<String> {
        let text: toml::Table = toml::from_str(&self.text).ok()?;
        (self.spec.plan.is_none() && text.contains_key("plan")).then(|| {
            "The plan of this study was asked in the words of an earlier version: ask `[plan]` as in examples/settings.toml \
             (`triaxis study new --ask settings`) and run it again, which trains nothing."
                .to_owned()
        })
    }

    /// Where the study in `store` has its records and its corpus.
    pub fn library(&self, store: &Store) -> Library {
        match &self.library {
            Some(folder) => Library::new(folder),
            None => store.library_beside(),
        }
    }

    /// Identities of the corpora of `arms` and of the validation texts in a library.
    ///
    /// They are made of what the spec says of text and tokenizer, what lies there, and the versions of what makes tokens
    /// of it, so that a project that is moved finds what it had. What a corpus holds in the end has an identity of its
    /// own, which those of trials are made of. Text that is no longer there is that of the last run in `store`, if that
    /// was asked for the same.
    ///
    /// # Errors
    /// When a source has no files, or the file system refuses.
    pub fn sources(&self, store: &Store, arms: &[Arm]) -> Result<Sources, StudyError> {
        let library = self.library(store);
        let avoid = [library.folder(), store.folder()];
        let earlier = Earlier::of(store);
        let is_gone = |error: &CorpusError| matches!(error.kind(), Kind::Input | Kind::Path);
        let mut texts = Vec::new();
        for source in &self.spec.validation {
            let id = match triaxis_corpus::content_of_text(source, &self.base, &avoid) {
                Ok(content) => identity::of(&(source, content)),
                Err(error) if is_gone(&error) => earlier.text(source).ok_or(error)?,
                Err(error) => return Err(error.into()),
            };
            texts.push(id);
        }
        let contents = Contents {
            base: &self.base,
            avoid: &avoid,
            known: RefCell::default(),
        };
        let mut known: Vec<(&Arm, Asked)> = Vec::new();
        for arm in arms {
            let same = known.iter().find(|(known, _)| is_same_text(known, arm));
            let asked = match same.map(|(_, asked)| asked.clone()) {
                Some(asked) => asked,
                None => self.corpus(arm, arms, &contents, &texts, &earlier)?,
            };
            known.push((arm, asked));
        }
        let corpora = known.into_iter().map(|(_, asked)| asked).collect();
        Ok(Sources { corpora, texts })
    }

    /// The corpus of an arm, one of `arms`, apart from these texts.
    fn corpus(
        &self,
        arm: &Arm,
        arms: &[Arm],
        contents: &Contents<'_>,
        texts: &[String],
        earlier: &Earlier,
    ) -> Result<Asked, StudyError> {
        let (corpus, tokenizer) = (&arm.spec.corpus, &arm.spec.tokenizer);
        let mut asked = Asked {
            id: String::new(),
            corpus: corpus.clone(),
            curation: None,
            tokenizer: tokenizer.clone(),
            learnt_on: None,
        };
        let content = match contents.of(arm) {
            Ok(content) => content,
            Err(error) if matches!(error.kind(), Kind::Input | Kind::Path) => {
                asked.id = earlier.corpus(arm, texts).ok_or(error)?;
                return Ok(asked);
            }
            Err(error) => return Err(error.into()),
        };
        asked.curation = Curation::of(arm, arms, &self.base, &|arm| contents.of(arm))?;
        if let Some(before) = self.before_own_curation(arm) {
            asked.learnt_on = Some(Box::new(self.corpus(&before, arms, contents, texts, earlier)?));
        }
        let plain = (corpus, tokenizer, content, triaxis_corpus::numerics(), texts);
        let learnt_on = asked.learnt_on.as_ref().map(|other| &other.id);
        asked.id = match (&asked.curation, learnt_on) {
            (None, None) => identity::of(&plain),
            (curation, other) => identity::of(&(plain, curation.as_ref().map(|of| &of.id), other)),
        };
        Ok(asked)
    }

    /// An arm that learns a vocabulary, as it is before what it alone does to its text.
    fn before_own_curation(&self, arm: &Arm) -> Option<Arm> {
        let learns = matches!(arm.spec.tokenizer, TokenizerSpec::Train { .. });
        (learns && arm.spec.curation != self.spec.curation).then(|| Arm {
            name: arm.name.clone(),
            spec: StudySpec {
                curation: self.spec.curation.clone(),
                ..arm.spec.clone()
            },
        })
    }

    /// The prediction of an arm's held-out run. Arms whose ladders differ may share that run, and predict it each.
    pub fn prediction(&self, store: &Store, arm: &str, trial: &str) -> PathBuf {
        match self.spec.arms.is_empty() {
            true => store.prediction(trial),
            false => store.prediction(&format!("{arm}-{trial}")),
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

    /// What is known before a run of arms whose held-out run can no longer be predicted, in words.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn foregone(&self, store: &Store, frozen: &Frozen) -> Result<Vec<String>, StudyError> {
        let library = self.library(store);
        let mut said = Vec::new();
        for group in frozen.groups.iter().filter(|group| group.role == Role::HeldOut) {
            for trial in &group.trials {
                if library.record_if_whole::<RunRecord>(&trial.id)?.is_none() {
                    continue;
                }
                match sealed::read::<Prediction>(&self.prediction(store, &group.arm, &trial.id)) {
                    Ok(None) => said.push(prediction::too_late(&library.record(&trial.id))),
                    Err(error @ StudyError::Damaged { .. }) => said.push(error.for_good().to_string()),
                    other => drop(other?),
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

    /// Checks that results may go into the folder, changing nothing: one that is not there, is empty, or holds this
    /// study, also by an earlier spec or with a damaged copy of it.
    ///
    /// # Errors
    /// [`StudyError::OtherStudy`], [`StudyError::OldLayout`], [`StudyError::NotAFolder`] or
    /// [`StudyError::NotAStudyFolder`].
    pub fn check(&self, store: &Store) -> Result<(), StudyError> {
        store.check()?;
        match Self::read(store) {
            Ok(found) if found.spec.name != self.spec.name => Err(StudyError::OtherStudy {
                folder: store.folder().to_owned(),
                found: found.spec.name,
                asked: self.spec.name.clone(),
            }),
            Err(StudyError::NoStudy { .. }) if is_foreign(store)? => Err(StudyError::NotAStudyFolder {
                folder: store.folder().to_owned(),
            }),
            Ok(_) | Err(StudyError::NoStudy { .. } | StudyError::Damaged { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Writes the spec into a folder that holds none; that of an earlier spec of this study stands until the new one's
    /// trials are known.
    ///
    /// # Errors
    /// As [`FrozenSpec::check`].
    pub fn settle(&self, store: &Store) -> Result<(), StudyError> {
        self.check(store)?;
        match Self::read(store) {
            Ok(_) => Ok(()),
            // The spec at hand replaces a damaged copy.
            Err(error @ StudyError::Damaged { .. }) => {
                sealed::set_aside(error)?;
                sealed::write(&store.study(), self)
            }
            Err(_) => sealed::write(&store.study(), self),
        }
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

/// What a study reads, with its identities in a library.
#[derive(Debug, Clone, PartialEq)]
pub struct Sources {
    /// The corpora, one an arm.
    pub corpora: Vec<Asked>,
    /// Identities of the validation texts.
    pub texts: Vec<String>,
}

/// What the sources of arms hold, each looked at once.
struct Contents<'a> {
    base: &'a Path,
    avoid: &'a [&'a Path],
    known: RefCell<BTreeMap<String, String>>,
}

impl Contents<'_> {
    fn of(&self, arm: &Arm) -> Result<String, CorpusError> {
        let (corpus, tokenizer) = (&arm.spec.corpus, &arm.spec.tokenizer);
        let words = identity::of(&(corpus, tokenizer));
        if let Some(content) = self.known.borrow().get(&words) {
            return Ok(content.clone());
        }
        let content = triaxis_corpus::content(corpus, tokenizer, self.base, self.avoid)?;
        self.known.borrow_mut().insert(words, content.clone());
        Ok(content)
    }
}

/// Whether the corpora of two arms are asked for in the same words.
fn is_same_text(one: &Arm, other: &Arm) -> bool {
    one.spec.corpus == other.spec.corpus
        && one.spec.curation == other.spec.curation
        && one.spec.tokenizer == other.spec.tokenizer
}

/// The last run in a folder.
#[derive(Default)]
struct Earlier {
    arms: Vec<Arm>,
    texts: Vec<SourceSpec>,
    frozen: Frozen,
}

impl Earlier {
    fn of(store: &Store) -> Self {
        let read = FrozenSpec::read(store).and_then(|spec| Ok((spec.arms()?, spec.spec.validation)));
        let Ok((arms, texts)) = read else {
            return Self::default();
        };
        Self {
            arms,
            texts,
            frozen: Frozen::earlier(store),
        }
    }

    /// Identity of a text that is asked for as it was then.
    fn text(&self, source: &SourceSpec) -> Option<String> {
        let place = self.texts.iter().position(|then| then == source)?;
        self.frozen.texts.get(place).map(|text| text.id.clone())
    }

    /// Identity of the corpus of an arm that is asked for as it was then, apart from the same texts.
    fn corpus(&self, arm: &Arm, texts: &[String]) -> Option<String> {
        let then = self.arms.iter().find(|then| is_same_text(then, arm))?;
        let is_apart = self.frozen.texts.iter().map(|text| &text.id).eq(texts);
        let mut groups = self.frozen.groups.iter().filter(|_| is_apart);
        groups
            .find(|group| group.arm == then.name)
            .map(|group| group.corpus.clone())
    }
}

/// Whether the folder holds anything that a study killed at its start would not have left, and no groups of
/// a study that lost its spec.
fn is_foreign(store: &Store) -> Result<bool, StudyError> {
    let folder = store.folder();
    if matches!(sealed::read::<Frozen>(&store.trials()), Ok(Some(_))) {
        return Ok(false);
    }
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        other => other.map_err(StudyError::io("list", folder))?,
    };
    for entry in entries {
        let name = entry.map_err(StudyError::io("list", folder))?.file_name();
        let name = name.to_string_lossy();
        if name != "lock" && !name.starts_with(triaxis_host::files::TEMPORARY) {
            return Ok(true);
        }
    }
    Ok(false)
}
