use serde_json::{Map, Value, json};

use super::llama::NAMES;
use super::tensor::{Piece, Steps};
use super::{Config, Family, Names, Tensor, transformer};
use crate::block::Block;
use crate::channels::ChannelSpec;
use crate::error::{ModelError, rule, within};
use crate::mixers::{Attention, GatedDeltaNet, MixerSpec};
use crate::norm::NormKind;
use crate::presets::qwen3_next;
use crate::stack::Stack;

/// Qwen3-Next's layout.
#[derive(Debug)]
pub struct Qwen3Next;

impl Qwen3Next {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Qwen3-Next (Qwen team 2025) without experts: blocks of gated DeltaNet (arXiv \
        2412.06464) and of attention with normalised and partly turned heads and a gate, gains that are told as what \
        they add to one. Its projections are published head by head.";
}

const LINEAR: &str = "linear_attention";
const FULL: &str = "full_attention";

/// Width of a head of attention where a config tells none.
const HEAD_DIM: usize = 256;

/// Every how many layers attention is full where no list says it.
const INTERVAL: usize = 4;

impl Family for Qwen3Next {
    fn model_types(&self) -> &'static [&'static str] {
        &["qwen3_next"]
    }

    fn class(&self) -> &'static str {
        "Qwen3NextForCausalLM"
    }

    fn names(&self) -> Names {
        NAMES
    }

    fn read(&self, config: &Config) -> Result<Stack, ModelError> {
        let layers = config.size("num_hidden_layers")?;
        within("num_hidden_layers", layers, 1, 1 << 12)?;
        config.only("attention_bias", false)?;
        check_experts(config, layers)?;
        let channel = transformer::read_feed_forward(config)?;
        let plain = transformer::read_attention(config, Some(HEAD_DIM))?;
        let usual = qwen3_next::attention();
        let attention = Attention {
            rotary_fraction: plain.rotary_fraction.or(usual.rotary_fraction),
            qk_norm: usual.qk_norm,
            output_gate: usual.output_gate,
            ..plain
        };
        let of = |mixer| Block {
            mixer,
            channel: channel.clone(),
        };
        let full = of(MixerSpec::Attention(attention));
        let linear = of(MixerSpec::GatedDeltaNet(delta(config)?));
        let pattern = pattern(config, layers)?;
        let blocks = [('a', full.clone()), ('d', linear)].into_iter();
        Ok(Stack {
            blocks: blocks.filter(|(letter, _)| pattern.contains(*letter)).collect(),
            pattern,
            norm: NormKind::ZeroCentred,
            ..transformer::read(config, 'a', full)?
        })
    }

    fn write(&self, stack: &Stack) -> Result<Map<String, Value>, ModelError> {
        let mut parts = (None, None, None);
        let mut kinds = Vec::new();
        for block in stack.layers() {
            match (&block.mixer, &block.channel) {
                (MixerSpec::Attention(mixer), Some(ChannelSpec::SwiGlu(channel))) => {
                    (parts.0, parts.2) = (Some(mixer.clone()), Some(channel.clone()));
                    kinds.push(FULL);
                }
                (MixerSpec::GatedDeltaNet(mixer), Some(ChannelSpec::SwiGlu(channel))) => {
                    (parts.1, parts.2) = (Some(mixer.clone()), Some(channel.clone()));
                    kinds.push(LINEAR);
                }
                _ => {
                    return Err(transformer::unlike(
                        block,
                        "`attention` or `gated-deltanet`, and `swiglu`",
                    ));
                }
            }
        }
        let (attention, delta, channel) = parts;
        let attention = attention.unwrap_or_default();
        let fraction = attention.rotary_fraction.unwrap_or(1.0);
        let shape = delta.unwrap_or_default().shape(stack.width, 1, 1);
        let mut fields = transformer::write_attention(stack, &attention, &channel.unwrap_or_default());
        fields.extend(transformer::fields(json!({
            "partial_rotary_factor": fraction,
            "layer_types": kinds,
            "linear_num_value_heads": shape.heads,
            "linear_num_key_heads": shape.key_heads,
            "linear_key_head_dim": shape.key,
            "linear_value_head_dim": shape.value,
            "linear_conv_kernel_dim": shape.taps,
            "num_experts": 0,
        })));
        Ok(fields)
    }

    fn layer(&self, layer: usize, block: &Block, width: usize) -> Result<Vec<Tensor>, ModelError> {
        let Some(ChannelSpec::SwiGlu(channel)) = &block.channel else {
            return Err(transformer::unlike(block, "`swiglu`"));
        };
        let mut tensors = match &block.mixer {
            MixerSpec::Attention(attention) => gated_attention(layer, attention, width),
            MixerSpec::GatedDeltaNet(delta) => delta_net(layer, delta, width),
            _ => return Err(transformer::unlike(block, "`attention` or `gated-deltanet`")),
        };
        tensors.extend(transformer::feed_forward(layer, channel, width));
        Ok(tensors)
    }
}

/// The rule that no layer has experts.
fn check_experts(config: &Config, layers: usize) -> Result<(), ModelError> {
    let experts = config.size_if("num_experts")?.unwrap_or(512);
    let step = config.size_if("decoder_sparse_step")?.unwrap_or(1).max(1);
    let dense = config.sizes("mlp_only_layers")?.unwrap_or_default();
    let has_experts = |layer: &usize| (layer + 1).is_multiple_of(step) && !dense.contains(layer);
    rule(
        experts == 0 || !(0..layers).any(|layer| has_experts(&layer)),
        "num_experts",
        experts,
        "experts are not built",
        "take a model whose layers are all in `mlp_only_layers`, or that has 0",
    )
}

/// The gated DeltaNet of a config.
fn delta(config: &Config) -> Result<GatedDeltaNet, ModelError> {
    let size = |field, default| config.size_if(field).map(|size| size.unwrap_or(default));
    let (key, value) = (
        size("linear_key_head_dim", 128)?,
        size("linear_value_head_dim", 128)?,
    );
    rule(
        key > 0 && value.is_multiple_of(key),
        "linear_value_head_dim",
        value,
        format!("must be a multiple of `linear_key_head_dim = {key}`"),
        "take a model where it is",
    )?;
    Ok(GatedDeltaNet {
        heads: Some(size("linear_num_value_heads", 32)?),
        key_heads: Some(size("linear_num_key_heads", 16)?),
        head_dim: Some(key),
        expand_value: value / key,
        taps: size("linear_conv_kernel_dim", 4)?,
        ..GatedDeltaNet::default()
    })
}

/// A letter a layer.
fn pattern(config: &Config, layers: usize) -> Result<String, ModelError> {
    let Some(kinds) = config.texts("layer_types")? else {
        let interval = config
            .size_if("full_attention_interval")?
            .unwrap_or(INTERVAL)
            .max(1);
        let letter = |layer: usize| if layer.is_multiple_of(interval) { 'a' } else { 'd' };
        return Ok((1..=layers).map(letter).collect());
    };
    rule(
        kinds.len() == layers,
        "layer_types",
        format!("{} kinds", kinds.len()),
        format!("must be one for each of `num_hidden_layers = {layers}`"),
        "correct the fields",
    )?;
    let letter = |kind: &&str| match *kind {
        FULL => Ok('a'),
        LINEAR => Ok('d'),
        kind => Err(ModelError(format!(
            "`layer_types = \"{kind}\"`: must be `{LINEAR}` or `{FULL}`; take a model of those"
        ))),
    };
    kinds.iter().map(letter).collect()
}

/// Attention whose queries are published with their gate, head by head.
fn gated_attention(layer: usize, attention: &Attention, width: usize) -> Vec<Tensor> {
    let heads = attention.heads(width);
    let (count, size) = (heads.query, heads.dimension);
    let every = |weight: &str, first| {
        let from = Steps {
            first,
            by: [2 * size, 0, 1],
        };
        let to = Steps {
            first: 0,
            by: [size, 0, 1],
        };
        Piece::of(format!("blocks.{layer}.{weight}"), [count, 1, size], from, to)
    };
    let pieces = vec![every("query_key_value", 0), every("attention_gate", size)];
    let name = format!("model.layers.{layer}.self_attn.q_proj.weight");
    let queries = Tensor::arranged(name, &[2 * count * size, width], true, pieces);
    let others = transformer::attention(layer, attention, width).into_iter();
    others
        .map(|tensor| {
            if tensor.name == queries.name {
                queries.clone()
            } else {
                tensor
            }
        })
        .collect()
}

/// Gated DeltaNet, whose projections are published key head by key head, each with the value heads that it serves.
fn delta_net(layer: usize, delta: &GatedDeltaNet, width: usize) -> Vec<Tensor> {
    let shape = delta.shape(width, 1, 1);
    let (groups, key, inner, columns) = (shape.key_heads, shape.key, shape.inner(), shape.columns());
    let (each, served) = (inner / groups, shape.heads / groups);
    let ours = |name: &str| format!("blocks.{layer}.{name}");
    let theirs = |name: &str| format!("model.layers.{layer}.{name}");
    // Of each group, so many rows from the first on, to columns from another on.
    let every = |count: usize, first: usize, group: usize, to: usize| {
        let from = Steps {
            first,
            by: [group, 0, 1],
        };
        let to = Steps {
            first: to,
            by: [count, 0, 1],
        };
        Piece::of(ours("delta_projection"), [groups, 1, count], from, to)
    };
    let group = 2 * (key + each);
    let most = vec![
        every(key, 0, group, inner),
        every(key, key, group, inner + groups * key),
        every(each, 2 * key, group, inner + 2 * groups * key),
        every(each, 2 * key + each, group, 0),
    ];
    let rates_and_steps = vec![
        every(served, 0, 2 * served, columns - shape.heads),
        every(served, served, 2 * served, columns - 2 * shape.heads),
    ];
    let same = |published, name, shape: &[usize]| Tensor::same(theirs(published), ours(name), shape);
    let turned = |published, name, shape: &[usize]| Tensor::turned(theirs(published), ours(name), shape);
    let arranged =
        |published, rows, pieces| Tensor::arranged(theirs(published), &[rows, width], true, pieces);
    vec![
        same("input_layernorm.weight", "delta_norm", &[width]),
        arranged("linear_attn.in_proj_qkvz.weight", groups * group, most),
        arranged("linear_attn.in_proj_ba.weight", 2 * shape.heads, rates_and_steps),
        turned(
            "linear_attn.conv1d.weight",
            "convolution",
            &[shape.channels(), 1, shape.taps],
        ),
        same("linear_attn.dt_bias", "step_bias", &[shape.heads]),
        same("linear_attn.A_log", "decay_log", &[shape.heads]),
        same("linear_attn.norm.weight", "head_norm", &[shape.value]),
        turned("linear_attn.out_proj.weight", "delta_output", &[width, inner]),
    ]
}
