//! What families of transformers share.

use serde_json::{Map, Value, json};

use super::config::Config;
use super::tensor::{Piece, Tensor};
use crate::block::Block;
use crate::channels::{ChannelSpec, SwiGlu};
use crate::error::{ModelError, within};
use crate::mixers::{Attention, MixerSpec};
use crate::ops::NORM_EPSILON;
use crate::stack::Stack;

/// The one block of all layers.
///
/// # Errors
/// When there are several.
pub(super) fn only_block(stack: &Stack) -> Result<&Block, ModelError> {
    let mut layers = stack.layers();
    match layers.next() {
        Some(block) if layers.all(|other| other == block) => Ok(block),
        _ => Err(ModelError(format!(
            "`pattern = {:?}`: it has blocks of one kind only; choose another layout, or train a model of one kind of \
             block",
            stack.pattern
        ))),
    }
}

/// The attention and the gated feed-forward of a block.
///
/// # Errors
/// When it is made of something else.
pub(super) fn gated_attention(block: &Block) -> Result<(&Attention, &SwiGlu), ModelError> {
    match (&block.mixer, &block.channel) {
        (MixerSpec::Attention(attention), Some(ChannelSpec::SwiGlu(channel))) => Ok((attention, channel)),
        _ => Err(unlike(block, "`attention` and `swiglu`")),
    }
}

/// That a block is not what a layout has.
pub(super) fn unlike(block: &Block, wanted: &str) -> ModelError {
    let found = match &block.channel {
        Some(channel) => format!("`{}` and `{}`", block.mixer.kind(), channel.kind()),
        None => format!("`{}` alone", block.mixer.kind()),
    };
    ModelError(format!(
        "a block of {found}: it has blocks of {wanted}; choose another layout, or train a model of those"
    ))
}

/// The stack of a config in Llama's words, but for its blocks.
pub(super) fn read(config: &Config, block: Block) -> Result<Stack, ModelError> {
    config.only("hidden_act", "silu")?;
    config.only("rms_norm_eps", NORM_EPSILON)?;
    Ok(Stack {
        vocabulary: config.size("vocab_size")?,
        width: config.size("hidden_size")?,
        layers: config.size("num_hidden_layers")?,
        context: config.size("max_position_embeddings")?,
        pattern: "a".to_owned(),
        blocks: [('a', block)].into(),
        tied: config.flag("tie_word_embeddings", false)?,
    })
}

/// The heads of a config in Llama's words.
pub(super) fn read_attention(config: &Config) -> Result<Attention, ModelError> {
    let (width, heads) = (config.size("hidden_size")?, config.size("num_attention_heads")?);
    within("num_attention_heads", heads, 1, 1 << 12)?;
    Ok(Attention {
        heads: Some(heads),
        key_value_heads: Some(config.size_if("num_key_value_heads")?.unwrap_or(heads)),
        head_dim: Some(config.size_if("head_dim")?.unwrap_or(width / heads)),
        rope_theta: rope_theta(config)?,
    })
}

/// The base of the rotary angles, in the words of transformers 5 or of those before it.
fn rope_theta(config: &Config) -> Result<f64, ModelError> {
    let (new, old) = (config.within("rope_parameters")?, config.within("rope_scaling")?);
    for parameters in [&new, &old] {
        parameters.only("rope_type", "default")?;
        parameters.only("type", "default")?;
    }
    let theta = match new.number("rope_theta")? {
        Some(theta) => Some(theta),
        None => config.number("rope_theta")?,
    };
    Ok(theta.unwrap_or(10_000.0))
}

/// The fields that [`read`] and [`read_attention`] read, and the inner width of the feed-forward.
pub(super) fn write(stack: &Stack, attention: &Attention, channel: &SwiGlu) -> Map<String, Value> {
    let heads = attention.heads(stack.width);
    fields(json!({
        "vocab_size": stack.vocabulary,
        "hidden_size": stack.width,
        "num_hidden_layers": stack.layers,
        "max_position_embeddings": stack.context,
        "tie_word_embeddings": stack.tied,
        "hidden_act": "silu",
        "intermediate_size": channel.inner(stack.width),
        "num_attention_heads": heads.query,
        "num_key_value_heads": heads.key_value,
        "head_dim": heads.dimension,
        "rope_theta": attention.rope_theta,
        "rms_norm_eps": NORM_EPSILON,
    }))
}

/// The fields of an object.
pub(super) fn fields(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(fields) => fields,
        _ => unreachable!("`json!` of braces is an object"),
    }
}

/// The tensors of one layer of attention, in Llama's names.
pub(super) fn attention(layer: usize, attention: &Attention, width: usize) -> Vec<Tensor> {
    let heads = attention.heads(width);
    let ours = |name: &str| format!("blocks.{layer}.{name}");
    let theirs = |name: &str| format!("model.layers.{layer}.{name}.weight");
    let (query, key) = (heads.query * heads.dimension, heads.key_value * heads.dimension);
    let part = |name: &str, count, first| {
        let piece = Piece::rows(ours("query_key_value"), count, 0, first);
        Tensor::arranged(theirs(name), &[count, width], true, vec![piece])
    };
    vec![
        Tensor::same(theirs("input_layernorm"), ours("attention_norm"), &[width]),
        part("self_attn.q_proj", query, 0),
        part("self_attn.k_proj", key, query),
        part("self_attn.v_proj", key, query + key),
        Tensor::turned(
            theirs("self_attn.o_proj"),
            ours("attention_output"),
            &[width, query],
        ),
    ]
}

/// The tensors of one layer's gated feed-forward, in Llama's names.
pub(super) fn feed_forward(layer: usize, channel: &SwiGlu, width: usize) -> Vec<Tensor> {
    let inner = channel.inner(width);
    let ours = |name: &str| format!("blocks.{layer}.{name}");
    let theirs = |name: &str| format!("model.layers.{layer}.{name}.weight");
    let half = |name: &str, first| {
        let piece = Piece::rows(ours("gate_and_up"), inner, 0, first);
        Tensor::arranged(theirs(name), &[inner, width], true, vec![piece])
    };
    vec![
        Tensor::same(
            theirs("post_attention_layernorm"),
            ours("feed_forward_norm"),
            &[width],
        ),
        half("mlp.gate_proj", 0),
        half("mlp.up_proj", inner),
        Tensor::turned(theirs("mlp.down_proj"), ours("down"), &[width, inner]),
    ]
}
