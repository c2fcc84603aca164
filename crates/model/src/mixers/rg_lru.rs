use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::MixerSpec;
use super::recurrent::{self, Half};
use crate::channels::{ChannelSpec, GeGlu};
use crate::count::product_flops;
use crate::error::{ModelError, rule, within};
use crate::memory::Remembered;
use crate::mixer::{Mixer, Place, Span, usual_head};
use crate::norm::NormKind;
use crate::ops::{Core, RgLruShape, Rotation};
use crate::weights::{Initial, Scope, WeightSpec};

/// Griffin's recurrent block around the real-gated linear recurrent unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RgLru {
    /// Channels of its state: as many as the stream's unless they are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inner: Option<usize>,
    /// Blocks of channels whose gates see each other, a divisor of `inner`: of the most channels up to 64 that divide it
    /// unless they are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heads: Option<usize>,
    /// Positions of the short convolution.
    pub taps: usize,
}

impl Default for RgLru {
    fn default() -> Self {
        Self {
            inner: None,
            heads: None,
            taps: 4,
        }
    }
}

/// So that of a state whose gate is open a position leaves from 0.9 to 0.999, uniformly (section 2.4 of the paper).
const DECAY: Initial = Initial::Decay(0.9, 0.999, 8.0);

impl RgLru {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "RG-LRU in Griffin's recurrent block (De et al. 2024, arXiv 2402.19427): h[t] = \
        a[t] h[t-1] + sqrt(1 - a[t]^2) i[t] x[t], the root one at the first position, a = exp(-8 r softplus(decay)), \
        x of the normalised stream after a short convolution, r and i = sigmoid of x by matrices of blocks of \
        channels; h gated by GELU of another projection. It remembers one state, whatever the length.";

    /// Its sizes over a span of some sequences.
    pub(crate) fn shape(&self, width: usize, batch: usize, length: usize) -> RgLruShape {
        let inner = self.inner.unwrap_or(width);
        RgLruShape {
            batch,
            length,
            inner,
            heads: self.heads.unwrap_or_else(|| inner / usual_head(inner, 1)),
            taps: self.taps,
        }
    }

    fn half<'a>(&'a self, weights: &'a Scope<'_>) -> Half<'a, impl Fn(usize, usize, usize) -> Core> {
        Half {
            weights,
            kind: "recurrent",
            small: &[
                "recurrent_projection_bias",
                "convolution",
                "convolution_bias",
                "recurrence_gate",
                "recurrence_gate_bias",
                "input_gate",
                "input_gate_bias",
                "decay",
            ],
            core: |width, batch, length| Core::RgLru(self.shape(width, batch, length)),
        }
    }
}

impl Mixer for RgLru {
    fn letter(&self) -> char {
        'r'
    }

    fn channel(&self) -> Option<ChannelSpec> {
        Some(ChannelSpec::GeGlu(GeGlu::default()))
    }

    fn numerics(&self) -> u32 {
        1
    }

    fn examples(&self) -> Vec<MixerSpec> {
        let narrow = Self {
            inner: Some(6),
            heads: Some(2),
            taps: 3,
        };
        [narrow, Self::default()].map(MixerSpec::RgLru).into()
    }

    fn norms(&self) -> &'static [NormKind] {
        &[NormKind::Rms, NormKind::ZeroCentred]
    }

    fn validate(&self, width: usize) -> Result<(), ModelError> {
        let shape = self.shape(width, 1, 1);
        within("inner", shape.inner, 1, 1 << 16)?;
        within("heads", shape.heads, 1, shape.inner)?;
        within("taps", self.taps, 2, 1 << 6)?;
        rule(
            shape.inner.is_multiple_of(shape.heads),
            "heads",
            shape.heads,
            format!("must divide `inner = {}`", shape.inner),
            "choose a divisor, or leave it out",
        )
    }

    fn weights(&self, place: Place) -> Vec<WeightSpec> {
        let shape = self.shape(place.width, 1, 1);
        let (inner, head) = (shape.inner, shape.head());
        // The squares of the heads, one below the other.
        let gate = |name: &str| WeightSpec {
            shape: vec![inner, head],
            ..WeightSpec::matrix(name, [head, head], 1.0)
        };
        vec![
            place.norm.gain("recurrent_norm", &[place.width]),
            // To the gate, then to what is convolved.
            WeightSpec::side_by_side("recurrent_projection", place.width, &[inner; 2], 1.0),
            WeightSpec::bias("recurrent_projection_bias", shape.columns()),
            recurrent::filter(self.taps, inner),
            recurrent::filter_bias(self.taps, inner),
            gate("recurrence_gate"),
            WeightSpec::bias("recurrence_gate_bias", inner),
            gate("input_gate"),
            WeightSpec::bias("input_gate_bias", inner),
            recurrent::of_heads("decay", inner, DECAY),
            WeightSpec::matrix("recurrent_output", [inner, place.width], place.residual()),
            WeightSpec::bias("recurrent_output_bias", place.width),
        ]
    }

    fn operations(&self, width: usize, span: Span) -> Vec<(&'static str, f64)> {
        let shape = self.shape(width, 1, span.length);
        let of = |inputs, outputs| product_flops(span.length, inputs, outputs);
        vec![
            ("recurrent projection", of(width, shape.columns())),
            ("recurrence gates", 2.0 * of(shape.inner, shape.head())),
            ("recurrent output", of(shape.inner, width)),
        ]
    }

    fn kept(&self, width: usize) -> usize {
        // The rows, the same with their bias, what is convolved, two gates, the state and what is gated.
        width + 2 * self.shape(width, 1, 1).columns() + 5 * self.shape(width, 1, 1).inner
    }

    fn passing(&self, width: usize) -> usize {
        let shape = self.shape(width, 1, 1);
        shape.columns() + 5 * shape.inner
    }

    fn remembered(&self, width: usize, _positions: usize) -> usize {
        let shape = self.shape(width, 1, 1);
        shape.window_size() + shape.state_size()
    }

    fn mix(&self, x: Tensor<2>, weights: &Scope<'_>, length: usize, _: Option<&Rotation>) -> Tensor<2> {
        self.half(weights).mix(x, length) + weights.vector("recurrent_output_bias").unsqueeze()
    }

    fn step(
        &self,
        x: Tensor<2>,
        weights: &Scope<'_>,
        _: Option<&Rotation>,
        sequences: &mut [Remembered<'_>],
    ) -> Tensor<2> {
        self.half(weights).step(x, sequences) + weights.vector("recurrent_output_bias").unsqueeze()
    }
}
