//! What runs one job of a study, in a process of its own, and what it tells.

use serde::{Deserialize, Serialize};
use triaxis_host::Kind;

use crate::error::StudyError;
use crate::frozen::{Frozen, FrozenSpec};
use crate::job;
use crate::sealed;
use crate::store::Store;

/// What a worker tells, one JSON object a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Message {
    /// So many steps of the job are done.
    Progress {
        /// Steps done: of the trunk and of every branch, or evaluations.
        steps: u64,
    },
    /// A trial has its record.
    Recorded {
        /// The trial.
        trial: String,
        /// Its validation loss in bits per byte, if it came to its end.
        bits_per_byte: Option<f64>,
        /// Whether that is a bound from above.
        #[serde(default)]
        is_bound: bool,
    },
    /// A trial's model has its record on a validation text.
    Evaluated {
        /// The trial.
        trial: String,
        /// The text.
        text: String,
        /// Its loss there in bits per byte.
        bits_per_byte: f64,
        /// Whether that is a bound from above.
        #[serde(default)]
        is_bound: bool,
    },
    /// A trial cannot be run, or its model not be evaluated.
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
        /// Identity of what both want.
        id: String,
    },
    /// There was a record by the time a trial or an evaluation was done here, with another outcome; that one stands.
    Differs {
        /// The trial.
        trial: String,
    },
    /// Something was not what it should be, and was mended.
    Warning {
        /// What.
        said: String,
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

    /// What is said of damage that was set aside.
    pub fn warning(damage: &StudyError) -> Self {
        Self::Warning {
            said: damage.to_string(),
        }
    }
}

/// Runs the job `id` of the study in `store` by so many threads, writing a record for each of its results.
///
/// # Errors
/// When the job cannot be run; what is recorded by then stays.
pub fn work(
    store: &Store,
    id: &str,
    threads: usize,
    send: &mut dyn FnMut(&Message),
) -> Result<(), StudyError> {
    let spec = FrozenSpec::read(store)?;
    let frozen: Option<Frozen> = sealed::read(&store.trials())?;
    let frozen = frozen.ok_or_else(|| StudyError::NoStudy {
        folder: store.folder().to_owned(),
    })?;
    let jobs = job::of(&frozen, spec.spec.keep_models);
    let Some(job) = jobs.iter().find(|job| job.id() == id) else {
        let known: Vec<&str> = jobs.iter().map(|job| job.id()).collect();
        return Err(StudyError::UnknownJob {
            id: id.to_owned(),
            known: known.join(", "),
        });
    };
    job.run(&spec.library(store), threads, send)
}
