use thiserror::Error;
use triaxis_host::Kind;
use triaxis_model::ModelError;

/// Why a model cannot be read to, as a message that names the value, the rule and the remedy.
#[derive(Debug, Clone, Error)]
#[error("{message}")]
pub struct InferError {
    kind: Kind,
    message: String,
}

impl InferError {
    /// What is at fault.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// A fault of that kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::new(Kind::Input, message)
    }

    /// That a model computes no numbers.
    pub(crate) fn no_numbers() -> Self {
        Self::input(
            "the model's scores are no numbers: a weight of it is none, or so large that what it multiplies is; give a sound \
             file of it",
        )
    }

    /// What the system says where it gives no memory or no thread.
    pub(crate) fn machine(what: &str, error: &std::io::Error) -> Self {
        let remedy = triaxis_host::fault::remedy(error);
        Self::new(Kind::from(error), format!("{what}: {error}; {remedy}"))
    }
}

impl From<ModelError> for InferError {
    fn from(error: ModelError) -> Self {
        Self::input(error.to_string())
    }
}
