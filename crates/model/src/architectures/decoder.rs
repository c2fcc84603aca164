use std::fmt::Display;

use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor};
use serde::{Deserialize, Serialize};

use crate::architecture::{Architecture, LanguageModel};
use crate::blocks::initial::{normal, ones};
use crate::count::{FlopCount, ParameterCount, product_flops};
use crate::error::ModelError;
use crate::ops::{self, AttentionHeads, AttentionWeights, Rotation, TiedTable};

/// Added to the mean square before its root.
const NORM_EPSILON: f64 = 1e-5;

/// Rows of logits that exist at a time.
const HEAD_CHUNK: usize = 1024;

/// A decoder-only transformer: see [`Architecture::ABOUT`].
///
/// In data, `key_value_heads` (default: `heads`), `head_dim` (`width / heads`), `feed_forward`
/// (`8/3 width`, rounded up to a multiple of 8), `tied` (true) and `rope_theta` (10,000) may be left
/// out; once read, every field has its value.
///
/// ```
/// use triaxis_model::{Architecture, DecoderConfig};
/// let config = DecoderConfig::new(512, 64, 2, 4, 128);
/// assert_eq!((config.head_dim, config.feed_forward), (16, 176));
/// assert_eq!(config.parameters().embedding.0, 512 * 64);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Fields")]
pub struct DecoderConfig {
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

impl TryFrom<Fields> for DecoderConfig {
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

impl DecoderConfig {
    /// The configuration of these sizes, with the defaults for the rest. It is not yet validated.
    pub fn new(vocabulary: usize, width: usize, layers: usize, heads: usize, context: usize) -> Self {
        Self {
            vocabulary,
            width,
            layers,
            heads,
            key_value_heads: heads,
            head_dim: width / heads.max(1),
            // Three matrices of 8/3 width hold as much as the two of 4 width that they replace
            // (Shazeer 2020).
            feed_forward: (width.saturating_mul(8) / 3).next_multiple_of(8),
            context,
            tied: true,
            rope_theta: 10_000.0,
        }
    }

    /// Columns of the packed query, key and value projection.
    fn projected(&self) -> usize {
        (self.heads + 2 * self.key_value_heads) * self.head_dim
    }
}

/// A rule on one field of a configuration.
fn rule(
    holds: bool,
    field: &'static str,
    value: impl Display,
    rule: impl Display,
    remedy: impl Display,
) -> Result<(), ModelError> {
    if holds {
        return Ok(());
    }
    Err(ModelError(format!("`{field} = {value}`: {rule}; {remedy}")))
}

fn within(field: &'static str, value: usize, least: usize, most: usize) -> Result<(), ModelError> {
    rule(
        (least..=most).contains(&value),
        field,
        value,
        "is outside what is built",
        format!("choose from {least} to {most}"),
    )
}

impl Architecture for DecoderConfig {
    type Module = Decoder;

    const ABOUT: &'static str = "Decoder-only transformer (Vaswani et al. 2017, arXiv 1706.03762) as in Llama \
        (Touvron et al. 2023, arXiv 2302.13971): RMSNorm before each sub-layer (arXiv 1910.07467), rotary positions \
        (arXiv 2104.09864), grouped-query attention (arXiv 2305.13245), SwiGLU (arXiv 2002.05202), no biases, head \
        tied to the embedding or not. Initial weights are normal: every matrix with deviation 1/sqrt(inputs), those \
        that write to the residual stream divided by sqrt(2 layers) (GPT-2), tables of the vocabulary with \
        1/sqrt(width), so that scores start at the size of one; gains are one.";

    const NUMERICS: u32 = 1;

    fn examples() -> Vec<Self> {
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

    fn validate(&self) -> Result<(), ModelError> {
        within("vocabulary", self.vocabulary, 2, 1 << 24)?;
        within("width", self.width, 1, 1 << 16)?;
        within("layers", self.layers, 1, 1 << 12)?;
        within("heads", self.heads, 1, 1 << 12)?;
        within("key_value_heads", self.key_value_heads, 1, self.heads)?;
        within("head_dim", self.head_dim, 2, 1 << 12)?;
        within("feed_forward", self.feed_forward, 1, 1 << 20)?;
        within("context", self.context, 1, 1 << 24)?;
        rule(
            self.heads.is_multiple_of(self.key_value_heads),
            "key_value_heads",
            self.key_value_heads,
            format!("must divide `heads = {}`", self.heads),
            "choose a divisor, or leave it out for one a query head",
        )?;
        rule(
            self.head_dim.is_multiple_of(2),
            "head_dim",
            self.head_dim,
            "must be even, for rotary positions turn pairs",
            "choose a `width` that is an even multiple of `heads`, or set an even `head_dim`",
        )?;
        rule(
            self.rope_theta.is_finite() && self.rope_theta > 1.0,
            "rope_theta",
            self.rope_theta,
            "must be a finite number above 1",
            "leave it out for 10000",
        )
    }

    fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    fn context(&self) -> usize {
        self.context
    }

    fn parameters(&self) -> ParameterCount {
        let count = |sizes: [usize; 2]| sizes[0] as u64 * sizes[1] as u64;
        let table = count([self.vocabulary, self.width]);
        let attention =
            count([self.width, self.projected()]) + count([self.heads * self.head_dim, self.width]);
        let feed_forward = 3 * count([self.width, self.feed_forward]);
        let gains = 2 * self.width as u64;
        let blocks = self.layers as u64 * (attention + feed_forward + gains);
        ParameterCount::new(
            if self.tied { table } else { 2 * table },
            blocks + self.width as u64,
        )
    }

    fn forward_flops(&self, length: usize) -> FlopCount {
        let layers = self.layers as f64;
        let mixed = self.heads * self.head_dim;
        let attend = product_flops(length, mixed, length);
        FlopCount::of([
            (
                "query, key, value",
                layers * product_flops(length, self.width, self.projected()),
            ),
            ("attention scores", layers * attend),
            ("attention mix", layers * attend),
            (
                "attention output",
                layers * product_flops(length, mixed, self.width),
            ),
            (
                "feed-forward",
                layers * 3.0 * product_flops(length, self.width, self.feed_forward),
            ),
            ("head", product_flops(length, self.width, self.vocabulary)),
        ])
    }

    fn activations(&self, length: usize) -> u64 {
        let mixed = self.heads * self.head_dim;
        let kept = 2 * self.width + self.projected() + mixed + 2 * self.feed_forward;
        // The backward pass of one half at a time, and what comes before and after the blocks.
        let passing = 8 * self.width + self.projected() + 4 * self.feed_forward;
        (length * (self.layers * kept + passing) + length.min(HEAD_CHUNK) * self.vocabulary) as u64
    }

    fn build(&self, seed: u64, device: &Device) -> Result<Decoder, ModelError> {
        self.validate()?;
        let deviation = (self.width as f64).sqrt().recip();
        let table = |name| normal(seed, name, [self.vocabulary, self.width], deviation, device);
        Ok(Decoder {
            embedding: table("embedding"),
            blocks: (0..self.layers)
                .map(|layer| Block::new(self, layer, seed, device))
                .collect(),
            norm: ones(self.width, device),
            head: (!self.tied).then(|| table("head")),
            rotation: Rotation::new(self.context, self.head_dim, self.rope_theta, device),
            context: self.context,
        })
    }
}

/// The network of a [`DecoderConfig`].
#[derive(Module, Debug)]
pub struct Decoder {
    embedding: Param<Tensor<2>>,
    blocks: Vec<Block>,
    norm: Param<Tensor<1>>,
    head: Option<Param<Tensor<2>>>,
    rotation: Rotation,
    #[module(skip)]
    context: usize,
}

impl LanguageModel for Decoder {
    fn hidden(&self, tokens: Tensor<2, Int>) -> Result<Tensor<2>, ModelError> {
        let length = self.length(&tokens)?;
        Ok(self.after_embedding(ops::embedding(self.embedding.val(), tokens), length))
    }

    fn head(&self) -> Tensor<2> {
        self.head.as_ref().unwrap_or(&self.embedding).val()
    }

    fn loss(&self, tokens: Tensor<2, Int>, targets: Tensor<1, Int>) -> Result<Tensor<1>, ModelError> {
        if self.head.is_some() {
            return Ok(ops::head_cross_entropy(
                self.hidden(tokens)?,
                self.head(),
                targets,
            ));
        }
        let (length, table) = (self.length(&tokens)?, TiedTable::new(self.embedding.val()));
        let hidden = self.after_embedding(table.embedding(tokens), length);
        Ok(table.head_cross_entropy(hidden, targets))
    }
}

impl Decoder {
    /// The length of the sequences, if the model takes it.
    fn length(&self, tokens: &Tensor<2, Int>) -> Result<usize, ModelError> {
        let (length, context) = (tokens.dims()[1], self.context);
        if length > context {
            return Err(ModelError(format!(
                "a sequence of {length} tokens does not fit the model's context of {context}; shorten it, or build \
                 the model with a longer `context`"
            )));
        }
        Ok(length)
    }

    /// The blocks and the last norm.
    fn after_embedding(&self, embedded: Tensor<2>, length: usize) -> Tensor<2> {
        let hidden = self.blocks.iter().fold(embedded, |hidden, block| {
            block.forward(hidden, &self.rotation, length)
        });
        ops::rms_norm(hidden, self.norm.val(), NORM_EPSILON)
    }
}

/// Attention and feed-forward, each normalised before and added to the residual stream after.
#[derive(Module, Debug)]
struct Block {
    attention_norm: Param<Tensor<1>>,
    /// `[width, (heads + 2 key_value_heads) × head_dim]`
    query_key_value: Param<Tensor<2>>,
    /// `[heads × head_dim, width]`
    attention_output: Param<Tensor<2>>,
    feed_forward_norm: Param<Tensor<1>>,
    /// `[width, 2 × feed_forward]`, the gate first
    gate_and_up: Param<Tensor<2>>,
    /// `[feed_forward, width]`
    down: Param<Tensor<2>>,
    #[module(skip)]
    heads: usize,
    #[module(skip)]
    key_value_heads: usize,
    #[module(skip)]
    head_dim: usize,
}

impl Block {
    fn new(config: &DecoderConfig, layer: usize, seed: u64, device: &Device) -> Self {
        let residual = (2.0 * config.layers as f64).sqrt().recip();
        let matrix = |name: &str, inputs: usize, outputs: usize, scale: f64| {
            let deviation = scale / (inputs as f64).sqrt();
            normal(
                seed,
                &format!("blocks.{layer}.{name}"),
                [inputs, outputs],
                deviation,
                device,
            )
        };
        let mixed = config.heads * config.head_dim;
        Self {
            attention_norm: ones(config.width, device),
            query_key_value: matrix("query_key_value", config.width, config.projected(), 1.0),
            attention_output: matrix("attention_output", mixed, config.width, residual),
            feed_forward_norm: ones(config.width, device),
            gate_and_up: matrix("gate_and_up", config.width, 2 * config.feed_forward, 1.0),
            down: matrix("down", config.feed_forward, config.width, residual),
            heads: config.heads,
            key_value_heads: config.key_value_heads,
            head_dim: config.head_dim,
        }
    }

    /// `hidden [batch × length, width]` to the same shape.
    fn forward(&self, hidden: Tensor<2>, rotation: &Rotation, length: usize) -> Tensor<2> {
        let heads = AttentionHeads {
            query: self.heads,
            key_value: self.key_value_heads,
            dimension: self.head_dim,
        };
        let weights = AttentionWeights {
            gain: self.attention_norm.val(),
            query_key_value: self.query_key_value.val(),
            output: self.attention_output.val(),
        };
        let hidden = ops::attention_half(hidden, weights, heads, length, Some(rotation), NORM_EPSILON);
        let (gain, gate_and_up) = (self.feed_forward_norm.val(), self.gate_and_up.val());
        ops::feed_forward(hidden, gain, gate_and_up, self.down.val(), NORM_EPSILON)
    }
}
