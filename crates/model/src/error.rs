use thiserror::Error;

/// Why a model could not be described, built, or filled with weights: always what was asked of it, as a message that
/// names the value, the rule and the remedy.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("{0}")]
pub struct ModelError(pub(crate) String);
