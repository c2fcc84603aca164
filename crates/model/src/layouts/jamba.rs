use serde_json::{Map, Value, json};

use super::experts::experts;
use super::mamba::{rank, tensors_of};
use super::{Config, Family, Names, Tensor, transformer};
use crate::block::Block;
use crate::channels::{ChannelSpec, Experts, SwiGlu};
use crate::error::{ModelError, rule, within};
use crate::mixers::{Attention, Mamba, MixerSpec};
use crate::presets::jamba;
use crate::stack::Stack;

/// Jamba's layout.
#[derive(Debug)]
pub struct Jamba;

impl Jamba {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Jamba (Lieber et al. 2024, arXiv 2403.19887): blocks of Mamba, whose steps, B and C \
        are normalised, and at one place of each period one of attention in which nothing turns; at one place of \
        another period experts, else a feed-forward layer.";
}

const WANTED: &str =
    "`mamba` with `inner_norms` or `attention` with `rotary_fraction = 0`, and `swiglu` or `experts`";

impl Family for Jamba {
    fn model_types(&self) -> &'static [&'static str] {
        &["jamba"]
    }

    fn class(&self) -> &'static str {
        "JambaForCausalLM"
    }

    fn names(&self) -> Names {
        Names {
            norm: "model.final_layernorm.weight",
            ..super::llama::NAMES
        }
    }

    fn read(&self, config: &Config) -> Result<Stack, ModelError> {
        config.only("mamba_conv_bias", true)?;
        config.only("mamba_proj_bias", false)?;
        let layers = config.size("num_hidden_layers")?;
        within("num_hidden_layers", layers, 1, 1 << 12)?;
        let dense = transformer::read_feed_forward(config)?;
        let count = config.size_if("num_experts")?.unwrap_or(16);
        let routed = ChannelSpec::Experts(Experts {
            experts: count,
            chosen: config.size_if("num_experts_per_tok")?.unwrap_or(2),
            inner: Some(config.size("intermediate_size")?),
            renormalised: false,
            ..Experts::default()
        });
        let [period, offset] = places(config, ["attn_layer_period", "attn_layer_offset"], [8, 4])?;
        let [step, first] = places(config, ["expert_layer_period", "expert_layer_offset"], [2, 1])?;
        let mixers = [
            MixerSpec::Mamba(mamba(config)?),
            MixerSpec::Attention(attention(config)?),
        ];
        let block = |layer: usize| Block {
            mixer: mixers[usize::from(layer % period == offset)].clone(),
            channel: match count > 1 && layer % step == first {
                true => Some(routed.clone()),
                false => dense.clone(),
            },
        };
        transformer::read_layers(config, (0..layers).map(block).collect())
    }

    fn write(&self, stack: &Stack) -> Result<Map<String, Value>, ModelError> {
        let (mut attention, mut mamba, mut dense, mut routed) = (None, None, None, None);
        let (mut attends, mut routes) = (Vec::new(), Vec::new());
        for block in stack.layers() {
            match &block.mixer {
                MixerSpec::Attention(mixer) => attention = Some(mixer.clone()),
                MixerSpec::Mamba(mixer) => mamba = Some(mixer.clone()),
                _ => return Err(transformer::unlike(block, WANTED)),
            }
            attends.push(matches!(block.mixer, MixerSpec::Attention(_)));
            match &block.channel {
                Some(ChannelSpec::SwiGlu(channel)) => dense = Some(channel.clone()),
                Some(ChannelSpec::Experts(channel)) => routed = Some(channel.clone()),
                _ => return Err(transformer::unlike(block, WANTED)),
            }
            routes.push(matches!(block.channel, Some(ChannelSpec::Experts(_))));
        }
        let ([period, offset], [step, first]) = (repeated(&attends), repeated(&routes));
        // Experts are as wide as the layers between them.
        let inner = routed.as_ref().and_then(|experts| experts.inner);
        let dense = dense.unwrap_or(SwiGlu { inner });
        let heads = attention.unwrap_or_default().heads(stack.width);
        let shape = mamba.clone().unwrap_or_default().shape(stack.width, 1, 1);
        Ok(transformer::fields(json!({
            "vocab_size": stack.vocabulary,
            "hidden_size": stack.width,
            "intermediate_size": dense.inner(stack.width),
            "num_hidden_layers": stack.layers,
            "max_position_embeddings": stack.context,
            "tie_word_embeddings": stack.tied,
            "hidden_act": "silu",
            "rms_norm_eps": stack.norm_epsilon,
            "num_attention_heads": heads.query,
            "num_key_value_heads": heads.key_value,
            "attn_layer_period": period,
            "attn_layer_offset": offset,
            "mamba_d_state": shape.state,
            "mamba_d_conv": shape.taps,
            "mamba_expand": mamba.unwrap_or_default().expand,
            "mamba_dt_rank": shape.rank,
            "mamba_conv_bias": true,
            "mamba_proj_bias": false,
            "num_experts": routed.as_ref().map_or(1, |experts| experts.experts),
            "num_experts_per_tok": routed.as_ref().map_or(1, |experts| experts.chosen),
            "expert_layer_period": step,
            "expert_layer_offset": first,
        })))
    }

    fn layer(&self, layer: usize, block: &Block, width: usize) -> Result<Vec<Tensor>, ModelError> {
        let theirs = format!("model.layers.{layer}");
        let mut tensors = match &block.mixer {
            MixerSpec::Attention(attention) => transformer::attention(layer, attention, width),
            MixerSpec::Mamba(mamba) => {
                let mut tensors = tensors_of(layer, mamba, width, &format!("{theirs}.mamba"));
                let name = format!("{theirs}.input_layernorm.weight");
                tensors.push(Tensor::same(name, format!("blocks.{layer}.mamba_norm"), &[width]));
                tensors
            }
            _ => return Err(transformer::unlike(block, WANTED)),
        };
        let channel = match &block.channel {
            Some(ChannelSpec::SwiGlu(channel)) => transformer::feed_forward(layer, channel, width),
            Some(ChannelSpec::Experts(channel)) => experts(layer, channel, width, "shared_expert"),
            _ => return Err(transformer::unlike(block, WANTED)),
        };
        tensors.extend(channel.into_iter().map(|tensor| {
            let name = tensor
                .name
                .replace("post_attention_layernorm", "pre_ff_layernorm")
                .replace(".mlp.gate.", ".mlp.router.");
            tensor.named(name.replace(".mlp.", ".feed_forward."))
        }));
        Ok(tensors)
    }
}

/// A period of layers, and a place within it.
fn places(
    config: &Config,
    [period, offset]: [&'static str; 2],
    usual: [usize; 2],
) -> Result<[usize; 2], ModelError> {
    let (layers, place) = (
        config.size_if(period)?.unwrap_or(usual[0]),
        config.size_if(offset)?.unwrap_or(usual[1]),
    );
    rule(
        place < layers,
        offset,
        place,
        format!("must be below `{period} = {layers}`"),
        "correct the fields",
    )?;
    Ok([layers, place])
}

/// The period and the place of the first two such layers, or of one or none, so that no other is among the layers.
fn repeated(are_such: &[bool]) -> [usize; 2] {
    let layers = are_such.len();
    let mut found = (0..layers).filter(|&layer| are_such[layer]);
    match (found.next(), found.next()) {
        (Some(first), Some(second)) => [second - first, first],
        (Some(first), None) => [layers.max(first + 1), first],
        (None, _) => [layers + 1, layers],
    }
}

/// The attention of a config.
fn attention(config: &Config) -> Result<Attention, ModelError> {
    let (width, heads) = (config.size("hidden_size")?, config.size("num_attention_heads")?);
    within("num_attention_heads", heads, 1, 1 << 12)?;
    rule(
        width.is_multiple_of(heads),
        "num_attention_heads",
        heads,
        format!("must divide `hidden_size = {width}`"),
        "correct the fields",
    )?;
    Ok(Attention {
        heads: Some(heads),
        key_value_heads: Some(config.size_if("num_key_value_heads")?.unwrap_or(heads)),
        head_dim: Some(width / heads),
        ..jamba::attention()
    })
}

/// The Mamba of a config.
fn mamba(config: &Config) -> Result<Mamba, ModelError> {
    let size = |field, usual| config.size_if(field).map(|size| size.unwrap_or(usual));
    Ok(Mamba {
        state: size("mamba_d_state", 16)?,
        expand: size("mamba_expand", 2)?,
        step_rank: rank(config, "mamba_dt_rank", config.size("hidden_size")?)?,
        taps: size("mamba_d_conv", 4)?,
        inner_norms: true,
    })
}
