//! What runs one group of trials, in a process of its own.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use triaxis_corpus::{Corpus, SourceSpec, Text};
use triaxis_host::Kind;
use triaxis_train::{BranchOutcome, Observer, StepEvent, ValidationText};
use triaxis_units::Seconds;

use crate::error::StudyError;
use crate::frozen::{Frozen, FrozenSpec};
use crate::library::{Library, Written};
use crate::record::{Circumstances, RunRecord};
use crate::sealed;
use crate::store::Store;
use crate::trial::{Group, Inputs};

/// Least time between two messages of progress.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);

/// What a worker tells, one JSON object a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Message {
    /// So many steps of the group are done.
    Progress {
        /// Steps done, of the trunk and of every branch.
        steps: u64,
        /// The last training loss, in nats per token.
        loss: f64,
    },
    /// A trial has its record.
    Recorded {
        /// The trial.
        trial: String,
        /// Its validation loss in bits per byte, if it came to its end.
        bits_per_byte: Option<f64>,
    },
    /// A trial cannot be run.
    Failed {
        /// The trial.
        trial: String,
        /// Why.
        reason: String,
    },
    /// The worker gives up.
    Refused {
        /// Why.
        reason: String,
        /// Whether anything but its trials is the cause, so that no record may say it.
        machine: bool,
        /// What is at fault.
        kind: Kind,
    },
    /// Another process makes the same, and this one waits for it.
    Waits {
        /// The trial that both want.
        trial: String,
    },
    /// A trial had a record by the time it was done here, with another outcome; that one stands.
    Differs {
        /// The trial.
        trial: String,
    },
    /// Something that is no message.
    Said {
        /// The line.
        line: String,
    },
}

impl Message {
    /// What a worker says when `error` ends it.
    pub fn refusal(error: &StudyError) -> Self {
        Self::Refused {
            reason: error.to_string(),
            machine: !error.is_of_the_trial(),
            kind: error.kind(),
        }
    }
}

/// Runs the group `id` of the study in `store`, writing a record for each of its trials.
///
/// # Errors
/// When the group cannot be run; what is recorded by then stays.
pub fn work(
    store: &Store,
    id: &str,
    threads: usize,
    send: &mut dyn FnMut(&Message),
) -> Result<(), StudyError> {
    let spec = FrozenSpec::read(store)?;
    let library = spec.library(store);
    let frozen: Frozen = sealed::read(&store.trials())?.ok_or_else(|| StudyError::NoStudy {
        folder: store.folder().to_owned(),
    })?;
    let group =
        frozen
            .groups
            .iter()
            .find(|group| group.id == id)
            .ok_or_else(|| StudyError::UnknownGroup {
                id: id.to_owned(),
                known: frozen
                    .groups
                    .iter()
                    .map(|group| group.id.as_str())
                    .collect::<Vec<_>>()
                    .join(", "),
            })?;
    let _locks = library.lock(group.trials.iter().map(|trial| trial.id.as_str()), &mut |trial| {
        send(&Message::Waits {
            trial: trial.to_owned(),
        });
    })?;
    let corpus = Corpus::open(&library.corpus(&group.corpus))?;
    let texts = texts(&spec, &library, &group.inputs, &corpus)?;
    let finished = library.recorded(group)?;
    is_own(group, &finished)?;
    let mut recorder = Recorder {
        library: &library,
        group,
        inputs: &group.inputs,
        threads,
        send,
        last: None,
        failure: None,
    };
    let result = triaxis_train::run(
        &group.config,
        &corpus.train(),
        &ValidationText::of_corpus(&corpus),
        &texts,
        &library.group(id),
        &finished,
        &mut recorder,
    );
    match recorder.failure.take() {
        Some(failure) => Err(failure),
        None => Ok(result.map(drop)?),
    }
}

/// The validation texts of a study as tokens of its corpus.
fn texts(
    spec: &FrozenSpec,
    library: &Library,
    inputs: &Inputs,
    corpus: &Corpus,
) -> Result<Vec<ValidationText>, StudyError> {
    let read = |source: &SourceSpec| -> Result<Text, StudyError> {
        let path = library.text(&spec.text_id(source));
        match sealed::read::<Text>(&path)? {
            Some(text) if inputs.texts.get(&text.name) == Some(&text.identity()) => Ok(text),
            _ => Err(sealed::unusable(
                &path,
                "is not the text that the study began with".to_owned(),
            )),
        }
    };
    let texts: Vec<Text> = spec.spec.validation.iter().map(read).collect::<Result<_, _>>()?;
    let encoded = corpus.encode(&texts)?;
    let both = texts.iter().zip(encoded);
    Ok(both
        .map(|(text, encoded)| ValidationText::of_text(text, encoded))
        .collect())
}

/// Refuses to write under an identity what another unit than this process's multiplies.
fn is_own(group: &Group, finished: &BTreeSet<usize>) -> Result<(), StudyError> {
    let unit = group.config.dtype.unit();
    let mut missing = (0..)
        .zip(&group.trials)
        .filter(|(place, _)| !finished.contains(place));
    match missing.all(|(_, trial)| {
        trial.id
            == group
                .inputs
                .on(unit.clone(), &trial.config)
                .identity(&trial.config)
    }) {
        true => Ok(()),
        false => Err(StudyError::OtherUnit {
            group: group.id.clone(),
            unit,
        }),
    }
}

struct Recorder<'a> {
    library: &'a Library,
    group: &'a Group,
    inputs: &'a Inputs,
    threads: usize,
    send: &'a mut dyn FnMut(&Message),
    last: Option<Instant>,
    failure: Option<StudyError>,
}

impl Observer for Recorder<'_> {
    fn step(&mut self, event: &StepEvent) {
        if self.last.is_none_or(|last| last.elapsed() >= PROGRESS_EVERY) {
            self.last = Some(Instant::now());
            (self.send)(&Message::Progress {
                steps: event.steps_done,
                loss: event.loss.0,
            });
        }
    }

    fn branch_finished(&mut self, outcome: &BranchOutcome) {
        let trial = &self.group.trials[outcome.branch];
        let circumstances = Circumstances::of(self.threads, Seconds(outcome.seconds.0));
        let record = RunRecord::of_branch(trial, self.inputs, outcome, circumstances);
        let bits_per_byte = record
            .outcome
            .validation()
            .map(|validation| validation.bits_per_byte.0);
        let trial = trial.id.clone();
        match self.library.write_record(&record) {
            Ok(Written::Differs) => (self.send)(&Message::Differs { trial }),
            Ok(_) => (self.send)(&Message::Recorded { trial, bits_per_byte }),
            Err(error) => self.failure = Some(error),
        }
    }

    fn should_stop(&self) -> bool {
        self.failure.is_some()
    }
}
