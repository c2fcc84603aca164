use serde_json::{Map, Value, json};

use super::mamba::{rank, tensors_of};
use super::{Config, Family, Names, Tensor, transformer};
use crate::block::Block;
use crate::channels::ChannelSpec;
use crate::error::{ModelError, rule, within};
use crate::mixers::{Attention, Mamba, MixerSpec};
use crate::presets::jamba;
use crate::stack::Stack;

/// Jamba's layout.
#[derive(Debug)]
pub struct Jamba;

impl Jamba {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Jamba (Lieber et al. 2024, arXiv 2403.19887) without experts: blocks of Mamba, whose \
        steps, B and C are normalised, and at one place of each period one of attention in which nothing turns.";
}

const WANTED: &str = "`mamba` with `inner_norms` or `attention` with `rotary_fraction = 0`, and `swiglu`";

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
        check_experts(config, layers)?;
        let channel = transformer::read_feed_forward(config)?;
        let attention = Block {
            mixer: MixerSpec::Attention(attention(config)?),
            channel: channel.clone(),
        };
        let mamba = Block {
            mixer: MixerSpec::Mamba(mamba(config)?),
            channel,
        };
        let [period, offset] = places(config, ["attn_layer_period", "attn_layer_offset"], [8, 4])?;
        let letter = |layer| if layer % period == offset { 'a' } else { 's' };
        let pattern: String = (0..layers).map(letter).collect();
        let blocks = [('a', attention.clone()), ('s', mamba)].into_iter();
        Ok(Stack {
            blocks: blocks.filter(|(letter, _)| pattern.contains(*letter)).collect(),
            pattern,
            ..transformer::read(config, 'a', attention)?
        })
    }

    fn write(&self, stack: &Stack) -> Result<Map<String, Value>, ModelError> {
        let (mut attention, mut mamba, mut feed_forward) = (None, None, None);
        let mut is_attention = Vec::new();
        for block in stack.layers() {
            match (&block.mixer, &block.channel) {
                (MixerSpec::Attention(mixer), Some(ChannelSpec::SwiGlu(channel))) => {
                    (attention, feed_forward) = (Some(mixer.clone()), Some(channel.clone()));
                    is_attention.push(true);
                }
                (MixerSpec::Mamba(mixer), Some(ChannelSpec::SwiGlu(channel))) => {
                    (mamba, feed_forward) = (Some(mixer.clone()), Some(channel.clone()));
                    is_attention.push(false);
                }
                _ => return Err(transformer::unlike(block, WANTED)),
            }
        }
        let [period, offset] = repeated(&is_attention);
        let heads = attention.unwrap_or_default().heads(stack.width);
        let shape = mamba.clone().unwrap_or_default().shape(stack.width, 1, 1);
        Ok(transformer::fields(json!({
            "vocab_size": stack.vocabulary,
            "hidden_size": stack.width,
            "intermediate_size": feed_forward.unwrap_or_default().inner(stack.width),
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
            "num_experts": 1,
        })))
    }

    fn layer(&self, layer: usize, block: &Block, width: usize) -> Result<Vec<Tensor>, ModelError> {
        let Some(ChannelSpec::SwiGlu(channel)) = &block.channel else {
            return Err(transformer::unlike(block, WANTED));
        };
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
        let feed_forward = transformer::feed_forward(layer, channel, width).into_iter();
        tensors.extend(feed_forward.map(|tensor| {
            let name = tensor
                .name
                .replace("post_attention_layernorm", "pre_ff_layernorm");
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

/// The period and the place of the first two of attention, or of one or none, so that no other is among the layers.
fn repeated(is_attention: &[bool]) -> [usize; 2] {
    let layers = is_attention.len();
    let mut found = (0..layers).filter(|&layer| is_attention[layer]);
    match (found.next(), found.next()) {
        (Some(first), Some(second)) => [second - first, first],
        (Some(first), None) => [layers.max(first + 1), first],
        (None, _) => [layers + 1, layers],
    }
}

/// The rule that no layer has experts.
fn check_experts(config: &Config, layers: usize) -> Result<(), ModelError> {
    let experts = config.size_if("num_experts")?.unwrap_or(16);
    let [period, offset] = places(config, ["expert_layer_period", "expert_layer_offset"], [2, 1])?;
    rule(
        experts <= 1 || offset >= layers,
        "num_experts",
        experts,
        format!("experts are not built, and every {period}th layer has some"),
        "take a model that has 1, a feed-forward layer in their place",
    )
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
