use thiserror::Error;

/// Why a model could not be described, built, or filled with weights.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ModelError {
    /// A field of an architecture's configuration breaks a rule.
    #[error("`{field} = {value}`: {rule}; {remedy}")]
    Invalid {
        /// The field's name as in the spec.
        field: &'static str,
        /// What it was set to.
        value: String,
        /// The rule it breaks.
        rule: String,
        /// What to do about it.
        remedy: String,
    },
    /// The sequences given are longer than the model's positions reach.
    #[error(
        "a sequence of {length} tokens does not fit the model's context of {context}; shorten it, or build the model with a longer `context`"
    )]
    TooLong {
        /// The length given.
        length: usize,
        /// The longest the model takes.
        context: usize,
    },
    /// A named weight is absent from the set to load.
    #[error(
        "the weights have no tensor `{name}`; they belong to another architecture or file layout, load those this model saved"
    )]
    MissingWeight {
        /// Name of the absent tensor.
        name: String,
    },
    /// A weight has another shape than the model's.
    #[error(
        "the tensor `{name}` has shape {found:?} where the model needs {expected:?}; load it into the configuration that it was saved with"
    )]
    WeightShape {
        /// Name of the tensor.
        name: String,
        /// Its shape in the set to load.
        found: Vec<usize>,
        /// Its shape in the model.
        expected: Vec<usize>,
    },
    /// The set to load holds a weight the model has no place for.
    #[error(
        "the weights hold a tensor `{name}` that the model does not have; load them into the configuration that they were saved with"
    )]
    UnknownWeight {
        /// Name of the surplus tensor.
        name: String,
    },
}
