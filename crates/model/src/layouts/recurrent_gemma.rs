use serde_json::{Map, Value, json};

use super::rope::Rope;
use super::tensor::Piece;
use super::{Config, Family, Names, Tensor, transformer};
use crate::block::Block;
use crate::channels::{ChannelSpec, GeGlu, SwiGlu};
use crate::ends::Ends;
use crate::error::{ModelError, rule, within};
use crate::mixers::{Attention, Bias, MixerSpec, RgLru};
use crate::norm::NormKind;
use crate::stack::Stack;

/// RecurrentGemma's layout.
#[derive(Debug)]
pub struct RecurrentGemma;

impl RecurrentGemma {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "RecurrentGemma (Botev et al. 2024, arXiv 2404.07839), Griffin (arXiv 2402.19427) \
        as transformers has it: recurrent blocks and attention within a window, gains that are told as what they add \
        to one, rows of the embedding multiplied by the root of the width, bounded scores. Its config tells no \
        longest sequence; 8,192 positions are taken where `max_position_embeddings` is not added.";
}

const RECURRENT: &str = "recurrent";
const ATTENTION: &str = "attention";

/// The longest sequence of its training (arXiv 2404.07839).
const CONTEXT: usize = 8192;

/// The root of the width, as it is kept in bf16: rounded to the upper half of its bits, ties to even.
fn embedding_scale(width: usize) -> f64 {
    let bits = (width as f32).sqrt().to_bits();
    let rounded = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000;
    f64::from(f32::from_bits(rounded))
}

impl Family for RecurrentGemma {
    fn model_types(&self) -> &'static [&'static str] {
        &["recurrent_gemma"]
    }

    fn class(&self) -> &'static str {
        "RecurrentGemmaForCausalLM"
    }

    fn names(&self) -> Names {
        Names {
            prefix: "model.",
            embedding: "model.embed_tokens.weight",
            norm: "model.final_norm.weight",
            head: "lm_head.weight",
            computed: &["normalizer"],
        }
    }

    fn read(&self, config: &Config) -> Result<Stack, ModelError> {
        config.only("hidden_activation", "gelu_pytorch_tanh")?;
        let (width, heads) = (config.size("hidden_size")?, config.size("num_attention_heads")?);
        within("num_attention_heads", heads, 1, 1 << 12)?;
        let context = config.size_if("max_position_embeddings")?.unwrap_or(CONTEXT);
        let both = config.size("intermediate_size")?;
        let channel = Some(ChannelSpec::GeGlu(GeGlu {
            inner: Some(both / 2),
            bias: true,
        }));
        let recurrent = RgLru {
            inner: Some(config.size_if("lru_width")?.unwrap_or(width)),
            heads: Some(heads),
            taps: config.size_if("conv1d_width")?.unwrap_or(4),
        };
        let attention = attention(config, width, heads, context)?;
        let of = |mixer| Block {
            mixer,
            channel: channel.clone(),
        };
        let pattern = pattern(config)?;
        let blocks = [
            ('r', of(MixerSpec::RgLru(recurrent))),
            ('a', of(MixerSpec::Attention(attention))),
        ];
        let blocks = blocks.into_iter();
        Ok(Stack {
            vocabulary: config.size("vocab_size")?,
            width,
            layers: config.size("num_hidden_layers")?,
            context,
            blocks: blocks.filter(|(letter, _)| pattern.contains(*letter)).collect(),
            pattern,
            tied: config.flag("tie_word_embeddings", true)?,
            norm: NormKind::ZeroCentred,
            norm_epsilon: config.number("rms_norm_eps")?.unwrap_or(1e-6),
            learned_positions: None,
            ends: Ends {
                embedding_scale: Some(embedding_scale(width)),
                embedding_norm: false,
                score_cap: Some(config.number("logits_soft_cap")?.unwrap_or(30.0)),
            },
        })
    }

    fn write(&self, stack: &Stack) -> Result<Map<String, Value>, ModelError> {
        let (mut recurrent, mut attention, mut channel) = (None, None, GeGlu::default());
        let mut kinds = Vec::new();
        for block in stack.layers().take(stack.pattern.chars().count()) {
            match (&block.mixer, &block.channel) {
                (MixerSpec::RgLru(mixer), Some(ChannelSpec::GeGlu(layer))) => {
                    (recurrent, channel) = (Some(mixer.clone()), layer.clone());
                    kinds.push(RECURRENT);
                }
                (MixerSpec::Attention(mixer), Some(ChannelSpec::GeGlu(layer))) => {
                    (attention, channel) = (Some(mixer.clone()), layer.clone());
                    kinds.push(ATTENTION);
                }
                _ => return Err(transformer::unlike(block, "`rg-lru` or `attention`, and `geglu`")),
            }
        }
        let shape = recurrent.map(|recurrent| recurrent.shape(stack.width, 1, 1));
        let attention = attention.unwrap_or_else(|| Attention {
            heads: shape.map(|shape| shape.heads),
            rotary_fraction: Some(0.5),
            ..Attention::default()
        });
        let heads = attention.heads(stack.width);
        let rope = Rope {
            theta: attention.rope_theta,
            scaling: attention.rope_scaling,
            fraction: Some(attention.rotary_fraction.unwrap_or(1.0)),
            mscale_all: None,
        };
        let mut fields = transformer::fields(json!({
            "vocab_size": stack.vocabulary,
            "hidden_size": stack.width,
            "num_hidden_layers": stack.layers,
            "max_position_embeddings": stack.context,
            "tie_word_embeddings": stack.tied,
            "hidden_activation": "gelu_pytorch_tanh",
            "rms_norm_eps": stack.norm_epsilon,
            "intermediate_size": 2 * channel.inner(stack.width),
            "num_attention_heads": heads.query,
            "num_key_value_heads": heads.key_value,
            "attention_bias": attention.bias == Bias::All,
            "attention_window_size": attention.window,
            "lru_width": shape.map_or(stack.width, |shape| shape.inner),
            "conv1d_width": shape.map_or(4, |shape| shape.taps),
            "block_types": kinds,
            "logits_soft_cap": stack.ends.score_cap,
        }));
        fields.extend(rope.write());
        Ok(fields)
    }

    fn layer(&self, layer: usize, block: &Block, width: usize) -> Result<Vec<Tensor>, ModelError> {
        let Some(ChannelSpec::GeGlu(channel)) = &block.channel else {
            return Err(transformer::unlike(block, "`geglu`"));
        };
        let mut tensors = match &block.mixer {
            MixerSpec::Attention(attention) => transformer::attention(layer, attention, width),
            MixerSpec::RgLru(recurrent) => recurrent_block(layer, recurrent, width),
            _ => return Err(transformer::unlike(block, "`rg-lru` or `attention`")),
        };
        tensors.extend(feed_forward(layer, channel, width));
        let named = |tensor: Tensor| {
            let name = NAMES
                .iter()
                .fold(tensor.name.clone(), |name, (llama, own)| name.replace(llama, own));
            tensor.named(name)
        };
        Ok(tensors.into_iter().map(named).collect())
    }
}

/// What parts are named in Llama's layout, and here.
const NAMES: [(&str, &str); 4] = [
    (".input_layernorm.", ".temporal_pre_norm."),
    (".self_attn.", ".temporal_block."),
    (".post_attention_layernorm.", ".channel_pre_norm."),
    (".mlp.", ".mlp_block."),
];

/// The attention of a config.
fn attention(config: &Config, width: usize, heads: usize, context: usize) -> Result<Attention, ModelError> {
    let rope = Rope::read(config, context)?;
    Ok(Attention {
        heads: Some(heads),
        key_value_heads: Some(config.size_if("num_key_value_heads")?.unwrap_or(heads)),
        head_dim: Some(width / heads),
        rope_theta: rope.theta,
        rope_scaling: rope.scaling,
        rotary_fraction: Some(rope.fraction.unwrap_or(0.5)),
        window: Some(config.size_if("attention_window_size")?.unwrap_or(2048)),
        bias: match config.flag("attention_bias", false)? {
            true => Bias::All,
            false => Bias::Output,
        },
        ..Attention::default()
    })
}

/// A letter for each block that is repeated.
fn pattern(config: &Config) -> Result<String, ModelError> {
    let usual = vec![RECURRENT, RECURRENT, ATTENTION];
    let kinds = config.texts("block_types")?.unwrap_or(usual);
    rule(
        !kinds.is_empty(),
        "block_types",
        "[]",
        "must have a kind for each block that is repeated",
        "leave it out for two recurrent ones and one of attention",
    )?;
    let letter = |kind: &&str| match *kind {
        RECURRENT => Ok('r'),
        ATTENTION => Ok('a'),
        kind => Err(ModelError(format!(
            "`block_types = \"{kind}\"`: must be `{RECURRENT}` or `{ATTENTION}`; take a model of those"
        ))),
    };
    kinds.iter().map(letter).collect()
}

/// The gated feed-forward with its biases, in Llama's names.
fn feed_forward(layer: usize, channel: &GeGlu, width: usize) -> Vec<Tensor> {
    let inner = channel.inner(width);
    let alike = SwiGlu { inner: Some(inner) };
    let mut tensors = transformer::feed_forward(layer, &alike, width);
    let ours = |name: &str| format!("blocks.{layer}.{name}");
    let theirs = |name: &str| format!("model.layers.{layer}.mlp.{name}.bias");
    let half = |name: &str, first| {
        let piece = Piece::rows(ours("gate_and_up_bias"), inner, 0, first);
        Tensor::arranged(theirs(name), &[inner], false, vec![piece])
    };
    tensors.extend([
        half("gate_proj", 0),
        half("up_proj", inner),
        Tensor::same(theirs("down_proj"), ours("down_bias"), &[width]),
    ]);
    tensors
}

/// A recurrent block.
fn recurrent_block(layer: usize, recurrent: &RgLru, width: usize) -> Vec<Tensor> {
    let shape = recurrent.shape(width, 1, 1);
    let (inner, heads, head) = (shape.inner, shape.heads, shape.head());
    let ours = |name: &str| format!("blocks.{layer}.{name}");
    let theirs = |name: &str| format!("model.layers.{layer}.temporal_block.{name}");
    let same = |published, name, shape: &[usize]| Tensor::same(theirs(published), ours(name), shape);
    let half = |published, first| {
        let piece = |name| vec![Piece::rows(ours(name), inner, 0, first)];
        let named = |end| theirs(&format!("{published}.{end}"));
        [
            Tensor::arranged(
                named("weight"),
                &[inner, width],
                true,
                piece("recurrent_projection"),
            ),
            Tensor::arranged(named("bias"), &[inner], false, piece("recurrent_projection_bias")),
        ]
    };
    let norm = format!("model.layers.{layer}.temporal_pre_norm.weight");
    let mut tensors = vec![Tensor::same(norm, ours("recurrent_norm"), &[width])];
    tensors.extend(half("linear_y", 0));
    tensors.extend(half("linear_x", inner));
    tensors.extend([
        Tensor::turned(
            theirs("conv_1d.weight"),
            ours("convolution"),
            &[inner, 1, shape.taps],
        ),
        same("conv_1d.bias", "convolution_bias", &[inner]),
        same(
            "rg_lru.recurrent_gate_weight",
            "recurrence_gate",
            &[heads, head, head],
        ),
        same(
            "rg_lru.recurrent_gate_bias",
            "recurrence_gate_bias",
            &[heads, head],
        ),
        same("rg_lru.input_gate_weight", "input_gate", &[heads, head, head]),
        same("rg_lru.input_gate_bias", "input_gate_bias", &[heads, head]),
        same("rg_lru.recurrent_param", "decay", &[inner]),
        Tensor::turned(
            theirs("linear_out.weight"),
            ours("recurrent_output"),
            &[width, inner],
        ),
        same("linear_out.bias", "recurrent_output_bias", &[width]),
    ]);
    tensors
}
