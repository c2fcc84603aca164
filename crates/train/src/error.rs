use std::io;
use std::path::PathBuf;

use thiserror::Error;
use triaxis_model::ModelError;

/// Why training could not go on. That a run diverged is a result, not an error:
/// [`Status::Diverged`](crate::Status::Diverged).
#[derive(Debug, Error)]
pub enum TrainError {
    /// A field of the configuration breaks a rule.
    #[error("`{field} = {value}`: {rule}; {remedy}")]
    Config {
        /// The field.
        field: &'static str,
        /// What it was set to.
        value: String,
        /// The rule it breaks.
        rule: String,
        /// What to do about it.
        remedy: String,
    },
    /// The model cannot be built or refuses its input.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A split has too few tokens for one window.
    #[error(
        "the {split} split has {tokens} tokens and one sequence needs {needed}; give more text, or shorten `context`"
    )]
    TooFewTokens {
        /// `training` or `validation`.
        split: &'static str,
        /// Tokens it has.
        tokens: usize,
        /// Tokens that are needed.
        needed: usize,
    },
    /// The text was tokenized with a larger vocabulary than the model's.
    #[error(
        "token {token} at position {position} of the {split} split is outside the model's vocabulary of {vocabulary}; set the architecture's `vocabulary` to the tokenizer's"
    )]
    TokenOutOfRange {
        /// `training` or `validation`.
        split: &'static str,
        /// The token.
        token: u32,
        /// Where it is.
        position: usize,
        /// The model's vocabulary.
        vocabulary: usize,
    },
    /// A file or folder could not be written, read or renamed.
    #[error("{action} {path}: {source}; free space or mend permissions and run again, which continues from the last checkpoint", path = path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder holds checkpoints of another run.
    #[error("{path} belongs to another run: its {what} differs; give each run a folder of its own, or remove that one", path = path.display())]
    ForeignCheckpoint {
        /// The checkpoint.
        path: PathBuf,
        /// What differs.
        what: &'static str,
    },
    /// A file does not hold a model.
    #[error("{path} holds no model: {reason}; give a model file that a training wrote", path = path.display())]
    BadModel {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The observer asked to stop.
    #[error("stopped at step {step} as asked; run again to continue from there")]
    Stopped {
        /// Steps that were done, of the trunk or branch at hand.
        step: u64,
    },
}

impl TrainError {
    /// Wraps what the system said about `path`.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}
