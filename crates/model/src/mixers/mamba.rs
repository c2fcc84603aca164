use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::MixerSpec;
use super::recurrent::{self, Half};
use crate::channels::ChannelSpec;
use crate::count::product_flops;
use crate::error::{ModelError, within};
use crate::memory::Remembered;
use crate::mixer::{Mixer, Place, Span};
use crate::norm::NormKind;
use crate::ops::{Core, MambaShape, Rotation};
use crate::weights::{Group, Initial, Scope, WeightSpec};

/// A selective state space with a state of its own for each channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mamba {
    /// Numbers of a channel's state.
    pub state: usize,
    /// The inner width over the stream's.
    pub expand: usize,
    /// Numbers that the steps of all channels are made of: a sixteenth of the stream's width unless they are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_rank: Option<usize>,
    /// Positions of the short convolution.
    pub taps: usize,
    /// Whether what the steps are made of, what states are written by and what they are read by is normalised.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub inner_norms: bool,
}

impl Default for Mamba {
    fn default() -> Self {
        Self {
            state: 16,
            expand: 2,
            step_rank: None,
            taps: 4,
            inner_norms: false,
        }
    }
}

/// The small weights, that of `inner_norms` last.
const SMALL: [&str; 8] = [
    "convolution",
    "convolution_bias",
    "selection",
    "step_projection",
    "step_bias",
    "decay_log",
    "skip",
    "selection_norm",
];

impl Mamba {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Mamba (Gu and Dao 2023, arXiv 2312.00752): h[t] = exp(D[t] A) h[t-1] + D[t] B[t] \
        x[t], y[t] = C[t] h[t] + skip x[t], a state and rates A < 0 of its own for each channel, x after a short \
        convolution and SiLU, B, C and D = softplus(low-rank step + bias) made of x, as they are or normalised (Jamba, \
        arXiv 2403.19887), y gated by SiLU. It goes from position to position. It remembers one state a channel, \
        whatever the length.";

    /// Its sizes over a span of some sequences.
    pub(crate) fn shape(&self, width: usize, batch: usize, length: usize) -> MambaShape {
        MambaShape {
            batch,
            length,
            inner: self.expand.saturating_mul(width),
            state: self.state,
            rank: self.step_rank.unwrap_or_else(|| width.div_ceil(16)),
            taps: self.taps,
            normed: self.inner_norms,
        }
    }

    fn half<'a>(&'a self, weights: &'a Scope<'_>) -> Half<'a, impl Fn(usize, usize, usize) -> Core> {
        let small = match self.inner_norms {
            true => &SMALL[..],
            false => &SMALL[..SMALL.len() - 1],
        };
        Half {
            weights,
            kind: "mamba",
            small,
            core: |width, batch, length| Core::Mamba(self.shape(width, batch, length)),
        }
    }
}

impl Mixer for Mamba {
    fn letter(&self) -> char {
        's'
    }

    fn channel(&self) -> Option<ChannelSpec> {
        None
    }

    fn numerics(&self) -> u32 {
        1
    }

    fn examples(&self) -> Vec<MixerSpec> {
        let normed = Self {
            state: 3,
            expand: 1,
            step_rank: Some(2),
            taps: 3,
            inner_norms: true,
        };
        [normed, Self::default()].map(MixerSpec::Mamba).into()
    }

    fn norms(&self) -> &'static [NormKind] {
        &[NormKind::Rms, NormKind::ZeroCentred]
    }

    fn validate(&self, width: usize) -> Result<(), ModelError> {
        within("state", self.state, 1, 1 << 12)?;
        within("expand", self.expand, 1, 1 << 6)?;
        within("step_rank", self.shape(width, 1, 1).rank, 1, 1 << 12)?;
        within("taps", self.taps, 2, 1 << 6)
    }

    fn weights(&self, place: Place) -> Vec<WeightSpec> {
        let shape = self.shape(place.width, 1, 1);
        let (inner, rank) = (shape.inner, shape.rank);
        let of_states = |name: &str, shape: &[usize], initial| WeightSpec {
            name: name.to_owned(),
            shape: shape.to_vec(),
            initial,
            group: Group::Recurrence,
            hidden: None,
        };
        let bound = (rank as f64).sqrt().recip();
        let mut weights = vec![
            place.norm.gain("mamba_norm", &[place.width]),
            // To the gate and x.
            WeightSpec::side_by_side("mamba_projection", place.width, &[inner; 2], 1.0),
            recurrent::filter(self.taps, inner),
            recurrent::filter_bias(self.taps, inner),
            // To what steps are made of, B and C.
            WeightSpec::side_by_side("selection", inner, &[rank, self.state, self.state], 1.0),
            WeightSpec {
                initial: Initial::Uniform(-bound, bound),
                ..WeightSpec::matrix("step_projection", [rank, inner], 1.0)
            },
            of_states("step_bias", &[inner], recurrent::STEP_BIAS),
            of_states("decay_log", &[self.state, inner], Initial::LogarithmOfRow),
            of_states("skip", &[inner], Initial::Constant(1.0)),
        ];
        weights.extend(
            shape
                .normed
                .then(|| WeightSpec::gain("selection_norm", shape.selected())),
        );
        weights.push(WeightSpec::matrix(
            "mamba_output",
            [inner, place.width],
            place.residual(),
        ));
        weights
    }

    fn operations(&self, width: usize, span: Span) -> Vec<(&'static str, f64)> {
        let shape = self.shape(width, 1, span.length);
        let (length, inner, rank) = (span.length, shape.inner, shape.rank);
        vec![
            (
                "state-space projection",
                product_flops(length, width, shape.columns()),
            ),
            (
                "state-space selection",
                product_flops(length, inner, shape.selected()) + product_flops(length, rank, inner),
            ),
            // What is written and what is read.
            ("state-space scan", 2.0 * product_flops(length, self.state, inner)),
            ("state-space output", product_flops(length, inner, width)),
        ]
    }

    fn kept(&self, width: usize) -> usize {
        let shape = self.shape(width, 1, 1);
        let selected = shape.selected() + shape.gains();
        // The convolved, steps before softplus, what is scanned and gated; states between chunks.
        width + shape.columns() + 4 * shape.inner + selected + shape.state_size() / MambaShape::CHUNK
    }

    fn passing(&self, width: usize) -> usize {
        let shape = self.shape(width, 1, 1);
        // With gradients of what is selected by from every block of channels.
        let blocks = shape.inner.div_ceil(MambaShape::BLOCK);
        shape.columns() + 6 * shape.inner + (3 * blocks + 1) * shape.selected()
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
