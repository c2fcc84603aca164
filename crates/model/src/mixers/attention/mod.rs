mod examples;
mod pass;
mod rules;

use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::MixerSpec;
use crate::channels::{ChannelSpec, SwiGlu};
use crate::count::product_flops;
use crate::error::ModelError;
use crate::is_default;
use crate::memory::Remembered;
use crate::mixer::{Mixer, Place, Span, usual_head};
use crate::ops::{AttentionHeads, Limits, Rotation};
use crate::rope_scaling::{RopeScaling, rotation, turns};
use crate::weights::{Scope, WeightSpec};
use pass::Pass;
pub(super) use pass::attend;

/// Attention with grouped queries and rotary positions, causal unless it is said otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Attention {
    /// Query heads: the stream's width over `head_dim` unless they are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heads: Option<usize>,
    /// Key and value heads, a divisor of `heads`: as many unless they are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_value_heads: Option<usize>,
    /// Width of a head: the stream's over `heads`, or the largest that divides it up to 64, unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_dim: Option<usize>,
    /// Base of the rotary angles.
    pub rope_theta: f64,
    /// The share of a head's coordinates that turn by their position, its first ones, an even number: all unless it is
    /// given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotary_fraction: Option<f64>,
    /// How the rotary angles are changed for a context longer than that of training, if they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rope_scaling: Option<RopeScaling>,
    /// Positions that one sees, itself the last of them: all up to itself unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<usize>,
    /// Whether a position sees those after it, too.
    #[serde(skip_serializing_if = "is_default")]
    pub bidirectional: bool,
    /// What bounds the scores, `cap × tanh(score ÷ cap)`, if anything does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub soft_cap: Option<f64>,
    /// Which projections add a bias.
    #[serde(skip_serializing_if = "is_default")]
    pub bias: Bias,
    /// Whether the heads of queries and keys are normalised before they turn.
    #[serde(skip_serializing_if = "is_default")]
    pub qk_norm: bool,
    /// Whether what is attended to passes a sigmoid gate of the stream before it is projected back.
    #[serde(skip_serializing_if = "is_default")]
    pub output_gate: bool,
}

/// Which projections of attention add a bias.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bias {
    /// None of them.
    #[default]
    None,
    /// That to queries, keys and values.
    QueryKeyValue,
    /// That back to the stream, too.
    All,
    /// That back to the stream alone.
    Output,
}

impl Bias {
    /// Whether that to queries, keys and values does.
    pub fn is_of_inputs(self) -> bool {
        matches!(self, Self::QueryKeyValue | Self::All)
    }

    /// Whether that back to the stream does.
    pub fn is_of_output(self) -> bool {
        matches!(self, Self::All | Self::Output)
    }
}

impl Default for Attention {
    fn default() -> Self {
        Self {
            heads: None,
            key_value_heads: None,
            head_dim: None,
            rope_theta: 10_000.0,
            rotary_fraction: None,
            rope_scaling: None,
            window: None,
            bidirectional: false,
            soft_cap: None,
            bias: Bias::None,
            qk_norm: false,
            output_gate: false,
        }
    }
}

impl Attention {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Causal attention (Vaswani et al. 2017, arXiv 1706.03762) with rotary positions \
        (arXiv 2104.09864) and grouped queries (arXiv 2305.13245): softmax(q k' / sqrt(d)) v of the \
        normalised stream. By its settings: biases; heads of queries and keys normalised by RMSNorm (QK-norm, arXiv \
        2302.05442), a part of each head that turns and a sigmoid gate of the output (arXiv 2505.06708), as in Qwen 3 \
        and Qwen3-Next; a sliding window (arXiv 2310.06825), or all positions, those after one's own, too (as BERT, arXiv         1810.04805); scores bounded by c tanh(s / c) (arXiv 2408.00118); rotary \
        angles scaled for longer contexts (linear, ntk, dynamic, yarn, llama3; arXiv 2306.15595, 2309.00071). It \
        remembers the keys and values of every position, or of those before the last in the window.";

    /// Heads in a stream of that width.
    pub fn heads(&self, width: usize) -> AttentionHeads {
        let dimension = match (self.head_dim, self.heads) {
            (Some(dimension), _) => dimension,
            (None, Some(heads)) => width / heads.max(1),
            (None, None) => usual_head(width, 2),
        };
        let query = self.heads.unwrap_or((width / dimension.max(1)).max(1));
        AttentionHeads {
            query,
            key_value: self.key_value_heads.unwrap_or(query),
            dimension,
        }
    }

    /// What each pair of a head's coordinates turns by from a position to the next in a stream of that width, and what
    /// turned queries and keys are multiplied by; nothing where heads do not turn.
    pub fn turns(&self, width: usize, context: usize) -> (Vec<f64>, f64) {
        let turning = self.turning(self.heads(width).dimension);
        turns(context, turning, self.rope_theta, self.rope_scaling)
    }

    /// Coordinates of a head that turn.
    fn turning(&self, dimension: usize) -> usize {
        self.rotary_fraction
            .map_or(dimension, |fraction| (fraction * dimension as f64) as usize)
    }

    /// What bounds the scores.
    fn limits(&self) -> Limits {
        Limits {
            window: self.window,
            soft_cap: self.soft_cap.map(|cap| cap as f32),
            bidirectional: self.bidirectional,
        }
    }

    /// Pairs of a query and a key that are multiplied, the masked ones among them: by blocks of a window of queries,
    /// each with all keys that any of them sees.
    fn pairs(&self, span: Span) -> f64 {
        let Span { length, before } = span;
        let window = self.window.unwrap_or(usize::MAX).max(1);
        let before = before.min(window - 1);
        if window >= before + length {
            return length as f64 * (before + length) as f64;
        }
        let of_block = |first: usize| {
            let end = (first + window).min(length);
            let keys = before + end - (before + first + 1).saturating_sub(window);
            (end - first) as f64 * keys as f64
        };
        (0..length).step_by(window).map(of_block).sum()
    }
}

impl Mixer for Attention {
    fn letter(&self) -> char {
        'a'
    }

    fn channel(&self) -> Option<ChannelSpec> {
        Some(ChannelSpec::SwiGlu(SwiGlu::default()))
    }

    fn numerics(&self) -> u32 {
        1
    }

    fn examples(&self) -> Vec<MixerSpec> {
        examples::all().into_iter().map(MixerSpec::Attention).collect()
    }

    fn is_bidirectional(&self) -> bool {
        self.bidirectional
    }

    fn validate(&self, width: usize) -> Result<(), ModelError> {
        self.check(width)
    }

    fn weights(&self, place: Place) -> Vec<WeightSpec> {
        let (width, heads) = (place.width, self.heads(place.width));
        let mut weights = place.norm.weights("attention_norm", width);
        // Queries, then keys, then values.
        let shares = heads.shares();
        weights.push(WeightSpec::side_by_side("query_key_value", width, &shares, 1.0));
        if self.bias.is_of_inputs() {
            weights.push(WeightSpec::bias("query_key_value_bias", heads.projected()));
        }
        if self.qk_norm {
            // That of queries, then that of keys.
            weights.push(place.norm.gain("query_key_norm", &[2, heads.dimension]));
        }
        if self.output_gate {
            weights.push(WeightSpec::matrix("attention_gate", [width, heads.mixed()], 1.0));
        }
        weights.push(WeightSpec::matrix(
            "attention_output",
            [heads.mixed(), width],
            place.residual(),
        ));
        if self.bias.is_of_output() {
            weights.push(WeightSpec::bias("attention_output_bias", width));
        }
        weights
    }

    fn operations(&self, width: usize, span: Span) -> Vec<(&'static str, f64)> {
        let (heads, length) = (self.heads(width), span.length);
        let attend = product_flops(1, heads.mixed(), 1) * self.pairs(span);
        let output = product_flops(length, heads.mixed(), width);
        let mut operations = vec![
            (
                "query, key, value",
                product_flops(length, width, heads.projected()),
            ),
            ("attention scores", attend),
            ("attention mix", attend),
            ("attention output", output),
        ];
        operations.extend(self.output_gate.then_some(("attention gate", output)));
        operations
    }

    fn kept(&self, width: usize) -> usize {
        let heads = self.heads(width);
        let (projected, mixed) = (heads.projected(), heads.mixed());
        let normed = if self.qk_norm { projected } else { 0 };
        // The gate before and after its sigmoid, and what it lets pass.
        let gate = if self.output_gate { width + 3 * mixed } else { 0 };
        width + projected + mixed + normed + gate
    }

    fn passing(&self, width: usize) -> usize {
        let heads = self.heads(width);
        heads.projected() + if self.output_gate { 2 * heads.mixed() } else { 0 }
    }

    fn remembered(&self, width: usize, positions: usize) -> usize {
        let heads = self.heads(width);
        let positions = self
            .window
            .map_or(positions, |window| positions.min(window.saturating_sub(1)));
        2 * heads.key_value * heads.dimension * positions
    }

    fn rotation(&self, width: usize, context: usize, device: &Device) -> Option<Rotation> {
        let turning = self.turning(self.heads(width).dimension);
        let rotation = || rotation(context, turning, self.rope_theta, self.rope_scaling, device);
        (turning > 0).then(rotation)
    }

    fn mix(
        &self,
        x: Tensor<2>,
        weights: &Scope<'_>,
        length: usize,
        rotation: Option<&Rotation>,
    ) -> Tensor<2> {
        Pass::new(self, weights, rotation, x.dims()[1]).mix(x, length)
    }

    fn step(
        &self,
        x: Tensor<2>,
        weights: &Scope<'_>,
        rotation: Option<&Rotation>,
        sequences: &mut [Remembered<'_>],
    ) -> Tensor<2> {
        Pass::new(self, weights, rotation, x.dims()[1]).step(x, sequences)
    }
}
