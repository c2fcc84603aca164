mod pass;

use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::MixerSpec;
use crate::channels::{ChannelSpec, SwiGlu};
use crate::count::product_flops;
use crate::error::{ModelError, positive, rule, within};
use crate::memory::Remembered;
use crate::mixer::{Mixer, Place, Span, usual_head};
use crate::ops::Rotation;
use crate::rope_scaling::{self, RopeScaling, rotation};
use crate::weights::{Scope, WeightSpec};
use pass::Pass;

/// Causal attention whose keys and values are made of a narrow row a position, the latent, which alone is remembered,
/// with one key of rotary positions that all heads share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LatentAttention {
    /// Heads: the stream's width over `nope_head_dim` unless they are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heads: Option<usize>,
    /// Coordinates of a query and key head that do not turn: the largest divisor of the stream's width up to 64 unless it
    /// is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nope_head_dim: Option<usize>,
    /// Coordinates that turn, the first ones of a head, an even number: half of `nope_head_dim` unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rope_head_dim: Option<usize>,
    /// Coordinates of a value head: as `nope_head_dim` unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_head_dim: Option<usize>,
    /// Width of the latent of keys and values: a quarter of the stream's unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_value_rank: Option<usize>,
    /// Width of a latent of queries, if they are made of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query_rank: Option<usize>,
    /// What the norms of latents add to the mean square before its root: as the network's norms unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latent_epsilon: Option<f64>,
    /// Base of the rotary angles.
    pub rope_theta: f64,
    /// How the rotary angles are changed for a context longer than that of training, if they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rope_scaling: Option<RopeScaling>,
    /// What scores are multiplied by besides: 1 unless it is given, the square of YaRN's factor in DeepSeek's models.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score_factor: Option<f64>,
}

impl Default for LatentAttention {
    fn default() -> Self {
        Self {
            heads: None,
            nope_head_dim: None,
            rope_head_dim: None,
            value_head_dim: None,
            key_value_rank: None,
            query_rank: None,
            latent_epsilon: None,
            rope_theta: 10_000.0,
            rope_scaling: None,
            score_factor: None,
        }
    }
}

/// The sizes in a stream of some width.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) heads: usize,
    /// Coordinates of a head that turn, that do not, and of values.
    pub(crate) rope: usize,
    pub(crate) nope: usize,
    pub(crate) value: usize,
    /// Width of the latent.
    pub(crate) rank: usize,
}

impl Sizes {
    /// Coordinates of a query and of a key.
    fn key(self) -> usize {
        self.rope + self.nope
    }

    /// What is remembered of a position: the turned key and the latent.
    fn remembered(self) -> usize {
        self.rope + self.rank
    }

    fn queries(self) -> usize {
        self.heads * self.key()
    }

    fn mixed(self) -> usize {
        self.heads * self.value
    }
}

impl LatentAttention {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434, equations 9 to 19): keys \
        [r, c K] and values c V of a normalised latent c = norm(n D) a position and of a key r = rope(n R) that all heads \
        share, with n the normalised stream; queries of the stream or of a latent of their own. It remembers c and r \
        alone; a step multiplies queries by K' and what is attended to by V instead of making keys and values anew.";

    pub(crate) fn sizes(&self, width: usize) -> Sizes {
        let nope = self.nope_head_dim.unwrap_or_else(|| usual_head(width, 1));
        Sizes {
            heads: self.heads.unwrap_or((width / nope.max(1)).max(1)),
            rope: self.rope_head_dim.unwrap_or((nope / 4 * 2).max(2)),
            nope,
            value: self.value_head_dim.unwrap_or(nope),
            rank: self.key_value_rank.unwrap_or(width.div_ceil(4)),
        }
    }
}

impl Mixer for LatentAttention {
    fn letter(&self) -> char {
        'l'
    }

    fn channel(&self) -> Option<ChannelSpec> {
        Some(ChannelSpec::SwiGlu(SwiGlu::default()))
    }

    fn numerics(&self) -> u32 {
        1
    }

    fn examples(&self) -> Vec<MixerSpec> {
        let deep = Self {
            heads: Some(3),
            nope_head_dim: Some(3),
            rope_head_dim: Some(2),
            value_head_dim: Some(4),
            key_value_rank: Some(5),
            query_rank: Some(6),
            rope_scaling: Some(RopeScaling::Linear { factor: 2.0 }),
            score_factor: Some(1.3),
            latent_epsilon: Some(0.1),
            ..Self::default()
        };
        let wide_values = Self {
            heads: Some(2),
            value_head_dim: Some(9),
            ..Self::default()
        };
        let usual = Self {
            nope_head_dim: Some(4),
            ..Self::default()
        };
        [deep, wide_values, usual].map(MixerSpec::LatentAttention).into()
    }

    fn validate(&self, width: usize) -> Result<(), ModelError> {
        let sizes = self.sizes(width);
        within("heads", sizes.heads, 1, 1 << 12)?;
        within("nope_head_dim", sizes.nope, 1, 1 << 12)?;
        within("rope_head_dim", sizes.rope, 2, 1 << 12)?;
        within("value_head_dim", sizes.value, 1, 1 << 12)?;
        within("key_value_rank", sizes.rank, 1, 1 << 16)?;
        within("query_rank", self.query_rank.unwrap_or(1), 1, 1 << 16)?;
        rule(
            sizes.rope.is_multiple_of(2),
            "rope_head_dim",
            sizes.rope,
            "must be even, for rotary positions turn pairs",
            "choose an even one",
        )?;
        rule(
            self.heads.is_some() || sizes.heads * sizes.nope == width,
            "width",
            width,
            format!(
                "must be a multiple of `nope_head_dim = {}` where no `heads` are given",
                sizes.nope
            ),
            "choose one, or set `heads`",
        )?;
        let epsilon = self.latent_epsilon.unwrap_or(0.5);
        rule(
            epsilon > 0.0 && epsilon < 1.0,
            "latent_epsilon",
            epsilon,
            "must be above 0 and below 1",
            "leave it out for that of the network's norms",
        )?;
        positive("score_factor", self.score_factor, "leave it out for 1")?;
        rope_scaling::check(self.rope_theta, self.rope_scaling, sizes.rope)
    }

    fn weights(&self, place: Place) -> Vec<WeightSpec> {
        let (width, sizes) = (place.width, self.sizes(place.width));
        let matrix = |name: &str, shape| WeightSpec::matrix(name, shape, 1.0);
        let mut weights = place.norm.weights("attention_norm", width);
        match self.query_rank {
            Some(rank) => weights.extend([
                matrix("query_down", [width, rank]),
                WeightSpec::gain("query_norm", rank),
                matrix("query_up", [rank, sizes.queries()]),
            ]),
            None => weights.push(matrix("query", [width, sizes.queries()])),
        }
        weights.extend([
            // The key that turns, then the latent.
            WeightSpec::side_by_side("latent_down", width, &[sizes.rope, sizes.rank], 1.0),
            WeightSpec::gain("latent_norm", sizes.rank),
            matrix("key_up", [sizes.rank, sizes.heads * sizes.nope]),
            matrix("value_up", [sizes.rank, sizes.mixed()]),
            WeightSpec::matrix("attention_output", [sizes.mixed(), width], place.residual()),
        ]);
        weights
    }

    fn operations(&self, width: usize, span: Span) -> Vec<(&'static str, f64)> {
        let (sizes, Span { length, before }) = (self.sizes(width), span);
        let Sizes {
            heads,
            nope,
            value,
            rank,
            ..
        } = sizes;
        let queries = match self.query_rank {
            Some(rank) => product_flops(length, width, rank) + product_flops(length, rank, sizes.queries()),
            None => product_flops(length, width, sizes.queries()),
        };
        let up = product_flops(length, rank, heads * (nope + value));
        // Over the latents themselves, once something is remembered.
        let [scores, mix] = match before {
            0 => [sizes.key(), value],
            _ => [sizes.remembered(); 2],
        };
        let attend = |columns: usize| product_flops(length, heads * columns, before + length);
        vec![
            ("query", queries),
            ("latent", product_flops(length, width, sizes.remembered())),
            ("key, value", up),
            ("attention scores", attend(scores)),
            ("attention mix", attend(mix)),
            ("attention output", product_flops(length, sizes.mixed(), width)),
        ]
    }

    fn kept(&self, width: usize) -> usize {
        let sizes = self.sizes(width);
        let queries = self.query_rank.map_or(0, |rank| 2 * rank) + sizes.queries();
        2 * width + queries + sizes.remembered() + sizes.rank + sizes.queries() + 3 * sizes.mixed()
    }

    fn passing(&self, width: usize) -> usize {
        let sizes = self.sizes(width);
        2 * (sizes.queries() + sizes.mixed())
    }

    fn remembered(&self, width: usize, positions: usize) -> usize {
        self.sizes(width).remembered() * positions
    }

    fn rotation(&self, width: usize, context: usize, device: &Device) -> Option<Rotation> {
        let turning = self.sizes(width).rope;
        Some(rotation(
            context,
            turning,
            self.rope_theta,
            self.rope_scaling,
            device,
        ))
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
