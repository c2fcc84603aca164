//! What mixes the values of one position: a part of a block, described by its settings alone.

use std::fmt::Debug;

use burn::tensor::Tensor;

use crate::channels::ChannelSpec;
use crate::error::ModelError;
use crate::memory::Remembered;
use crate::mixer::Place;
use crate::weights::{Scope, WeightSpec};

/// What mixes the values of one position, normalised before and added to the residual stream after.
///
/// To add one, write a file in `channels/` with a type that holds its settings and implements this, and add its line to
/// the registry in `channels/mod.rs`; `tests/registry.rs` then holds it to its obligations.
pub trait Channel: Debug {
    /// Version of its arithmetic, as that of a [`Mixer`](crate::Mixer).
    fn numerics(&self) -> u32;

    /// Settings for a stream of width 8 that between them reach every branch of its code.
    fn examples(&self) -> Vec<ChannelSpec>;

    /// Checks its settings.
    ///
    /// # Errors
    /// For the first setting that breaks a rule.
    fn validate(&self, width: usize) -> Result<(), ModelError>;

    /// Its weights, in a fixed order.
    fn weights(&self, place: Place) -> Vec<WeightSpec>;

    /// How many of the numbers of its weights take no part in what it makes of one position.
    fn idle(&self, _width: usize) -> usize {
        0
    }

    /// Operations of the forward pass over so many positions, by what computes.
    fn operations(&self, width: usize, length: usize) -> Vec<(&'static str, f64)>;

    /// About how many numbers a position keeps for the backward pass.
    fn kept(&self, width: usize) -> usize;

    /// About how many numbers a position needs besides while the backward pass is in this part.
    fn passing(&self, width: usize) -> usize;

    /// Exactly how many numbers are remembered of one sequence.
    fn remembered(&self, _width: usize) -> usize {
        0
    }

    /// Whole sequences: `x [batch × length, width]` to the same shape.
    fn mix(&self, x: Tensor<2>, weights: &Scope<'_>, length: usize) -> Tensor<2>;

    /// The positions that follow those remembered, as many of each sequence, without gradients:
    /// `x [sequences × length, width]` to the same shape.
    fn step(&self, x: Tensor<2>, weights: &Scope<'_>, sequences: &mut [Remembered<'_>]) -> Tensor<2> {
        let length = x.dims()[0] / sequences.len();
        self.mix(x, weights, length)
    }
}
