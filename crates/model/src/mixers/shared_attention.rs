use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::attention::attend;
use super::{Mamba2, MixerSpec};
use crate::between::BEGIN;
use crate::channels::ChannelSpec;
use crate::count::product_flops;
use crate::error::{ModelError, positive, rule, within};
use crate::is_default;
use crate::memory::Remembered;
use crate::mixer::{Mixer, Place, Span, usual_head};
use crate::norm::NormKind;
use crate::ops::{self, Activation, AttentionHeads, GeluForm, Limits, Rotation, Scores};
use crate::rope_scaling::rotation;
use crate::weights::{Initial, Scope, WeightSpec};

/// A transformer that all blocks of its kind share, before a Mamba-2 of each block's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SharedAttention {
    /// Heads over twice the stream's width: of the largest width up to 64 unless they are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heads: Option<usize>,
    /// Base of the rotary angles of whole heads: nothing turns unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rope_theta: Option<f64>,
    /// Inner width of the feed-forward layer: 4 of the stream's unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inner: Option<usize>,
    /// Rank of what each block adds of its own to shared matrices.
    pub adapter_rank: usize,
    /// Whether it adds to those of queries, keys and values, too, not to that of the feed-forward layer alone.
    pub adapts_attention: bool,
    /// Which of several such transformers it is: blocks share the weights of one.
    #[serde(skip_serializing_if = "is_default")]
    pub set: usize,
    /// The Mamba-2.
    pub mamba: Mamba2,
}

impl Default for SharedAttention {
    fn default() -> Self {
        Self {
            heads: None,
            rope_theta: None,
            inner: None,
            adapter_rank: 16,
            adapts_attention: true,
            set: 0,
            mamba: Mamba2::default(),
        }
    }
}

/// Parts of a projection: queries, keys and values.
const PARTS: usize = 3;

impl SharedAttention {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "A transformer with weights that all blocks of its set share (Zamba2, Glorioso et al. 2024, \
        arXiv 2411.15242): attention over the stream beside the embedding of the tokens, then a feed-forward layer with \
        GELU, each with low-rank adapters (arXiv 2106.09685) of the block's own; projected by each block, it is added to \
        what the block's own Mamba-2 takes, not to the stream. Each block remembers keys and values of its own.";

    /// Its heads.
    pub(crate) fn attention(&self, width: usize) -> AttentionHeads {
        let both = width.saturating_mul(2);
        let heads = self.heads.unwrap_or_else(|| both / usual_head(both, 2));
        AttentionHeads {
            query: heads,
            key_value: heads,
            dimension: both / heads.max(1),
        }
    }

    /// Inner width of its feed-forward layer.
    pub(crate) fn inner(&self, width: usize) -> usize {
        self.inner.unwrap_or_else(|| width.saturating_mul(4))
    }

    /// What is added to what Mamba-2 takes: `attended` makes of projected rows what attention reads.
    fn transformed(
        &self,
        x: Tensor<2>,
        weights: &Scope<'_>,
        attended: impl FnOnce(Tensor<2>) -> Tensor<2>,
    ) -> Tensor<2> {
        let (shared, [_, width]) = (weights.shared(self.set), x.dims());
        let begin = weights.left(BEGIN);
        let begin = begin.expect("a network with shared weights leaves it");
        let both = shared.normed(Tensor::cat(vec![x, begin], 1), "attention_norm");
        let mut projected = ops::linear(both.clone(), shared.matrix("query_key_value"));
        if self.adapts_attention {
            let down = ops::linear(both, weights.matrix("attention_adapter_down"));
            let up = weights.matrix("attention_adapter_up").chunk(PARTS, 1);
            let parts = down.chunk(PARTS, 1).into_iter().zip(up);
            let added = parts.map(|(down, up)| ops::linear(down, up)).collect();
            projected = projected + Tensor::cat(added, 1);
        }
        // Scores are divided by the root of half a head's width, not of all of it.
        let factors = [std::f64::consts::SQRT_2, 1.0, 1.0].map(|factor| {
            let of = (&projected.device(), projected.dtype());
            Tensor::<2>::full([1, 2 * width], factor, of)
        });
        let projected = projected * Tensor::cat(factors.into(), 1);
        let attended = ops::linear(attended(projected), shared.matrix("attention_output"));
        let normed = shared.normed(attended, "feed_forward_norm");
        let down = ops::linear(normed.clone(), weights.matrix("feed_forward_adapter_down"));
        let adapted = ops::linear(down, weights.matrix("feed_forward_adapter_up"));
        let gate_and_up = ops::linear(normed, shared.matrix("gate_and_up")) + adapted;
        let [gate, up] = [0, 1].map(|half: usize| {
            let inner = self.inner(width);
            gate_and_up.clone().slice_dim(1, half * inner..(half + 1) * inner)
        });
        let output = ops::linear(
            ops::activation(gate, Activation::Gelu(GeluForm::Exact)) * up,
            shared.matrix("down"),
        );
        ops::linear(output, weights.matrix("entry"))
    }
}

fn scores(rotation: Option<&Rotation>) -> Scores<'_> {
    Scores {
        rotation,
        limits: Limits::default(),
    }
}

impl Mixer for SharedAttention {
    fn letter(&self) -> char {
        'z'
    }

    fn channel(&self) -> Option<ChannelSpec> {
        None
    }

    fn numerics(&self) -> u32 {
        1
    }

    fn examples(&self) -> Vec<MixerSpec> {
        let small = Self {
            heads: Some(2),
            inner: Some(5),
            adapter_rank: 2,
            adapts_attention: false,
            set: 1,
            mamba: Mamba2 {
                state: 3,
                head_dim: Some(4),
                ..Mamba2::default()
            },
            ..Self::default()
        };
        let turned = Self {
            rope_theta: Some(100.0),
            adapter_rank: 3,
            ..Self::default()
        };
        [turned, small].map(MixerSpec::SharedAttention).into()
    }

    fn norms(&self) -> &'static [NormKind] {
        &[NormKind::Rms]
    }

    fn validate(&self, width: usize) -> Result<(), ModelError> {
        let heads = self.attention(width);
        within("heads", heads.query, 1, 1 << 12)?;
        rule(
            heads.mixed() == 2 * width,
            "heads",
            heads.query,
            format!("must divide twice `width = {width}`"),
            "choose a divisor, or leave them out",
        )?;
        positive("rope_theta", self.rope_theta, "leave it out where nothing turns")?;
        rule(
            self.rope_theta.is_none() || heads.dimension.is_multiple_of(2),
            "heads",
            heads.query,
            format!(
                "makes heads of {}, an odd width, and rotary positions turn pairs",
                heads.dimension
            ),
            "choose a divisor of `width`, or leave out `rope_theta`",
        )?;
        within("inner", self.inner(width), 1, 1 << 20)?;
        within("adapter_rank", self.adapter_rank, 1, 1 << 12)?;
        within("set", self.set, 0, 1 << 12)?;
        self.mamba.validate(width)
    }

    fn weights(&self, place: Place) -> Vec<WeightSpec> {
        let (width, rank) = (place.width, self.adapter_rank);
        // Nothing is added at first.
        let up = |name: &str, columns: &[usize]| WeightSpec {
            initial: Initial::Constant(0.0),
            ..WeightSpec::side_by_side(name, rank, columns, 1.0)
        };
        let mut weights = Vec::new();
        if self.adapts_attention {
            // Of queries, then of keys, then of values.
            let down = [rank; PARTS];
            weights.push(WeightSpec::side_by_side(
                "attention_adapter_down",
                2 * width,
                &down,
                1.0,
            ));
            weights.push(up("attention_adapter_up", &[2 * width; PARTS]));
        }
        weights.push(WeightSpec::matrix(
            "feed_forward_adapter_down",
            [width, rank],
            1.0,
        ));
        weights.push(up("feed_forward_adapter_up", &[self.inner(width); 2]));
        weights.push(WeightSpec::matrix("entry", [width, width], 1.0));
        weights.extend(self.mamba.weights(place));
        weights
    }

    fn shared(&self, place: Place) -> Vec<WeightSpec> {
        let (width, inner) = (place.width, self.inner(place.width));
        let shares = self.attention(width).shares();
        vec![
            WeightSpec::gain("attention_norm", 2 * width),
            WeightSpec::side_by_side("query_key_value", 2 * width, &shares, 1.0),
            WeightSpec::matrix("attention_output", [2 * width, width], 1.0),
            WeightSpec::gain("feed_forward_norm", width),
            // The gate first.
            WeightSpec::side_by_side("gate_and_up", width, &[inner; 2], 1.0),
            WeightSpec::matrix("down", [inner, width], 1.0),
        ]
    }

    fn set(&self) -> usize {
        self.set
    }

    fn operations(&self, width: usize, span: Span) -> Vec<(&'static str, f64)> {
        let Span { length, before } = span;
        let (both, inner, rank) = (2 * width, self.inner(width), self.adapter_rank);
        let attend = product_flops(length, both, before + length);
        let of_attention =
            product_flops(length, both, PARTS * rank) + PARTS as f64 * product_flops(length, rank, both);
        let of_feed_forward = product_flops(length, width, rank) + product_flops(length, rank, 2 * inner);
        let adapters = of_feed_forward + if self.adapts_attention { of_attention } else { 0.0 };
        let mut operations = vec![
            ("query, key, value", product_flops(length, both, PARTS * both)),
            ("attention scores", attend),
            ("attention mix", attend),
            ("attention output", product_flops(length, both, width)),
            ("feed-forward", 3.0 * product_flops(length, width, inner)),
            ("adapters", adapters),
            ("shared output", product_flops(length, width, width)),
        ];
        operations.extend(self.mamba.operations(width, span));
        operations
    }

    fn kept(&self, width: usize) -> usize {
        let adapters = if self.adapts_attention {
            9 * self.adapter_rank
        } else {
            0
        };
        // Rows of twice the width before and after the norm, projected twice, and what attention reads; its output twice;
        // the feed-forward layer's halves, before and after GELU and multiplied; what is added.
        (4 + 12 + 2 + 3) * width + adapters + 8 * self.inner(width) + self.mamba.kept(width)
    }

    fn passing(&self, width: usize) -> usize {
        12 * width + 4 * self.inner(width) + self.mamba.passing(width)
    }

    fn remembered(&self, width: usize, positions: usize) -> usize {
        4 * width * positions + self.mamba.remembered(width, positions)
    }

    fn rotation(&self, width: usize, context: usize, device: &Device) -> Option<Rotation> {
        let dimension = self.attention(width).dimension;
        let theta = self.rope_theta?;
        Some(rotation(context, dimension, theta, None, device))
    }

    fn mix(
        &self,
        x: Tensor<2>,
        weights: &Scope<'_>,
        length: usize,
        rotation: Option<&Rotation>,
    ) -> Tensor<2> {
        let heads = self.attention(x.dims()[1]);
        let added = self.transformed(x.clone(), weights, |projected| {
            ops::causal_attention_packed(projected, heads, length, scores(rotation))
        });
        self.mamba.mix(x + added.clone(), weights, length, None) - added
    }

    fn step(
        &self,
        x: Tensor<2>,
        weights: &Scope<'_>,
        rotation: Option<&Rotation>,
        sequences: &mut [Remembered<'_>],
    ) -> Tensor<2> {
        let heads = self.attention(x.dims()[1]);
        let added = self.transformed(x.clone(), weights, |projected| {
            let each = projected.chunk(sequences.len(), 0).into_iter();
            let attended = each
                .zip(&mut *sequences)
                .map(|(projected, sequence)| attend(projected, heads, scores(rotation), sequence));
            Tensor::cat(attended.collect(), 0)
        });
        self.mamba.step(x + added.clone(), weights, None, sequences) - added
    }
}
