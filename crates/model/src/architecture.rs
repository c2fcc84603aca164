//! What an architecture is: a description that counts itself, and the module built from it.

use std::fmt::Debug;

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::count::{FlopCount, ParameterCount};
use crate::error::ModelError;
use crate::ops;

/// An architecture's configuration: every choice that shapes the network, fully resolved.
///
/// To add an architecture, write one file in `architectures/` with a type that implements this and
/// its module, and add its line to the registry in `architectures/mod.rs`; `tests/registry.rs` then
/// holds it to its obligations.
pub trait Architecture: Debug + Clone + PartialEq + Serialize + DeserializeOwned {
    /// The module it builds.
    type Module: LanguageModel;

    /// One paragraph: what the architecture is, and its papers.
    const ABOUT: &'static str;

    /// Version of its arithmetic: raised when a configuration and seed give other initial weights, or weights and
    /// tokens another loss, other than by the operations of `kernels` or the random streams.
    const NUMERICS: u32;

    /// Configurations of a few hundred parameters that between them reach every branch of the code;
    /// the obligations are tested on each.
    fn examples() -> Vec<Self>;

    /// Checks every field.
    ///
    /// # Errors
    /// For the first field that breaks a rule.
    fn validate(&self) -> Result<(), ModelError>;

    /// Size of the vocabulary.
    fn vocabulary(&self) -> usize;

    /// The longest sequence, in tokens.
    fn context(&self) -> usize;

    /// Exact parameter counts.
    fn parameters(&self) -> ParameterCount;

    /// Exact forward operations for one sequence of `length` tokens with a loss on every token.
    fn forward_flops(&self, length: usize) -> FlopCount;

    /// About how many numbers one sequence of `length` tokens keeps for the backward pass, to estimate
    /// memory by.
    fn activations(&self, length: usize) -> u64;

    /// The module with initial weights that depend only on the configuration and `seed`.
    ///
    /// # Errors
    /// When the configuration is not valid.
    fn build(&self, seed: u64, device: &Device) -> Result<Self::Module, ModelError>;
}

/// A network that predicts the next token.
pub trait LanguageModel: Module {
    /// The hidden states before the head, `[batch × length, width]`, for `tokens [batch, length]`.
    ///
    /// # Errors
    /// When `length` is beyond the model's context.
    fn hidden(&self, tokens: Tensor<2, Int>) -> Result<Tensor<2>, ModelError>;

    /// The head's matrix, `[vocabulary, width]`.
    fn head(&self) -> Tensor<2>;

    /// Mean cross-entropy in nats of `targets [batch × length]` after each position of `tokens [batch, length]`.
    ///
    /// # Errors
    /// As [`hidden`](Self::hidden).
    fn loss(&self, tokens: Tensor<2, Int>, targets: Tensor<1, Int>) -> Result<Tensor<1>, ModelError> {
        Ok(ops::head_cross_entropy(
            self.hidden(tokens)?,
            self.head(),
            targets,
        ))
    }
}
