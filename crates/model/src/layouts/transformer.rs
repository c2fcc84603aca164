//! What families of transformers share.

use serde_json::{Map, Value, json};

use super::canonical::lettered;
use super::config::Config;
use super::rope::Rope;
use super::tensor::{Piece, Tensor};
use crate::block::Block;
use crate::channels::{ChannelSpec, SwiGlu};
use crate::ends::Ends;
use crate::error::{ModelError, within};
use crate::mixers::{Attention, Bias, MixerSpec};
use crate::norm::NormKind;
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

/// The stack of a config in Llama's words, of one block.
pub(super) fn read(config: &Config, letter: char, block: Block) -> Result<Stack, ModelError> {
    config.only("hidden_act", "silu")?;
    Ok(Stack {
        vocabulary: config.size("vocab_size")?,
        width: config.size("hidden_size")?,
        layers: config.size("num_hidden_layers")?,
        context: config.size("max_position_embeddings")?,
        pattern: letter.to_string(),
        blocks: [(letter, block)].into(),
        tied: config.flag("tie_word_embeddings", false)?,
        norm: NormKind::Rms,
        norm_epsilon: config.number("rms_norm_eps")?.unwrap_or(1e-6),
        learned_positions: None,
        ends: Ends::default(),
    })
}

/// The same of a block for each layer.
pub(super) fn read_layers(config: &Config, layers: Vec<Block>) -> Result<Stack, ModelError> {
    let (letters, blocks) = lettered(layers.into_iter());
    let Some((&letter, block)) = blocks.first_key_value() else {
        return Err(ModelError(
            "`num_hidden_layers = 0`: must be at least 1; correct the fields".to_owned(),
        ));
    };
    Ok(Stack {
        pattern: letters.into_iter().collect(),
        blocks: blocks.clone(),
        ..read(config, letter, block.clone())?
    })
}

/// The attention of a config in Llama's words, with heads of that width where it tells none.
pub(super) fn read_attention(config: &Config, head_dim: Option<usize>) -> Result<Attention, ModelError> {
    let (width, heads) = (config.size("hidden_size")?, config.size("num_attention_heads")?);
    within("num_attention_heads", heads, 1, 1 << 12)?;
    let rope = Rope::read(config, config.size("max_position_embeddings")?)?;
    Ok(Attention {
        heads: Some(heads),
        key_value_heads: Some(config.size_if("num_key_value_heads")?.unwrap_or(heads)),
        head_dim: config.size_if("head_dim")?.or(head_dim).or(Some(width / heads)),
        rope_theta: rope.theta,
        rope_scaling: rope.scaling,
        rotary_fraction: rope.fraction,
        bias: match config.flag("attention_bias", false)? {
            true => Bias::All,
            false => Bias::None,
        },
        ..Attention::default()
    })
}

/// The gated feed-forward of a config in Llama's words.
pub(super) fn read_feed_forward(config: &Config) -> Result<Option<ChannelSpec>, ModelError> {
    config.only("mlp_bias", false)?;
    let inner = Some(config.size("intermediate_size")?);
    Ok(Some(ChannelSpec::SwiGlu(SwiGlu { inner })))
}

/// The fields that [`read`] and [`read_feed_forward`] read, and those of rotary positions.
pub(super) fn write(stack: &Stack, channel: &SwiGlu, rope: &Rope) -> Map<String, Value> {
    let mut written = fields(json!({
        "vocab_size": stack.vocabulary,
        "hidden_size": stack.width,
        "num_hidden_layers": stack.layers,
        "max_position_embeddings": stack.context,
        "tie_word_embeddings": stack.tied,
        "hidden_act": "silu",
        "rms_norm_eps": stack.norm_epsilon,
        "intermediate_size": channel.inner(stack.width),
    }));
    written.extend(rope.write());
    written
}

/// All of those, and the fields that [`read_attention`] reads.
pub(super) fn write_attention(stack: &Stack, attention: &Attention, channel: &SwiGlu) -> Map<String, Value> {
    let rope = Rope {
        theta: attention.rope_theta,
        scaling: attention.rope_scaling,
        fraction: attention.rotary_fraction,
        mscale_all: None,
    };
    let heads = attention.heads(stack.width);
    let mut written = write(stack, channel, &rope);
    written.extend(fields(json!({
        "num_attention_heads": heads.query,
        "num_key_value_heads": heads.key_value,
        "head_dim": heads.dimension,
        "attention_bias": attention.bias == Bias::All,
    })));
    written
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
    let theirs = |name: &str| format!("model.layers.{layer}.{name}");
    let mut tensors = vec![Tensor::same(
        theirs("input_layernorm.weight"),
        ours("attention_norm"),
        &[width],
    )];
    for (name, columns) in ["q", "k", "v"].into_iter().zip(heads.parts()) {
        let count = columns.len();
        let part = |end: &str, weight: &str, shape: &[usize]| {
            let piece = Piece::rows(ours(weight), count, 0, columns.start);
            Tensor::arranged(
                theirs(&format!("self_attn.{name}_proj.{end}")),
                shape,
                true,
                vec![piece],
            )
        };
        tensors.push(part("weight", "query_key_value", &[count, width]));
        if attention.bias.is_of_inputs() {
            tensors.push(part("bias", "query_key_value_bias", &[count]));
        }
    }
    if attention.qk_norm {
        for (index, name) in ["q_norm", "k_norm"].into_iter().enumerate() {
            let size = heads.dimension;
            let piece = Piece::rows(ours("query_key_norm"), size, 0, index * size);
            let name = theirs(&format!("self_attn.{name}.weight"));
            tensors.push(Tensor::arranged(name, &[size], false, vec![piece]));
        }
    }
    let output = theirs("self_attn.o_proj.weight");
    tensors.push(Tensor::turned(
        output,
        ours("attention_output"),
        &[width, heads.mixed()],
    ));
    if attention.bias.is_of_output() {
        let output = theirs("self_attn.o_proj.bias");
        tensors.push(Tensor::same(output, ours("attention_output_bias"), &[width]));
    }
    tensors
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
