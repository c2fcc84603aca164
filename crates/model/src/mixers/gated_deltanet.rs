use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::MixerSpec;
use super::recurrent::{self, Half};
use crate::channels::{ChannelSpec, SwiGlu};
use crate::count::product_flops;
use crate::error::{ModelError, rule, within};
use crate::memory::Remembered;
use crate::mixer::{Mixer, Place, Span, usual_head};
use crate::norm::NormKind;
use crate::ops::{Core, GatedDeltaShape, Rotation};
use crate::weights::{Scope, WeightSpec};

/// Linear attention by the gated delta rule, computed in chunks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GatedDeltaNet {
    /// Heads: the stream's width over twice `head_dim` unless they are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heads: Option<usize>,
    /// Heads of queries and keys, a divisor of `heads`, each of which serves as many of those: as many unless they are
    /// given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_heads: Option<usize>,
    /// Width of a query or key of a head: the largest up to 64 that divides half the stream's unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_dim: Option<usize>,
    /// Width of a value over that of a key.
    pub expand_value: usize,
    /// Positions of the short convolution.
    pub taps: usize,
    /// Positions that are computed together.
    pub chunk: usize,
    /// Whether what a state holds along a key can change its sign, by rates of writing up to two.
    pub negative_eigenvalues: bool,
}

impl Default for GatedDeltaNet {
    fn default() -> Self {
        Self {
            heads: None,
            key_heads: None,
            head_dim: None,
            expand_value: 2,
            taps: 4,
            chunk: 64,
            negative_eigenvalues: false,
        }
    }
}

impl GatedDeltaNet {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Gated DeltaNet (Yang, Kautz and Hatamizadeh 2024, arXiv 2412.06464): S[t] = a[t] \
        (S[t-1] - b[t] k[t] (S[t-1]' k[t])') + b[t] k[t] v[t]', o[t] = S[t]' q[t], keys and queries of length one after \
        a short convolution and SiLU, a = exp(-A softplus(step + bias)), b = sigmoid(rate), or twice that with negative \
        eigenvalues (Grazzi et al. 2024, arXiv 2411.12537); o normalised a head and gated by SiLU. Chunks of positions \
        are computed together by products (arXiv 2406.06484). It remembers one state a head, whatever the length.";

    /// Its sizes over a span of some sequences.
    pub(crate) fn shape(&self, width: usize, batch: usize, length: usize) -> GatedDeltaShape {
        let half = (width / 2).max(1);
        let key = self.head_dim.unwrap_or_else(|| usual_head(half, 1));
        let heads = self.heads.unwrap_or((half / key.max(1)).max(1));
        GatedDeltaShape {
            batch,
            length,
            heads,
            key_heads: self.key_heads.unwrap_or(heads),
            key,
            value: key.saturating_mul(self.expand_value),
            chunk: self.chunk,
            taps: self.taps,
            negative: self.negative_eigenvalues,
        }
    }

    fn half<'a>(&'a self, weights: &'a Scope<'_>) -> Half<'a, impl Fn(usize, usize, usize) -> Core> {
        Half {
            weights,
            kind: "delta",
            small: &["convolution", "step_bias", "decay_log", "head_norm"],
            core: |width, batch, length| Core::GatedDelta(self.shape(width, batch, length)),
        }
    }
}

impl Mixer for GatedDeltaNet {
    fn letter(&self) -> char {
        'd'
    }

    fn channel(&self) -> Option<ChannelSpec> {
        Some(ChannelSpec::SwiGlu(SwiGlu::default()))
    }

    fn numerics(&self) -> u32 {
        1
    }

    fn examples(&self) -> Vec<MixerSpec> {
        let small = Self {
            heads: Some(2),
            head_dim: Some(3),
            taps: 3,
            chunk: 4,
            negative_eigenvalues: true,
            ..Self::default()
        };
        let usual = Self {
            expand_value: 3,
            ..Self::default()
        };
        let shared = Self {
            heads: Some(4),
            key_heads: Some(2),
            expand_value: 1,
            ..small.clone()
        };
        [shared, small, usual].map(MixerSpec::GatedDeltaNet).into()
    }

    fn norms(&self) -> &'static [NormKind] {
        &[NormKind::Rms, NormKind::ZeroCentred]
    }

    fn validate(&self, width: usize) -> Result<(), ModelError> {
        let shape = self.shape(width, 1, 1);
        within("heads", shape.heads, 1, 1 << 12)?;
        within("key_heads", shape.key_heads, 1, shape.heads)?;
        rule(
            shape.heads.is_multiple_of(shape.key_heads),
            "key_heads",
            shape.key_heads,
            format!("must divide `heads = {}`", shape.heads),
            "choose a divisor, or leave it out for one a head",
        )?;
        within("head_dim", shape.key, 1, 1 << 12)?;
        within("expand_value", self.expand_value, 1, 1 << 6)?;
        within("taps", self.taps, 2, 1 << 6)?;
        within("chunk", self.chunk, 1, 1 << 12)?;
        rule(
            self.heads.is_some() || 2 * shape.heads * shape.key == width,
            "width",
            width,
            format!(
                "must be a multiple of twice `head_dim = {}` where no `heads` are given",
                shape.key
            ),
            "choose one, or set `heads`",
        )
    }

    fn weights(&self, place: Place) -> Vec<WeightSpec> {
        let shape = self.shape(place.width, 1, 1);
        let (inner, keys) = (shape.inner(), shape.key_heads * shape.key);
        let projected = [inner, keys, keys, inner, shape.heads, shape.heads];
        let of_heads = |name: &str, initial| recurrent::of_heads(name, shape.heads, initial);
        vec![
            place.norm.gain("delta_norm", &[place.width]),
            // To the gate, queries, keys, values, steps and rates.
            WeightSpec::side_by_side("delta_projection", place.width, &projected, 1.0),
            recurrent::filter(self.taps, shape.channels()),
            of_heads("step_bias", recurrent::STEP_BIAS),
            of_heads("decay_log", recurrent::DECAY_LOG),
            WeightSpec::gain("head_norm", shape.value),
            WeightSpec::matrix("delta_output", [inner, place.width], place.residual()),
        ]
    }

    fn operations(&self, width: usize, span: Span) -> Vec<(&'static str, f64)> {
        let shape = self.shape(width, 1, span.length);
        let (key, value) = (shape.key, shape.value);
        let rule = |count: usize| {
            // Keys and queries by keys, what is written by its system, read within, and three products with the state.
            let of_head = 2.0 * product_flops(count, key, count)
                + product_flops(count, count.saturating_sub(1), value) / 2.0
                + product_flops(count, count, value)
                + 3.0 * product_flops(count, key, value);
            shape.heads as f64 * of_head
        };
        let (whole, rest) = (span.length / self.chunk, span.length % self.chunk);
        vec![
            (
                "delta-rule projection",
                product_flops(span.length, width, shape.columns()),
            ),
            ("delta rule", whole as f64 * rule(self.chunk) + rule(rest)),
            (
                "delta-rule output",
                product_flops(span.length, shape.inner(), width),
            ),
        ]
    }

    fn kept(&self, width: usize) -> usize {
        let shape = self.shape(width, 1, 1);
        width + shape.columns() + shape.channels() + 3 * shape.inner() + shape.state_size() / self.chunk
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
