//! What mixes positions: a part of a block, described by its settings alone.

use std::fmt::Debug;

use burn::tensor::{Device, Tensor};

use crate::channels::ChannelSpec;
use crate::error::ModelError;
use crate::memory::Remembered;
use crate::mixers::MixerSpec;
use crate::norm::NormKind;
use crate::ops::Rotation;
use crate::weights::{Scope, WeightSpec};

/// Where in a network a part stands, as far as its weights depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Width of the residual stream.
    pub width: usize,
    /// How many parts write to the residual stream, in all blocks together.
    pub writes: usize,
    /// How rows are normalised.
    pub norm: NormKind,
}

impl Place {
    /// The scale of the initial weights of a matrix that writes to the residual stream, so that the sum of what is
    /// written starts at the size of one (GPT-2).
    pub fn residual(self) -> f64 {
        (self.writes as f64).sqrt().recip()
    }
}

/// Width of a head where none is given: the largest divisor of all heads' width up to 64 that is a multiple of `step`.
pub(crate) fn usual_head(width: usize, step: usize) -> usize {
    let fits = |&head: &usize| width.is_multiple_of(head);
    (step..=64)
        .rev()
        .filter(|head| head.is_multiple_of(step))
        .find(fits)
        .unwrap_or(step)
}

/// The positions that a part computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// How many.
    pub length: usize,
    /// How many of their sequence came before, and are remembered.
    pub before: usize,
}

impl Span {
    /// A whole sequence.
    pub fn whole(length: usize) -> Self {
        Self { length, before: 0 }
    }
}

/// What mixes positions, normalised before and added to the residual stream after: [`mix`](Self::mix) takes the stream
/// and returns it.
///
/// To add one, write a file in `mixers/` with a type that holds its settings and implements this, and add its line to
/// the registry in `mixers/mod.rs`; `tests/registry.rs` then holds it to its obligations.
pub trait Mixer: Debug {
    /// The letter that stands for it in a pattern.
    fn letter(&self) -> char;

    /// What follows it in a block that says nothing else.
    fn channel(&self) -> Option<ChannelSpec>;

    /// Version of its arithmetic: raised when equal settings give other initial weights, or weights and rows other
    /// rows, other than by the operations of `kernels` or the random streams.
    fn numerics(&self) -> u32;

    /// Settings for a stream of width 8 that between them reach every branch of its code.
    fn examples(&self) -> Vec<MixerSpec>;

    /// The normalisations that it can stand after.
    fn norms(&self) -> &'static [NormKind] {
        NormKind::ALL
    }

    /// Checks its settings in a network of that width.
    ///
    /// # Errors
    /// For the first setting that breaks a rule.
    fn validate(&self, width: usize) -> Result<(), ModelError>;

    /// What it leaves for later layers in each pass, if anything.
    fn leaves(&self) -> Option<&'static str> {
        None
    }

    /// What an earlier layer must have left for it, if anything.
    fn takes(&self) -> Option<&'static str> {
        None
    }

    /// Whether a position sees those after it; then it takes whole sequences alone.
    fn is_bidirectional(&self) -> bool {
        false
    }

    /// Its weights, in a fixed order. A block's mixer and channel share their names' scope.
    fn weights(&self, place: Place) -> Vec<WeightSpec>;

    /// Those that all blocks of this kind and [`set`](Self::set) in a network have together, in a fixed order.
    fn shared(&self, _place: Place) -> Vec<WeightSpec> {
        Vec::new()
    }

    /// Which of several sets of shared weights it has.
    fn set(&self) -> usize {
        0
    }

    /// Operations of the forward pass over a span of one sequence, by what computes.
    fn operations(&self, width: usize, span: Span) -> Vec<(&'static str, f64)>;

    /// About how many numbers a position keeps for the backward pass.
    fn kept(&self, width: usize) -> usize;

    /// About how many numbers a position needs besides while the backward pass is in this part.
    fn passing(&self, width: usize) -> usize;

    /// Exactly how many numbers are remembered of one sequence after so many positions.
    fn remembered(&self, width: usize, positions: usize) -> usize;

    /// The rotary angles that it needs, made once a model.
    fn rotation(&self, _width: usize, _context: usize, _device: &Device) -> Option<Rotation> {
        None
    }

    /// Whole sequences: `x [batch × length, width]` to the same shape.
    fn mix(&self, x: Tensor<2>, weights: &Scope<'_>, length: usize, rotation: Option<&Rotation>)
    -> Tensor<2>;

    /// The positions that follow those remembered, as many of each sequence, without gradients:
    /// `x [sequences × length, width]` to the same shape. Sequences may stand at different positions.
    fn step(
        &self,
        x: Tensor<2>,
        weights: &Scope<'_>,
        rotation: Option<&Rotation>,
        sequences: &mut [Remembered<'_>],
    ) -> Tensor<2>;
}
