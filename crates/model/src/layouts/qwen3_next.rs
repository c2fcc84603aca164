use serde_json::{Map, Value, json};

use super::experts::experts;
use super::llama::NAMES;
use super::tensor::{Piece, Steps};
use super::{Config, Family, Names, Tensor, transformer};
use crate::block::Block;
use crate::channels::{ChannelSpec, Experts, SwiGlu};
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
    pub const ABOUT: &'static str = "Qwen3-Next (Qwen team 2025): blocks of gated DeltaNet (arXiv 2412.06464) and \
        of attention with normalised and partly turned heads and a gate, each with experts, beside them a shared one \
        with a gate, or with a feed-forward layer; gains that are told as what they add to one. Its projections are \
        published head by head.";
}

const WANTED: &str = "`attention` or `gated-deltanet`, and `swiglu` or `experts`";

const LINEAR: &str = "linear_attention";
const FULL: &str = "full_attention";

/// Width of a head of attention where a config tells none.
const HEAD_DIM: usize = 256;

/// Experts where a config leaves them out.
const EXPERTS: usize = 512;

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
        let plain = transformer::read_attention(config, Some(HEAD_DIM))?;
        let usual = qwen3_next::attention();
        let attention = Attention {
            rotary_fraction: plain.rotary_fraction.or(usual.rotary_fraction),
            qk_norm: usual.qk_norm,
            output_gate: usual.output_gate,
            ..plain
        };
        let mixers = [
            MixerSpec::Attention(attention),
            MixerSpec::GatedDeltaNet(delta(config)?),
        ];
        let dense = transformer::read_feed_forward(config)?;
        let (attends, routes) = (attends(config, layers)?, routes(config, layers)?);
        let experts = match routes.contains(&true) {
            true => Some(ChannelSpec::Experts(read_experts(config)?)),
            false => None,
        };
        let block = |(attends, routes): (bool, bool)| Block {
            mixer: mixers[usize::from(!attends)].clone(),
            channel: if routes { experts.clone() } else { dense.clone() },
        };
        let layers = attends.into_iter().zip(routes).map(block).collect();
        Ok(Stack {
            norm: NormKind::ZeroCentred,
            ..transformer::read_layers(config, layers)?
        })
    }

    fn write(&self, stack: &Stack) -> Result<Map<String, Value>, ModelError> {
        let (mut attention, mut delta, mut dense, mut routed) = (None, None, None, None);
        let (mut kinds, mut without) = (Vec::new(), Vec::new());
        for (layer, block) in stack.layers().enumerate() {
            match &block.mixer {
                MixerSpec::Attention(mixer) => {
                    attention = Some(mixer.clone());
                    kinds.push(FULL);
                }
                MixerSpec::GatedDeltaNet(mixer) => {
                    delta = Some(mixer.clone());
                    kinds.push(LINEAR);
                }
                _ => return Err(transformer::unlike(block, WANTED)),
            }
            match &block.channel {
                Some(ChannelSpec::SwiGlu(channel)) => {
                    dense = Some(channel.clone());
                    without.push(layer);
                }
                Some(ChannelSpec::Experts(channel)) => routed = Some(channel.clone()),
                _ => return Err(transformer::unlike(block, WANTED)),
            }
        }
        let attention = attention.unwrap_or_default();
        let fraction = attention.rotary_fraction.unwrap_or(1.0);
        let shape = delta.unwrap_or_default().shape(stack.width, 1, 1);
        // Without such a layer its width means nothing.
        let dense = dense.unwrap_or(SwiGlu { inner: Some(1) });
        let mut fields = transformer::write_attention(stack, &attention, &dense);
        fields.extend(transformer::fields(json!({
            "partial_rotary_factor": fraction,
            "layer_types": kinds,
            "linear_num_value_heads": shape.heads,
            "linear_num_key_heads": shape.key_heads,
            "linear_key_head_dim": shape.key,
            "linear_value_head_dim": shape.value,
            "linear_conv_kernel_dim": shape.taps,
        })));
        fields.extend(write_experts(routed.as_ref(), without, stack.width));
        Ok(fields)
    }

    fn layer(&self, layer: usize, block: &Block, width: usize) -> Result<Vec<Tensor>, ModelError> {
        let mut tensors = match &block.mixer {
            MixerSpec::Attention(attention) => gated_attention(layer, attention, width),
            MixerSpec::GatedDeltaNet(delta) => delta_net(layer, delta, width),
            _ => return Err(transformer::unlike(block, WANTED)),
        };
        tensors.extend(match &block.channel {
            Some(ChannelSpec::SwiGlu(channel)) => transformer::feed_forward(layer, channel, width),
            Some(ChannelSpec::Experts(channel)) => experts(layer, channel, width, "shared_expert"),
            _ => return Err(transformer::unlike(block, WANTED)),
        });
        Ok(tensors)
    }
}

/// Which layers have experts.
fn routes(config: &Config, layers: usize) -> Result<Vec<bool>, ModelError> {
    let step = config.size_if("decoder_sparse_step")?.unwrap_or(1).max(1);
    let dense = config.sizes("mlp_only_layers")?.unwrap_or_default();
    let are_there = config.size_if("num_experts")?.unwrap_or(EXPERTS) > 0;
    let routes = |layer: usize| are_there && (layer + 1).is_multiple_of(step) && !dense.contains(&layer);
    Ok((0..layers).map(routes).collect())
}

/// The experts of a config.
fn read_experts(config: &Config) -> Result<Experts, ModelError> {
    let size = |field, usual| config.size_if(field).map(|size| size.unwrap_or(usual));
    Ok(Experts {
        experts: size("num_experts", EXPERTS)?,
        chosen: size("num_experts_per_tok", 10)?,
        inner: Some(size("moe_intermediate_size", 512)?),
        shared: 1,
        shared_inner: Some(size("shared_expert_intermediate_size", 512)?),
        shared_gate: true,
        renormalised: config.flag("norm_topk_prob", true)?,
        ..Experts::default()
    })
}

/// The fields that [`routes`] and [`read_experts`] read.
fn write_experts(experts: Option<&Experts>, without: Vec<usize>, width: usize) -> Map<String, Value> {
    let Some(experts) = experts else {
        return transformer::fields(json!({ "num_experts": 0 }));
    };
    transformer::fields(json!({
        "decoder_sparse_step": 1,
        "mlp_only_layers": without,
        "num_experts": experts.experts,
        "num_experts_per_tok": experts.chosen,
        "moe_intermediate_size": experts.expert_inner(width),
        "shared_expert_intermediate_size": experts.all_shared_inner(width),
        "norm_topk_prob": experts.renormalised,
    }))
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

/// Which layers are of attention.
fn attends(config: &Config, layers: usize) -> Result<Vec<bool>, ModelError> {
    let Some(kinds) = config.texts("layer_types")? else {
        let interval = config
            .size_if("full_attention_interval")?
            .unwrap_or(INTERVAL)
            .max(1);
        return Ok((1..=layers).map(|layer| layer.is_multiple_of(interval)).collect());
    };
    rule(
        kinds.len() == layers,
        "layer_types",
        format!("{} kinds", kinds.len()),
        format!("must be one for each of `num_hidden_layers = {layers}`"),
        "correct the fields",
    )?;
    let attends = |kind: &&str| match *kind {
        FULL => Ok(true),
        LINEAR => Ok(false),
        kind => Err(ModelError(format!(
            "`layer_types = \"{kind}\"`: must be `{LINEAR}` or `{FULL}`; take a model of those"
        ))),
    };
    kinds.iter().map(attends).collect()
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
