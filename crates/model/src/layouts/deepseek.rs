use serde_json::{Map, Value, json};

use super::llama::NAMES;
use super::rope::{Rope, mscale};
use super::tensor::{Piece, Steps};
use super::{Config, Family, Names, Tensor, transformer};
use crate::block::Block;
use crate::channels::{ChannelSpec, SwiGlu};
use crate::error::{ModelError, rule};
use crate::mixers::{LatentAttention, MixerSpec};
use crate::rope_scaling::RopeScaling;
use crate::stack::Stack;

/// DeepSeek's layout.
#[derive(Debug)]
pub struct DeepSeek;

impl DeepSeek {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "DeepSeek-V2 and V3 (arXiv 2405.04434, 2412.19437) without experts: latent \
        attention, whose published heads have what turns behind what does not, in pairs of neighbours; SwiGLU. Written \
        as V3.";
}

/// What transformers adds in the normalisation of latents, whatever a config says of others.
const LATENT_EPSILON: f64 = 1e-6;

fn parts(block: &Block) -> Result<(&LatentAttention, &SwiGlu), ModelError> {
    match (&block.mixer, &block.channel) {
        (MixerSpec::LatentAttention(attention), Some(ChannelSpec::SwiGlu(channel))) => {
            Ok((attention, channel))
        }
        _ => Err(transformer::unlike(block, "`latent-attention` and `swiglu`")),
    }
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
        let dense = config.size_if("first_k_dense_replace")?.unwrap_or(0);
        let layers = config.size("num_hidden_layers")?;
        rule(
            dense >= layers,
            "first_k_dense_replace",
            dense,
            format!("must be at least `num_hidden_layers = {layers}`, for experts are not built"),
            "take a model without experts",
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
        let channel = transformer::read_feed_forward(config)?;
        let mixer = MixerSpec::LatentAttention(attention);
        transformer::read(config, 'l', Block { mixer, channel })
    }

    fn write(&self, stack: &Stack) -> Result<Map<String, Value>, ModelError> {
        let (attention, channel) = parts(transformer::only_block(stack)?)?;
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
        let mut fields = transformer::write(stack, channel, &rope);
        fields.extend(transformer::fields(json!({
            "num_attention_heads": attention.heads,
            "num_key_value_heads": attention.heads,
            "qk_nope_head_dim": attention.nope_head_dim,
            "qk_rope_head_dim": attention.rope_head_dim,
            "v_head_dim": attention.value_head_dim,
            "kv_lora_rank": attention.key_value_rank,
            "q_lora_rank": attention.query_rank,
            "rope_interleave": true,
            "first_k_dense_replace": stack.layers,
            "num_nextn_predict_layers": 0,
        })));
        Ok(fields)
    }

    fn layer(&self, layer: usize, block: &Block, width: usize) -> Result<Vec<Tensor>, ModelError> {
        let (attention, channel) = parts(block)?;
        let mut tensors = latent_attention(layer, attention, width);
        tensors.extend(transformer::feed_forward(layer, channel, width));
        Ok(tensors)
    }
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
