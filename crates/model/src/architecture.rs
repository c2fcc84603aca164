//! What an architecture is: a way to describe a [`Stack`].

use std::collections::BTreeMap;
use std::fmt::Debug;

use burn::tensor::Device;

use crate::architectures::ArchitectureSpec;
use crate::count::{FlopCount, ParameterCount};
use crate::error::ModelError;
use crate::model::Model;
use crate::stack::Stack;

/// A family of networks in its own words: every choice that shapes the network, fully resolved.
///
/// To add one, write a file in `architectures/` with a type that implements this, and add its line to the registry in
/// `architectures/mod.rs`; `tests/registry.rs` then holds it to its obligations.
pub trait Architecture: Debug {
    /// The parts that its bits hang on, each with its version.
    fn numerics(&self) -> BTreeMap<&'static str, u32>;

    /// Checks every field.
    ///
    /// # Errors
    /// For the first field that breaks a rule.
    fn validate(&self) -> Result<(), ModelError>;

    /// The network that it means.
    fn stack(&self) -> Stack;
}

impl ArchitectureSpec {
    /// Version of its parts' arithmetic; see [`Architecture::numerics`].
    pub fn numerics(&self) -> BTreeMap<&'static str, u32> {
        self.architecture().numerics()
    }

    /// Checks every field.
    ///
    /// # Errors
    /// For the first field that breaks a rule.
    pub fn validate(&self) -> Result<(), ModelError> {
        self.architecture().validate()
    }

    /// The network that it means.
    pub fn stack(&self) -> Stack {
        self.architecture().stack()
    }

    /// Size of the vocabulary.
    pub fn vocabulary(&self) -> usize {
        self.stack().vocabulary
    }

    /// The longest sequence, in tokens.
    pub fn context(&self) -> usize {
        self.stack().context
    }

    /// Exact parameter counts.
    pub fn parameters(&self) -> ParameterCount {
        self.stack().parameters()
    }

    /// Exact forward operations for one sequence of `length` tokens.
    pub fn forward_flops(&self, length: usize) -> FlopCount {
        self.stack().forward_flops(length)
    }

    /// About how many numbers one sequence of `length` tokens keeps for the backward pass.
    pub fn activations(&self, length: usize) -> u64 {
        self.stack().activations(length)
    }

    /// The network with initial weights that depend only on the description and `seed`.
    ///
    /// # Errors
    /// When the description is not valid.
    pub fn build(&self, seed: u64, device: &Device) -> Result<Model, ModelError> {
        self.validate()?;
        self.stack().build(seed, device)
    }
}
