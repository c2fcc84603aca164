//! Everything that can go wrong with a study.

use std::path::{Path, PathBuf};

use thiserror::Error;
use triaxis_host::{Kind, fault};
use triaxis_train::TrainError;

/// An error of the study room; [`StudyError::kind`] tells what is at fault.
#[derive(Debug, Error)]
pub enum StudyError {
    /// A spec, or the question of a plan, could not be read.
    #[error("cannot read {}: {}; give the path of a TOML file", path.display(), unread(source))]
    ReadSpec {
        /// The file.
        path: PathBuf,
        /// The operating system's word.
        source: std::io::Error,
    },
    /// The spec says something that it may not.
    #[error("{place}: {message}")]
    Spec {
        /// File and line.
        place: String,
        /// Names value and rule.
        message: String,
        /// What to write instead.
        hint: Option<String>,
    },
    /// A model of the design is not one that can be built.
    #[error("{key}: {message}")]
    Model {
        /// Which table of the spec.
        key: String,
        /// The architecture's word.
        message: String,
    },
    /// The ladder asks for more training tokens than the corpus has.
    #[error(
        "{trial} asks for {asked} tokens and {limit} {unique} for training at most: that would be {:.2} epochs; \
         take or add more text, lower the budget, or allow it with `training.epochs = {}`", (100.0 * epochs).ceil() / 100.0, (100.0 * epochs).ceil() / 100.0
    )]
    TooFewTokens {
        /// The trial that asks for most.
        trial: String,
        /// Tokens it asks for.
        asked: triaxis_units::Tokens,
        /// Unique training tokens.
        unique: triaxis_units::Tokens,
        /// What has or leaves no more of them.
        limit: String,
        /// asked / unique.
        epochs: f64,
    },
    /// More unique tokens are asked for than the corpus has.
    #[error(
        "`training.unique_tokens = {}`: the corpus has {} for training at most; lower it, leave it out to use all of them, \
         or take or add more text", asked.0, available.0
    )]
    TooManyUnique {
        /// Tokens asked for.
        asked: triaxis_units::Tokens,
        /// Tokens of the training text.
        available: triaxis_units::Tokens,
    },
    /// A trial takes more memory than there is.
    #[error(
        "{trial} takes about {needed} of memory, and this machine has {available} available: make its size or \
         `training.batch` smaller, or run the study where there is more"
    )]
    TooLarge {
        /// The trial that takes most.
        trial: String,
        /// What it takes, estimated.
        needed: triaxis_units::Bytes,
        /// What there is.
        available: triaxis_units::Bytes,
    },
    /// A trial of too few steps.
    #[error(
        "{trial} has {tokens} tokens, and its warm-up and a step after it take {needed}, in steps of {batch}: raise \
         its budget, or lower `training.batch`"
    )]
    TooShort {
        /// The trial.
        trial: String,
        /// Tokens it has.
        tokens: triaxis_units::Tokens,
        /// Tokens it would need.
        needed: triaxis_units::Tokens,
        /// Tokens a step.
        batch: triaxis_units::Tokens,
    },
    /// A trial of more steps than any training has.
    #[error("{trial} has {}, more than 2^40 steps of {batch}: lower its budget", counted(*tokens))]
    TooLong {
        /// The trial.
        trial: String,
        /// Tokens it has.
        tokens: triaxis_units::Tokens,
        /// Tokens a step.
        batch: triaxis_units::Tokens,
    },
    /// The folder holds a study of another name.
    #[error(
        "{} holds the study `{found}`, and this one is `{asked}`: choose another folder with `--out`, or give the \
         spec that name", folder.display()
    )]
    OtherStudy {
        /// The folder.
        folder: PathBuf,
        /// Name of the study in it.
        found: String,
        /// Name of the study asked for.
        asked: String,
    },
    /// The folder holds a study of a layout that is no longer read.
    #[error(
        "{} holds a study of an earlier version of triaxis, whose records lie in the folder and name other code: look \
         at it with that version, and choose another folder with `--out` for this one", folder.display()
    )]
    OldLayout {
        /// The folder.
        folder: PathBuf,
    },
    /// A group was resolved by a machine, or has a record of one, that computes other bits than this one.
    #[error(
        "a trial of the group {group} has an identity that {unit}, which multiplies here, does not give: run the study \
         again on this machine, so that it names its trials anew"
    )]
    OtherUnit {
        /// The group.
        group: String,
        /// What multiplies here.
        unit: String,
    },
    /// The ladder has no law, so that the study answers nothing.
    #[error("the ladder has no law: {reason}")]
    NoLaw {
        /// Why.
        reason: String,
    },
    /// A study that does not tell what a token of an arm is worth.
    #[error("the study in {} does not tell what a token of `{arm}` is worth: {reason}", folder.display())]
    NoWorth {
        /// Its folder.
        folder: PathBuf,
        /// The arm.
        arm: String,
        /// Why, and what to do.
        reason: String,
    },
    /// A study that does not tell the best share of a source.
    #[error("the study in {} does not tell the best share of the source `{source_name}`: {reason}", folder.display())]
    NoShare {
        /// Its folder.
        folder: PathBuf,
        /// The source.
        source_name: String,
        /// Why, and what to do.
        reason: String,
    },
    /// A library that cannot be used.
    #[error("the library {} cannot be used: {reason}; choose another with `--library`", folder.display())]
    Library {
        /// The folder.
        folder: PathBuf,
        /// Why.
        reason: String,
    },
    /// The folder is not empty and holds no study.
    #[error("{} is not empty and holds no study: choose another folder with `--out`", folder.display())]
    NotAStudyFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// A file where results are to go.
    #[error("{} is a file, and results go into a folder: choose another with `--out`", path.display())]
    NotAFolder {
        /// The file.
        path: PathBuf,
    },
    /// No record of a study's trials, though it has run.
    #[error(
        "no trial of the study has a record: they are expected in {}; bring the library back, or run the study again; \
         no page was written", folder.display()
    )]
    NoRecords {
        /// Where their records were expected.
        folder: PathBuf,
    },
    /// There is no study in the folder.
    #[error("{} holds no study: give the folder that `triaxis study run` wrote (it has a `study.json`)", folder.display())]
    NoStudy {
        /// The folder.
        folder: PathBuf,
    },
    /// Another process works on the folder.
    #[error("{} is being worked on by another process: wait until it ends, or stop it", folder.display())]
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// A file of the study does not hold what was written, or not as it is read.
    #[error("{} {fault}{}; `triaxis study run` makes it again", path.display(), moved(aside.as_deref()))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, to stand after its name.
        fault: String,
        /// Where it is now, if it was set aside.
        aside: Option<PathBuf>,
    },
    /// What was predicted of a run that has been made is damaged.
    #[error(
        "{} {fault}{}: what was predicted of the held-out run is lost, since a run that has been made is not predicted \
         again; bring the file back, or go on without it by `triaxis study run`", path.display(), moved(aside.as_deref())
    )]
    LostPrediction {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, to stand after its name.
        fault: String,
        /// Where it is now, if it was set aside.
        aside: Option<PathBuf>,
    },
    /// Reading or writing failed.
    #[error("cannot {action} {}: {source}: {}", path.display(), remedy(source))]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// The operating system's word.
        source: std::io::Error,
    },
    /// The corpus could not be made.
    #[error(transparent)]
    Corpus(#[from] triaxis_corpus::CorpusError),
    /// Text could not be curated.
    #[error(transparent)]
    Curation(#[from] triaxis_curation::CurationError),
    /// A model could not be read to.
    #[error(transparent)]
    Infer(#[from] triaxis_infer::InferError),
    /// A trial could not be run.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A worker could not use this machine.
    #[error("{reason}")]
    Worker {
        /// The worker's own word.
        reason: String,
        /// What it found at fault.
        kind: Kind,
    },
    /// The system gave no threads.
    #[error("cannot start {threads} threads: {reason}; ask for fewer with `--threads`")]
    Threads {
        /// How many.
        threads: usize,
        /// The system's word.
        reason: String,
    },
    /// A worker asked for a job that the study does not have.
    #[error("{id} is no job of this study: it has {known}")]
    UnknownJob {
        /// What was asked for.
        id: String,
        /// What there is.
        known: String,
    },
}

impl StudyError {
    /// What is at fault.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Corpus(error) => error.kind(),
            Self::Curation(error) => error.kind(),
            Self::Train(error) => error.kind(),
            Self::Infer(error) => error.kind(),
            // What is no text was never a spec.
            Self::ReadSpec { source, .. } => match Kind::from(source) {
                Kind::Damaged => Kind::Input,
                kind => kind,
            },
            Self::Io { source, .. } => Kind::from(source),
            Self::Worker { kind, .. } => *kind,
            Self::Damaged { .. } | Self::LostPrediction { .. } => Kind::Damaged,
            Self::NoLaw { .. } => Kind::Unanswered,
            _ => Kind::Input,
        }
    }

    /// Whether it is the trial's own: it would be met wherever and whenever the trial is run, so that a record
    /// may say it. Anything else may be over with the next attempt.
    pub fn is_of_the_trial(&self) -> bool {
        matches!(self, Self::Train(error) if error.kind() == Kind::Input)
    }

    /// The same damage where nothing makes the file again, a prediction of a run that has been made.
    pub fn for_good(self) -> Self {
        match self {
            Self::Damaged { path, fault, aside } => Self::LostPrediction { path, fault, aside },
            other => other,
        }
    }

    /// A remedy to print below the message.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Spec { hint, .. } => hint.as_deref(),
            _ => None,
        }
    }

    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}

fn unread(source: &std::io::Error) -> String {
    match source.kind() {
        std::io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        _ => source.to_string(),
    }
}

fn moved(aside: Option<&Path>) -> String {
    aside.map_or_else(String::new, |aside| {
        format!("; it was set aside as {}", aside.display())
    })
}

/// Tokens, which are counted up to 2^53.
fn counted(tokens: triaxis_units::Tokens) -> String {
    match tokens.0 > 1 << 53 {
        true => "more than 2^53 (9.0e15) tokens".to_owned(),
        false => format!("{tokens} tokens"),
    }
}

fn remedy(source: &std::io::Error) -> &'static str {
    match source.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            "free some space and run the same command again; finished trials are kept"
        }
        std::io::ErrorKind::PermissionDenied => {
            "change its permissions, or choose another folder with `--out` for results and `--library` for what studies share"
        }
        _ => fault::remedy(source),
    }
}
