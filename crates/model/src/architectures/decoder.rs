use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::architecture::Architecture;
use crate::block::Block;
use crate::channels::{ChannelSpec, SwiGlu};
use crate::ends::Ends;
use crate::error::{ModelError, rule, within};
use crate::mixers::{Attention, MixerSpec};
use crate::norm::NormKind;
use crate::ops::NORM_EPSILON;
use crate::stack::Stack;

/// A decoder-only transformer: see [`Decoder::ABOUT`].
///
/// In data, `key_value_heads` (default: `heads`), `head_dim` (`width / heads`), `feed_forward`
/// (`8/3 width`, rounded up to a multiple of 8), `tied` (true) and `rope_theta` (10,000) may be left
/// out; once read, every field has its value.
///
/// ```
/// use triaxis_model::{Architecture, Decoder};
/// let config = Decoder::new(512, 64, 2, 4, 128);
/// assert_eq!((config.head_dim, config.feed_forward), (16, 176));
/// assert_eq!(config.stack().parameters().embedding.0, 512 * 64);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Fields")]
pub struct Decoder {
    /// Tokens in the vocabulary.
    pub vocabulary: usize,
    /// Width of the residual stream.
    pub width: usize,
    /// Blocks of attention and feed-forward.
    pub layers: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads, a divisor of `heads`.
    pub key_value_heads: usize,
    /// Width of a head, even.
    pub head_dim: usize,
    /// Inner width of the gated feed-forward.
    pub feed_forward: usize,
    /// The longest sequence.
    pub context: usize,
    /// Whether the head shares the embedding's table.
    pub tied: bool,
    /// Base of the rotary angles.
    pub rope_theta: f64,
}

/// What a spec may leave out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    vocabulary: usize,
    width: usize,
    layers: usize,
    heads: usize,
    key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    feed_forward: Option<usize>,
    context: usize,
    tied: Option<bool>,
    rope_theta: Option<f64>,
}

impl TryFrom<Fields> for Decoder {
    type Error = ModelError;

    fn try_from(fields: Fields) -> Result<Self, ModelError> {
        let default = Self::new(
            fields.vocabulary,
            fields.width,
            fields.layers,
            fields.heads,
            fields.context,
        );
        let config = Self {
            key_value_heads: fields.key_value_heads.unwrap_or(default.key_value_heads),
            head_dim: fields.head_dim.unwrap_or(default.head_dim),
            feed_forward: fields.feed_forward.unwrap_or(default.feed_forward),
            tied: fields.tied.unwrap_or(default.tied),
            rope_theta: fields.rope_theta.unwrap_or(default.rope_theta),
            ..default
        };
        config.validate()?;
        rule(
            fields.head_dim.is_some() || config.width.is_multiple_of(config.heads),
            "width",
            config.width,
            format!(
                "must be a multiple of `heads = {}` where no `head_dim` is given",
                config.heads
            ),
            "choose one, or set `head_dim`",
        )?;
        Ok(config)
    }
}

impl Decoder {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Decoder-only transformer (Vaswani et al. 2017, arXiv 1706.03762) as in Llama \
        (Touvron et al. 2023, arXiv 2302.13971): RMSNorm before each sub-layer (arXiv 1910.07467), rotary positions \
        (arXiv 2104.09864), grouped-query attention (arXiv 2305.13245), SwiGLU (arXiv 2002.05202), no biases, head \
        tied to the embedding or not. Initial weights are normal: every matrix with deviation 1/sqrt(inputs), those \
        that write to the residual stream divided by sqrt(2 layers) (GPT-2), tables of the vocabulary with \
        1/sqrt(width), so that scores start at the size of one; gains are one.";

    /// The configuration of these sizes, with the defaults for the rest. It is not yet validated.
    pub fn new(vocabulary: usize, width: usize, layers: usize, heads: usize, context: usize) -> Self {
        Self {
            vocabulary,
            width,
            layers,
            heads,
            key_value_heads: heads,
            head_dim: width / heads.max(1),
            feed_forward: SwiGlu::default().inner(width),
            context,
            tied: true,
            rope_theta: 10_000.0,
        }
    }

    /// Version of its arithmetic: raised with that of any of its parts.
    const NUMERICS: u32 = 1;

    /// Tiny ones that between them reach every branch of its code.
    pub fn examples() -> Vec<Self> {
        let grouped = Self {
            key_value_heads: 2,
            head_dim: 2,
            feed_forward: 12,
            ..Self::new(11, 8, 2, 4, 6)
        };
        let untied = Self {
            tied: false,
            rope_theta: 100.0,
            ..Self::new(7, 4, 1, 1, 5)
        };
        vec![grouped, untied]
    }
}

impl Architecture for Decoder {
    fn numerics(&self) -> BTreeMap<&'static str, u32> {
        [("decoder", Self::NUMERICS)].into()
    }

    fn validate(&self) -> Result<(), ModelError> {
        within("feed_forward", self.feed_forward, 1, 1 << 20)?;
        self.stack().validate()
    }

    fn stack(&self) -> Stack {
        let mixer = MixerSpec::Attention(Attention {
            heads: Some(self.heads),
            key_value_heads: Some(self.key_value_heads),
            head_dim: Some(self.head_dim),
            rope_theta: self.rope_theta,
            ..Attention::default()
        });
        let channel = Some(ChannelSpec::SwiGlu(SwiGlu {
            inner: Some(self.feed_forward),
        }));
        Stack {
            vocabulary: self.vocabulary,
            width: self.width,
            layers: self.layers,
            context: self.context,
            pattern: "a".to_owned(),
            blocks: [('a', Block { mixer, channel })].into(),
            tied: self.tied,
            norm: NormKind::Rms,
            norm_epsilon: NORM_EPSILON,
            learned_positions: None,
            ends: Ends::default(),
        }
    }
}
