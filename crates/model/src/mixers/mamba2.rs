use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::MixerSpec;
use super::recurrent::{self, Half};
use crate::channels::ChannelSpec;
use crate::count::product_flops;
use crate::error::{ModelError, positive, rule, within};
use crate::memory::Remembered;
use crate::mixer::{Mixer, Place, Span, usual_head};
use crate::norm::NormKind;
use crate::ops::{Core, Mamba2Shape, Rotation};
use crate::weights::{Initial, Scope, WeightSpec};

/// A state space with one decay a head, computed in chunks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mamba2 {
    /// Width of a head, a divisor of `expand` times the stream's: the largest up to 64 unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_dim: Option<usize>,
    /// Rows of a head's state.
    pub state: usize,
    /// Groups of heads that share what they write and read by.
    pub groups: usize,
    /// The inner width over the stream's.
    pub expand: usize,
    /// Positions of the short convolution.
    pub taps: usize,
    /// Positions that are computed together.
    pub chunk: usize,
    /// Whether the values of each group of heads are normalised by themselves, not those of all heads together.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub grouped_norm: bool,
    /// What steps below it are raised to: nothing unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_step: Option<f64>,
}

impl Default for Mamba2 {
    fn default() -> Self {
        Self {
            head_dim: None,
            state: 128,
            groups: 1,
            expand: 2,
            taps: 4,
            chunk: 64,
            grouped_norm: false,
            least_step: None,
        }
    }
}

impl Mamba2 {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Mamba-2 (Dao and Gu 2024, arXiv 2405.21060): S[t] = exp(D[t] A) S[t-1] + D[t] \
        B[t] x[t]', y[t] = S[t]' C[t] + skip x[t], D = softplus(step + bias), A < 0 one a head; x, B and C after a short \
        convolution and SiLU, y gated by SiLU and normalised, of all heads or a group, before it is projected back. Chunks of positions are \
        computed together by products. It remembers one state a head, whatever the length.";

    fn inner(&self, width: usize) -> usize {
        self.expand.saturating_mul(width)
    }

    pub(crate) fn head(&self, width: usize) -> usize {
        self.head_dim.unwrap_or_else(|| usual_head(self.inner(width), 1))
    }

    /// Its sizes over a span of some sequences.
    pub(crate) fn shape(&self, width: usize, batch: usize, length: usize) -> Mamba2Shape {
        Mamba2Shape {
            batch,
            length,
            heads: self.inner(width) / self.head(width).max(1),
            groups: self.groups,
            dimension: self.head(width),
            state: self.state,
            chunk: self.chunk,
            taps: self.taps,
            norm_groups: if self.grouped_norm { self.groups } else { 1 },
            least_step: self.least_step.unwrap_or(0.0) as f32,
        }
    }

    fn half<'a>(&'a self, weights: &'a Scope<'_>) -> Half<'a, impl Fn(usize, usize, usize) -> Core> {
        Half {
            weights,
            kind: "mamba",
            small: &[
                "convolution",
                "convolution_bias",
                "step_bias",
                "decay_log",
                "skip",
                "inner_norm",
            ],
            core: |width, batch, length| Core::Mamba2(self.shape(width, batch, length)),
        }
    }
}

impl Mixer for Mamba2 {
    fn letter(&self) -> char {
        'm'
    }

    fn channel(&self) -> Option<ChannelSpec> {
        None
    }

    fn numerics(&self) -> u32 {
        1
    }

    fn examples(&self) -> Vec<MixerSpec> {
        let grouped = Self {
            head_dim: Some(4),
            state: 4,
            groups: 2,
            expand: 2,
            taps: 3,
            chunk: 4,
            grouped_norm: false,
            least_step: None,
        };
        let grouped_norm = Self {
            grouped_norm: true,
            least_step: Some(0.04),
            ..grouped.clone()
        };
        let whole = Self {
            head_dim: Some(8),
            state: 3,
            groups: 1,
            expand: 1,
            ..Self::default()
        };
        [grouped_norm, grouped, whole].map(MixerSpec::Mamba2).into()
    }

    fn norms(&self) -> &'static [NormKind] {
        &[NormKind::Rms, NormKind::ZeroCentred]
    }

    fn validate(&self, width: usize) -> Result<(), ModelError> {
        let head = self.head(width);
        within("head_dim", head, 1, 1 << 12)?;
        within("state", self.state, 1, 1 << 12)?;
        within("expand", self.expand, 1, 1 << 6)?;
        within("taps", self.taps, 2, 1 << 6)?;
        within("chunk", self.chunk, 1, 1 << 12)?;
        positive(
            "least_step",
            self.least_step,
            "leave it out for steps of any size",
        )?;
        let inner = self.inner(width);
        rule(
            inner.is_multiple_of(head),
            "head_dim",
            head,
            format!(
                "must divide the inner width, `expand = {}` times `width = {width}`",
                self.expand
            ),
            "choose a divisor",
        )?;
        let heads = inner / head;
        within("groups", self.groups, 1, heads)?;
        rule(
            heads.is_multiple_of(self.groups),
            "groups",
            self.groups,
            format!("must divide the {heads} heads"),
            "choose a divisor, or leave it out for one group",
        )
    }

    fn weights(&self, place: Place) -> Vec<WeightSpec> {
        let shape = self.shape(place.width, 1, 1);
        let (channels, inner) = (shape.channels(), shape.inner());
        let states = shape.groups * shape.state;
        let projected = [inner, inner, states, states, shape.heads];
        let of_heads = |name: &str, initial| recurrent::of_heads(name, shape.heads, initial);
        vec![
            place.norm.gain("mamba_norm", &[place.width]),
            // To the gate, x, B, C and steps.
            WeightSpec::side_by_side("mamba_projection", place.width, &projected, 1.0),
            recurrent::filter(self.taps, channels),
            recurrent::filter_bias(self.taps, channels),
            of_heads("step_bias", recurrent::STEP_BIAS),
            of_heads("decay_log", recurrent::DECAY_LOG),
            of_heads("skip", Initial::Constant(1.0)),
            WeightSpec::gain("inner_norm", inner),
            WeightSpec::matrix("mamba_output", [inner, place.width], place.residual()),
        ]
    }

    fn operations(&self, width: usize, span: Span) -> Vec<(&'static str, f64)> {
        let shape = self.shape(width, 1, span.length);
        let scan = |count: usize| {
            let of_head = product_flops(count, count, shape.dimension)
                + 2.0 * product_flops(count, self.state, shape.dimension);
            self.groups as f64 * product_flops(count, self.state, count) + shape.heads as f64 * of_head
        };
        let (whole, rest) = (span.length / self.chunk, span.length % self.chunk);
        vec![
            (
                "state-space projection",
                product_flops(span.length, width, shape.columns()),
            ),
            ("state-space scan", whole as f64 * scan(self.chunk) + scan(rest)),
            (
                "state-space output",
                product_flops(span.length, shape.inner(), width),
            ),
        ]
    }

    fn kept(&self, width: usize) -> usize {
        let shape = self.shape(width, 1, 1);
        width + shape.columns() + shape.channels() + 2 * shape.inner() + shape.state_size() / self.chunk
    }

    fn passing(&self, width: usize) -> usize {
        let shape = self.shape(width, 1, 1);
        shape.columns() + shape.channels() + 2 * shape.inner()
    }

    fn remembered(&self, width: usize, _positions: usize) -> usize {
        let shape = self.shape(width, 1, 1);
        shape.window_size() + shape.state_size()
    }

    fn mix(&self, x: Tensor<2>, weights: &Scope<'_>, length: usize, _: Option<&Rotation>) -> Tensor<2> {
        self.half(weights).mix(x, length)
    }

    fn step(
        &self,
        x: Tensor<2>,
        weights: &Scope<'_>,
        _: Option<&Rotation>,
        sequences: &mut [Remembered<'_>],
    ) -> Tensor<2> {
        self.half(weights).step(x, sequences)
    }
}
