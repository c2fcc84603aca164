use serde_json::{Map, Value, json};

use super::experts::experts;
use super::llama::NAMES;
use super::rope::{Rope, mscale};
use super::tensor::{Piece, Steps};
use super::{Config, Family, Names, Tensor, transformer};
use crate::block::Block;
use crate::channels::experts::{BIAS_RATE, Router};
use crate::channels::{ChannelSpec, Experts, SwiGlu};
use crate::error::{ModelError, rule, within};
use crate::mixers::{LatentAttention, MixerSpec};
use crate::rope_scaling::RopeScaling;
use crate::stack::Stack;

/// DeepSeek's layout.
#[derive(Debug)]
pub struct DeepSeek;

impl DeepSeek {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "DeepSeek-V3 (arXiv 2412.19437), and V2 (arXiv 2405.04434) without experts: latent \
        attention, whose published heads have what turns behind what does not, in pairs of neighbours; SwiGLU in the \
        first blocks, behind them experts whose choice a bias corrects. Written as V3.";
}

/// What transformers adds in the normalisation of latents, whatever a config says of others.
const LATENT_EPSILON: f64 = 1e-6;

/// The only channels of a block, of which a layer has one.
fn parts(block: &Block) -> Result<(&LatentAttention, Channel<'_>), ModelError> {
    match (&block.mixer, &block.channel) {
        (MixerSpec::LatentAttention(attention), Some(ChannelSpec::SwiGlu(channel))) => {
            Ok((attention, Channel::Dense(channel)))
        }
        (MixerSpec::LatentAttention(attention), Some(ChannelSpec::Experts(channel))) => {
            Ok((attention, Channel::Experts(channel)))
        }
        _ => Err(transformer::unlike(
            block,
            "`latent-attention`, and `swiglu` or `experts`",
        )),
    }
}

enum Channel<'a> {
    Dense(&'a SwiGlu),
    Experts(&'a Experts),
}

impl Family for DeepSeek {
    fn model_types(&self) -> &'static [&'static str] {
        &["deepseek_v3", "deepseek_v2"]
    }

    fn class(&self) -> &'static str {
        "DeepseekV3ForCausalLM"
    }

    fn names(&self) -> Names {
        NAMES
    }

    fn read(&self, config: &Config) -> Result<Stack, ModelError> {
        config.only("attention_bias", false)?;
        config.only("rope_interleave", true)?;
        let layers = config.size("num_hidden_layers")?;
        within("num_hidden_layers", layers, 1, 1 << 12)?;
        let dense = config.size_if("first_k_dense_replace")?.unwrap_or(0).min(layers);
        rule(
            dense == layers || config.model_type()? != "deepseek_v2",
            "first_k_dense_replace",
            dense,
            format!(
                "must be at least `num_hidden_layers = {layers}`, for the experts of DeepSeek-V2 are not built"
            ),
            "take one without experts, or DeepSeek-V3",
        )?;
        let rope = Rope::read(config, config.size("max_position_embeddings")?)?;
        let score_factor = match (rope.mscale_all, rope.scaling) {
            (Some(all), Some(RopeScaling::Yarn { factor, .. })) => Some(mscale(factor, all).powi(2)),
            _ => None,
        };
        let attention = LatentAttention {
            heads: Some(config.size("num_attention_heads")?),
            nope_head_dim: Some(config.size("qk_nope_head_dim")?),
            rope_head_dim: Some(config.size("qk_rope_head_dim")?),
            value_head_dim: Some(config.size("v_head_dim")?),
            key_value_rank: Some(config.size("kv_lora_rank")?),
            query_rank: config.size_if("q_lora_rank")?,
            latent_epsilon: Some(LATENT_EPSILON),
            rope_theta: rope.theta,
            rope_scaling: rope.scaling,
            score_factor,
        };
        let of = |channel| Block {
            mixer: MixerSpec::LatentAttention(attention.clone()),
            channel,
        };
        let first = of(transformer::read_feed_forward(config)?);
        let mut blocks = vec![first; dense];
        if dense < layers {
            let later = of(Some(ChannelSpec::Experts(read_experts(config)?)));
            blocks.resize(layers, later);
        }
        transformer::read_layers(config, blocks)
    }

    fn write(&self, stack: &Stack) -> Result<Map<String, Value>, ModelError> {
        let (attention, dense, experts) = layers_of(stack)?;
        let mscale_all = match (attention.score_factor, attention.rope_scaling) {
            (Some(score), Some(RopeScaling::Yarn { factor, .. })) if factor > 1.0 => {
                // Six decimals, as it is published.
                let mscale = (score.sqrt() - 1.0) / (0.1 * factor.ln());
                Some((mscale * 1e6).round() / 1e6)
            }
            _ => None,
        };
        let rope = Rope {
            theta: attention.rope_theta,
            scaling: attention.rope_scaling,
            fraction: None,
            mscale_all,
        };
        let first = stack.layers().take_while(|block| !has_experts(block)).count();
        let mut fields = transformer::write(stack, &dense, &rope);
        fields.extend(transformer::fields(json!({
            "num_attention_heads": attention.heads,
            "num_key_value_heads": attention.heads,
            "qk_nope_head_dim": attention.nope_head_dim,
            "qk_rope_head_dim": attention.rope_head_dim,
            "v_head_dim": attention.value_head_dim,
            "kv_lora_rank": attention.key_value_rank,
            "q_lora_rank": attention.query_rank,
            "rope_interleave": true,
            "first_k_dense_replace": first,
            "num_nextn_predict_layers": 0,
        })));
        if let Some(experts) = experts {
            fields.extend(write_experts(experts, stack.width)?);
        }
        Ok(fields)
    }

    fn layer(&self, layer: usize, block: &Block, width: usize) -> Result<Vec<Tensor>, ModelError> {
        let (attention, channel) = parts(block)?;
        let mut tensors = latent_attention(layer, attention, width);
        tensors.extend(match channel {
            Channel::Dense(channel) => transformer::feed_forward(layer, channel, width),
            Channel::Experts(channel) => experts(layer, channel, width, "shared_experts"),
        });
        Ok(tensors)
    }
}

fn has_experts(block: &Block) -> bool {
    matches!(block.channel, Some(ChannelSpec::Experts(_)))
}

/// The attention of all layers, the feed-forward layer of the first ones, and the experts of those behind them.
fn layers_of(stack: &Stack) -> Result<(&LatentAttention, SwiGlu, Option<&Experts>), ModelError> {
    let (mut attention, mut dense, mut experts) = (None, None, None);
    for block in stack.layers() {
        let (mixer, channel) = parts(block)?;
        attention = attention.or(Some(mixer));
        match channel {
            Channel::Dense(channel) => dense = dense.or(Some(channel.clone())),
            Channel::Experts(channel) => experts = experts.or(Some(channel)),
        }
    }
    let attention = attention.ok_or_else(|| ModelError("a stack has layers; give it one".to_owned()))?;
    // Without such a layer its width means nothing.
    let dense = dense.unwrap_or(SwiGlu { inner: Some(1) });
    Ok((attention, dense, experts))
}

/// The experts of a config.
fn read_experts(config: &Config) -> Result<Experts, ModelError> {
    config.only("moe_layer_freq", 1)?;
    config.only("scoring_func", "sigmoid")?;
    config.only("topk_method", "noaux_tc")?;
    let size = |field, usual| config.size_if(field).map(|size| size.unwrap_or(usual));
    let inner = config.size("moe_intermediate_size")?;
    let shared = size("n_shared_experts", 1)?;
    within("n_shared_experts", shared, 1, 1 << 12)?;
    let experts = Experts {
        experts: size("n_routed_experts", 256)?,
        chosen: size("num_experts_per_tok", 8)?,
        inner: Some(inner),
        shared: 1,
        shared_inner: Some(inner.saturating_mul(shared)),
        router: Router::Sigmoid,
        renormalised: config.flag("norm_topk_prob", true)?,
        scale: config.number("routed_scaling_factor")?.or(Some(2.5)),
        groups: size("n_group", 8)?,
        chosen_groups: size("topk_group", 4)?,
        bias_rate: Some(BIAS_RATE),
        ..Experts::default()
    };
    Ok(Experts {
        // Trained on, it is balanced by its bias alone.
        auxiliary: 0.0,
        ..experts.said(config.size("hidden_size")?)
    })
}

/// The fields that [`read_experts`] reads.
fn write_experts(experts: &Experts, width: usize) -> Result<Map<String, Value>, ModelError> {
    let (inner, shared) = (experts.expert_inner(width), experts.all_shared_inner(width));
    rule(
        shared > 0 && shared.is_multiple_of(inner),
        "shared_inner",
        shared,
        format!("must be a multiple of `inner = {inner}`, and there must be shared experts"),
        "choose another layout, or train a model where it is",
    )?;
    Ok(transformer::fields(json!({
        "n_routed_experts": experts.experts,
        "num_experts_per_tok": experts.chosen,
        "moe_intermediate_size": inner,
        "n_shared_experts": shared / inner,
        "norm_topk_prob": experts.renormalised,
        "routed_scaling_factor": experts.scale.unwrap_or(1.0),
        "n_group": experts.groups,
        "topk_group": experts.chosen_groups,
        "scoring_func": "sigmoid",
        "topk_method": "noaux_tc",
    })))
}

/// Coordinates that turn, of heads that are `every` apart: neighbours from row `from` on are halves from column `to` on.
fn turning(weight: String, heads: usize, rope: usize, every: usize, [from, to]: [usize; 2]) -> Piece {
    let from = Steps {
        first: from,
        by: [every, 1, 2],
    };
    let to = Steps {
        first: to,
        by: [every, rope / 2, 1],
    };
    Piece::of(weight, [heads, 2, rope / 2], from, to)
}

/// Coordinates of heads, so many of every so many rows from `from` on, and of so many columns from `to` on.
fn straight(weight: String, [heads, count]: [usize; 2], every: [usize; 2], [from, to]: [usize; 2]) -> Piece {
    let from = Steps {
        first: from,
        by: [every[0], 0, 1],
    };
    let to = Steps {
        first: to,
        by: [every[1], 0, 1],
    };
    Piece::of(weight, [heads, 1, count], from, to)
}

fn latent_attention(layer: usize, attention: &LatentAttention, width: usize) -> Vec<Tensor> {
    let sizes = attention.sizes(width);
    let (heads, rope, nope, value, rank) = (sizes.heads, sizes.rope, sizes.nope, sizes.value, sizes.rank);
    let key = rope + nope;
    let ours = |name: &str| format!("blocks.{layer}.{name}");
    let theirs = |name: &str| format!("model.layers.{layer}.{name}.weight");
    let queries = |name: &str, weight: &str, inputs: usize| {
        let pieces = vec![
            straight(ours(weight), [heads, nope], [key, key], [0, rope]),
            turning(ours(weight), heads, rope, key, [nope, 0]),
        ];
        Tensor::arranged(theirs(name), &[heads * key, inputs], true, pieces)
    };
    let mut tensors = vec![Tensor::same(
        theirs("input_layernorm"),
        ours("attention_norm"),
        &[width],
    )];
    match attention.query_rank {
        Some(rank) => tensors.extend([
            Tensor::turned(theirs("self_attn.q_a_proj"), ours("query_down"), &[rank, width]),
            Tensor::same(theirs("self_attn.q_a_layernorm"), ours("query_norm"), &[rank]),
            queries("self_attn.q_b_proj", "query_up", rank),
        ]),
        None => tensors.push(queries("self_attn.q_proj", "query", width)),
    }
    let down = vec![
        Piece::rows(ours("latent_down"), rank, 0, rope),
        turning(ours("latent_down"), 1, rope, rope, [rank, 0]),
    ];
    let (each, up) = (nope + value, theirs("self_attn.kv_b_proj"));
    let ups = vec![
        straight(ours("key_up"), [heads, nope], [each, nope], [0, 0]),
        straight(ours("value_up"), [heads, value], [each, value], [nope, 0]),
    ];
    let down_name = theirs("self_attn.kv_a_proj_with_mqa");
    tensors.extend([
        Tensor::arranged(down_name, &[rank + rope, width], true, down),
        Tensor::same(theirs("self_attn.kv_a_layernorm"), ours("latent_norm"), &[rank]),
        Tensor::arranged(up, &[heads * each, rank], true, ups),
        Tensor::turned(
            theirs("self_attn.o_proj"),
            ours("attention_output"),
            &[width, heads * value],
        ),
    ]);
    tensors
}
