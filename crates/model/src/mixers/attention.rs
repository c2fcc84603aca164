use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::MixerSpec;
use crate::channels::{ChannelSpec, SwiGlu};
use crate::count::product_flops;
use crate::error::{ModelError, rule, within};
use crate::memory::Remembered;
use crate::mixer::{Mixer, Place, Span, usual_head};
use crate::ops::{self, AttentionHeads, AttentionWeights, NORM_EPSILON, Rotation};
use crate::weights::{Scope, WeightSpec};

/// Causal attention with grouped queries and rotary positions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Attention {
    /// Query heads: the stream's width over `head_dim` unless they are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heads: Option<usize>,
    /// Key and value heads, a divisor of `heads`: as many unless they are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_value_heads: Option<usize>,
    /// Width of a head, even: the stream's over `heads`, or the largest that divides it up to 64, unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_dim: Option<usize>,
    /// Base of the rotary angles.
    pub rope_theta: f64,
}

impl Default for Attention {
    fn default() -> Self {
        Self {
            heads: None,
            key_value_heads: None,
            head_dim: None,
            rope_theta: 10_000.0,
        }
    }
}

impl Attention {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Causal attention (Vaswani et al. 2017, arXiv 1706.03762) with rotary positions \
        (arXiv 2104.09864) and grouped queries (arXiv 2305.13245): softmax(q k' / sqrt(d)) v of the RMS-normalised \
        stream, without biases. It remembers the keys and values of every position.";

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
}

/// Columns of the packed projection to queries, keys and values.
fn projected(heads: AttentionHeads) -> usize {
    (heads.query + 2 * heads.key_value) * heads.dimension
}

/// Columns of what attention returns.
fn mixed(heads: AttentionHeads) -> usize {
    heads.query * heads.dimension
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
        let grouped = Self {
            heads: Some(4),
            key_value_heads: Some(2),
            head_dim: Some(2),
            ..Self::default()
        };
        let wide = Self {
            head_dim: Some(4),
            rope_theta: 100.0,
            ..Self::default()
        };
        [grouped, wide].map(MixerSpec::Attention).into()
    }

    fn validate(&self, width: usize) -> Result<(), ModelError> {
        let AttentionHeads {
            query,
            key_value,
            dimension,
        } = self.heads(width);
        within("heads", query, 1, 1 << 12)?;
        within("key_value_heads", key_value, 1, query)?;
        within("head_dim", dimension, 2, 1 << 12)?;
        rule(
            query.is_multiple_of(key_value),
            "key_value_heads",
            key_value,
            format!("must divide `heads = {query}`"),
            "choose a divisor, or leave it out for one a query head",
        )?;
        rule(
            dimension.is_multiple_of(2),
            "head_dim",
            dimension,
            "must be even, for rotary positions turn pairs",
            "choose a `width` that is an even multiple of `heads`, or set an even `head_dim`",
        )?;
        rule(
            self.heads.is_some() || query * dimension == width,
            "width",
            width,
            format!("must be a multiple of `head_dim = {dimension}` where no `heads` are given"),
            "choose one, or set `heads`",
        )?;
        rule(
            self.head_dim.is_some() || query * dimension == width,
            "width",
            width,
            format!("must be a multiple of `heads = {query}` where no `head_dim` is given"),
            "choose one, or set `head_dim`",
        )?;
        rule(
            self.rope_theta.is_finite() && self.rope_theta > 1.0,
            "rope_theta",
            self.rope_theta,
            "must be a finite number above 1",
            "leave it out for 10000",
        )
    }

    fn weights(&self, place: Place) -> Vec<WeightSpec> {
        let (width, heads) = (place.width, self.heads(place.width));
        vec![
            WeightSpec::gain("attention_norm", width),
            // Queries, then keys, then values.
            WeightSpec::matrix("query_key_value", [width, projected(heads)], 1.0),
            WeightSpec::matrix("attention_output", [mixed(heads), width], place.residual()),
        ]
    }

    fn operations(&self, width: usize, span: Span) -> Vec<(&'static str, f64)> {
        let (heads, Span { length, before }) = (self.heads(width), span);
        let attend = product_flops(length, mixed(heads), before + length);
        vec![
            (
                "query, key, value",
                product_flops(length, width, projected(heads)),
            ),
            ("attention scores", attend),
            ("attention mix", attend),
            ("attention output", product_flops(length, mixed(heads), width)),
        ]
    }

    fn kept(&self, width: usize) -> usize {
        let heads = self.heads(width);
        width + projected(heads) + mixed(heads)
    }

    fn passing(&self, width: usize) -> usize {
        projected(self.heads(width))
    }

    fn remembered(&self, width: usize, positions: usize) -> usize {
        let heads = self.heads(width);
        2 * heads.key_value * heads.dimension * positions
    }

    fn rotation(&self, width: usize, context: usize, device: &Device) -> Option<Rotation> {
        let dimension = self.heads(width).dimension;
        Some(Rotation::new(context, dimension, self.rope_theta, device))
    }

    fn mix(
        &self,
        x: Tensor<2>,
        weights: &Scope<'_>,
        length: usize,
        rotation: Option<&Rotation>,
    ) -> Tensor<2> {
        let heads = self.heads(x.dims()[1]);
        let weights = AttentionWeights {
            gain: weights.vector("attention_norm"),
            query_key_value: weights.matrix("query_key_value"),
            output: weights.matrix("attention_output"),
        };
        ops::attention_half(x, weights, heads, length, rotation, NORM_EPSILON)
    }

    fn step(
        &self,
        x: Tensor<2>,
        weights: &Scope<'_>,
        rotation: Option<&Rotation>,
        sequences: &mut [Remembered<'_>],
    ) -> Tensor<2> {
        let heads = self.heads(x.dims()[1]);
        let normed = ops::rms_norm(x.clone(), weights.vector("attention_norm"), NORM_EPSILON);
        let projected = ops::linear(normed, weights.matrix("query_key_value"));
        let attended = projected
            .chunk(sequences.len(), 0)
            .into_iter()
            .zip(sequences)
            .map(|(projected, sequence)| attend(projected, heads, rotation, sequence))
            .collect();
        x + ops::linear(Tensor::cat(attended, 0), weights.matrix("attention_output"))
    }
}

/// The attention of some positions of one sequence, `[length, projected]`, over those remembered and themselves,
/// which are then remembered, too.
fn attend(
    projected: Tensor<2>,
    heads: AttentionHeads,
    rotation: Option<&Rotation>,
    sequence: &mut Remembered<'_>,
) -> Tensor<2> {
    let AttentionHeads {
        query,
        key_value,
        dimension,
    } = heads;
    let length = projected.dims()[0];
    let part = |first: usize, count: usize| {
        let columns = first * dimension..(first + count) * dimension;
        let part = projected.clone().slice([0..length, columns]);
        part.reshape([1, length, count, dimension])
    };
    let turned = |part: Tensor<4>| match rotation {
        Some(rotation) => ops::rotary(part, rotation, sequence.position),
        None => part,
    };
    let (queries, keys) = (turned(part(0, query)), turned(part(query, key_value)));
    let values = part(query + key_value, key_value);
    let [keys, values] = sequence.extend(["keys", "values"], [keys, values]);
    ops::causal_attention(queries, keys, values, None).reshape([length, query * dimension])
}
