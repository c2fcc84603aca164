use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::MixerSpec;
use super::recurrent::Half;
use crate::channels::{ChannelSpec, SwiGlu};
use crate::count::product_flops;
use crate::error::{ModelError, rule, within};
use crate::memory::Remembered;
use crate::mixer::{Mixer, Place, Span};
use crate::norm::NormKind;
use crate::ops::{Core, GatedLinearShape, Rotation};
use crate::weights::{Scope, WeightSpec};

/// Linear attention whose keys decay, each by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GatedLinearAttention {
    /// Heads.
    pub heads: usize,
    /// Width of a query or key of a head: half the stream's over the heads unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_dim: Option<usize>,
    /// Width of a value over that of a key.
    pub expand_value: usize,
    /// Numbers that the decays of all keys are made of.
    pub decay_rank: usize,
    /// What the logarithms of decays are divided by, so that states last.
    pub decay_divisor: usize,
}

impl Default for GatedLinearAttention {
    fn default() -> Self {
        Self {
            heads: 4,
            head_dim: None,
            expand_value: 2,
            decay_rank: 16,
            decay_divisor: 16,
        }
    }
}

impl GatedLinearAttention {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Gated linear attention (Yang et al. 2023, arXiv 2312.06635): S[t] = diag(a[t]) S[t-1] \
        + k[t] v[t]', o[t] = S[t]' q[t], a decay of each key by itself, a = sigmoid(low-rank gate + bias)^(1/16); o \
        normalised a head and gated by SiLU. It goes from position to position, so that no decay is divided by. It \
        remembers one state a head, whatever the length.";

    /// Its sizes over a span of some sequences.
    pub(crate) fn shape(&self, width: usize, batch: usize, length: usize) -> GatedLinearShape {
        let key = self.head_dim.unwrap_or(width / 2 / self.heads.max(1));
        GatedLinearShape {
            batch,
            length,
            heads: self.heads,
            key,
            value: key.saturating_mul(self.expand_value),
            rank: self.decay_rank,
            divisor: self.decay_divisor,
        }
    }

    fn half<'a>(&'a self, weights: &'a Scope<'_>) -> Half<'a, impl Fn(usize, usize, usize) -> Core> {
        Half {
            weights,
            kind: "linear",
            small: &["decay_projection", "decay_bias", "head_norm"],
            core: |width, batch, length| Core::GatedLinear(self.shape(width, batch, length)),
        }
    }
}

impl Mixer for GatedLinearAttention {
    fn letter(&self) -> char {
        'k'
    }

    fn channel(&self) -> Option<ChannelSpec> {
        Some(ChannelSpec::SwiGlu(SwiGlu::default()))
    }

    fn numerics(&self) -> u32 {
        1
    }

    fn examples(&self) -> Vec<MixerSpec> {
        let small = Self {
            heads: 3,
            head_dim: Some(3),
            decay_rank: 2,
            decay_divisor: 4,
            ..Self::default()
        };
        [small, Self::default()]
            .map(MixerSpec::GatedLinearAttention)
            .into()
    }

    fn norms(&self) -> &'static [NormKind] {
        &[NormKind::Rms, NormKind::ZeroCentred]
    }

    fn validate(&self, width: usize) -> Result<(), ModelError> {
        within("heads", self.heads, 1, 1 << 12)?;
        rule(
            self.head_dim.is_some() || (width > 0 && width.is_multiple_of(2 * self.heads)),
            "width",
            width,
            format!(
                "must be a multiple of twice `heads = {}` where no `head_dim` is given",
                self.heads
            ),
            "choose one, or set `head_dim`",
        )?;
        within("head_dim", self.shape(width, 1, 1).key, 1, 1 << 12)?;
        within("expand_value", self.expand_value, 1, 1 << 6)?;
        within("decay_rank", self.decay_rank, 1, 1 << 12)?;
        within("decay_divisor", self.decay_divisor, 1, 1 << 12)
    }

    fn weights(&self, place: Place) -> Vec<WeightSpec> {
        let shape = self.shape(place.width, 1, 1);
        let (inner, keys) = (shape.inner(), shape.keys());
        let projected = [inner, keys, keys, inner, shape.rank];
        vec![
            place.norm.gain("linear_norm", &[place.width]),
            // To the gate, queries, keys, values, and what the decays are made of.
            WeightSpec::side_by_side("linear_projection", place.width, &projected, 1.0),
            WeightSpec::matrix("decay_projection", [shape.rank, keys], 1.0),
            WeightSpec::bias("decay_bias", keys),
            WeightSpec::gain("head_norm", shape.value),
            WeightSpec::matrix("linear_output", [inner, place.width], place.residual()),
        ]
    }

    fn operations(&self, width: usize, span: Span) -> Vec<(&'static str, f64)> {
        let shape = self.shape(width, 1, span.length);
        let length = span.length;
        vec![
            (
                "linear-attention projection",
                product_flops(length, width, shape.columns()),
            ),
            (
                "linear-attention decays",
                product_flops(length, shape.rank, shape.keys()),
            ),
            // What is written and what is read.
            (
                "linear attention",
                2.0 * product_flops(length, shape.keys(), shape.value),
            ),
            (
                "linear-attention output",
                product_flops(length, shape.inner(), width),
            ),
        ]
    }

    fn kept(&self, width: usize) -> usize {
        let shape = self.shape(width, 1, 1);
        // What decays are made of, decays and queries; what is read and gated; states between chunks.
        width
            + shape.columns()
            + 3 * shape.keys()
            + 2 * shape.inner()
            + shape.state_size() / GatedLinearShape::CHUNK
    }

    fn passing(&self, width: usize) -> usize {
        let shape = self.shape(width, 1, 1);
        // With gradients of queries, keys and decays from every block of values.
        let blocks = shape.value.div_ceil(GatedLinearShape::BLOCK);
        shape.columns() + 2 * shape.inner() + (1 + 3 * blocks) * shape.keys()
    }

    fn remembered(&self, width: usize, _positions: usize) -> usize {
        self.shape(width, 1, 1).state_size()
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
