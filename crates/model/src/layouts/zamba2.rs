use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::config::Config;
use super::mamba2::tensors_of;
use super::rope::Rope;
use super::tensor::Piece;
use super::{Family, Names, Tensor, transformer};
use crate::block::Block;
use crate::ends::Ends;
use crate::error::{ModelError, rule, within};
use crate::mixers::{Mamba2, MixerSpec, SharedAttention};
use crate::norm::NormKind;
use crate::stack::Stack;
use crate::weights::shared_prefix;

/// Zamba2's layout.
#[derive(Debug)]
pub struct Zamba2;

impl Zamba2 {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Zamba2 (Glorioso et al. 2024, arXiv 2411.15242): blocks of Mamba-2, some of which begin \
        with one of a few transformers in turn, whose weights they share, with adapters of each one's own. Shared tensors \
        are under the first block of each.";
}

const HYBRID: &str = "hybrid";
/// Sets of shared weights, at most: the letters behind that of Mamba-2.
const SETS: usize = 13;
/// Names of the blocks of Mamba-2 alone, of newer and older versions.
const LINEAR: [&str; 3] = ["linear_attention", "mamba", "mamba2"];
const WANTED: &str = "`mamba2` or `shared-attention` alone";
/// What normalisations within Mamba-2 add, which no config tells.
const EPSILON: f64 = 1e-5;

impl Family for Zamba2 {
    fn model_types(&self) -> &'static [&'static str] {
        &["zamba2"]
    }

    fn class(&self) -> &'static str {
        "Zamba2ForCausalLM"
    }

    fn names(&self) -> Names {
        Names {
            norm: "model.final_layernorm.weight",
            ..super::llama::NAMES
        }
    }

    fn read(&self, config: &Config) -> Result<Stack, ModelError> {
        config.only("hidden_act", "gelu")?;
        config.only("add_bias_linear", false)?;
        config.only("use_conv_bias", true)?;
        config.only("use_long_context", false)?;
        config.only("rms_norm_eps", EPSILON)?;
        let (width, layers) = (config.size("hidden_size")?, config.size("num_hidden_layers")?);
        within("hidden_size", width, 1, 1 << 16)?;
        within("num_hidden_layers", layers, 1, 1 << 12)?;
        let mamba = mamba(config, width)?;
        let sets = config.size_if("num_mem_blocks")?.unwrap_or(1);
        within("num_mem_blocks", sets, 1, SETS)?;
        let hybrid = shared(config, width, mamba.clone())?;
        let pattern = pattern(config, layers, sets)?;
        let tied = config.flag("tie_word_embeddings", true)?;
        let hybrids = pattern.chars().filter(|letter| *letter != 'm').count();
        rule(
            tied || hybrids <= sets,
            "tie_word_embeddings",
            tied,
            "must be true where blocks share weights, since transformers ties both or neither",
            "take a model whose head is tied",
        )?;
        let hybrids = (0..sets).map(|set| {
            let hybrid = SharedAttention {
                set,
                ..hybrid.clone()
            };
            (letter(set), MixerSpec::SharedAttention(hybrid))
        });
        let blocks = hybrids.chain([('m', MixerSpec::Mamba2(mamba))]);
        let blocks = blocks.filter(|(letter, _)| pattern.contains(*letter));
        Ok(Stack {
            vocabulary: config.size("vocab_size")?,
            width,
            layers,
            context: config.size_if("max_position_embeddings")?.unwrap_or(4096),
            blocks: blocks
                .map(|(letter, mixer)| (letter, Block { mixer, channel: None }))
                .collect(),
            pattern,
            tied,
            norm: NormKind::Rms,
            norm_epsilon: EPSILON,
            learned_positions: None,
            ends: Ends::default(),
        })
    }

    fn write(&self, stack: &Stack) -> Result<Map<String, Value>, ModelError> {
        let (mut mamba, mut shared, mut kinds, mut sets) = (None, None, Vec::new(), 1);
        for block in stack.layers() {
            match (&block.mixer, &block.channel) {
                (MixerSpec::Mamba2(mixer), None) => {
                    mamba = Some(mixer);
                    kinds.push(LINEAR[0]);
                }
                (MixerSpec::SharedAttention(mixer), None) => {
                    (mamba, shared) = (mamba.or(Some(&mixer.mamba)), Some(mixer));
                    kinds.push(HYBRID);
                    sets = sets.max(mixer.set + 1);
                }
                _ => return Err(transformer::unlike(block, WANTED)),
            }
        }
        let usual = SharedAttention::default();
        let (shared, width) = (shared.unwrap_or(&usual), stack.width);
        let mamba = mamba.unwrap_or(&usual.mamba);
        let shape = mamba.shape(width, 1, 1);
        let mut fields = transformer::fields(json!({
            "vocab_size": stack.vocabulary,
            "hidden_size": width,
            "num_hidden_layers": stack.layers,
            "max_position_embeddings": stack.context,
            "tie_word_embeddings": stack.tied,
            "hidden_act": "gelu",
            "rms_norm_eps": stack.norm_epsilon,
            "layers_block_type": kinds,
            "mamba_d_state": shape.state,
            "mamba_d_conv": shape.taps,
            "mamba_expand": mamba.expand,
            "mamba_ngroups": shape.groups,
            "n_mamba_heads": shape.heads,
            "chunk_size": shape.chunk,
            "time_step_min": mamba.least_step.unwrap_or(0.0),
            "use_conv_bias": true,
            "add_bias_linear": false,
            "intermediate_size": shared.inner(width),
            "num_attention_heads": shared.attention(width).query,
            "num_mem_blocks": sets,
            "use_shared_attention_adapter": shared.adapts_attention,
            "adapter_rank": shared.adapter_rank,
            "use_mem_rope": shared.rope_theta.is_some(),
            "use_long_context": false,
        }));
        let rope = Rope {
            theta: shared.rope_theta.unwrap_or(10_000.0),
            scaling: None,
            fraction: None,
            mscale_all: None,
        };
        fields.extend(rope.write());
        Ok(fields)
    }

    fn around(&self, stack: &Stack) -> Vec<Tensor> {
        let mut uses = Vec::new();
        for (layer, block) in stack.layers().enumerate() {
            if let MixerSpec::SharedAttention(mixer) = &block.mixer {
                uses.push((layer, mixer));
            }
        }
        let (mut tensors, mut prefixes) = (Vec::new(), BTreeMap::new());
        for (index, &(layer, mixer)) in uses.iter().enumerate() {
            let prefix = prefixes.entry(mixer.set).or_insert_with(|| {
                let prefix = format!("model.layers.{layer}.shared_transformer");
                tensors.extend(shared_tensors(&prefix, mixer, stack.width));
                prefix
            });
            tensors.extend(adapters(prefix, index, layer, mixer, stack.width));
        }
        tensors
    }

    fn layer(&self, layer: usize, block: &Block, width: usize) -> Result<Vec<Tensor>, ModelError> {
        let theirs = format!("model.layers.{layer}");
        let (mixer, prefix, entry) = match (&block.mixer, &block.channel) {
            (MixerSpec::Mamba2(mixer), None) => (mixer, theirs.clone(), None),
            (MixerSpec::SharedAttention(mixer), None) => {
                let entry = Tensor::turned(
                    format!("{theirs}.linear.weight"),
                    format!("blocks.{layer}.entry"),
                    &[width, width],
                );
                (&mixer.mamba, format!("{theirs}.mamba_decoder"), Some(entry))
            }
            _ => return Err(transformer::unlike(block, WANTED)),
        };
        let mut tensors = tensors_of(layer, mixer, width, &format!("{prefix}.mamba"));
        tensors.push(Tensor::same(
            format!("{prefix}.input_layernorm.weight"),
            format!("blocks.{layer}.mamba_norm"),
            &[width],
        ));
        tensors.extend(entry);
        Ok(tensors)
    }
}

/// The Mamba-2 of a config.
fn mamba(config: &Config, width: usize) -> Result<Mamba2, ModelError> {
    let size = |field, usual| config.size_if(field).map(|size| size.unwrap_or(usual));
    let (expand, heads) = (size("mamba_expand", 2)?, size("n_mamba_heads", 8)?);
    let inner = expand.saturating_mul(width);
    rule(
        heads > 0 && inner.is_multiple_of(heads),
        "n_mamba_heads",
        heads,
        format!("must divide `mamba_expand = {expand}` times `hidden_size = {width}`"),
        "correct the fields",
    )?;
    let groups = size("mamba_ngroups", 1)?;
    let least_step = config.number("time_step_min")?.unwrap_or(1e-3);
    Ok(Mamba2 {
        head_dim: Some(inner / heads),
        state: size("mamba_d_state", 64)?,
        groups,
        expand,
        taps: size("mamba_d_conv", 4)?,
        chunk: size("chunk_size", 256)?,
        grouped_norm: groups > 1,
        least_step: (least_step > 0.0).then_some(least_step),
    })
}

/// The shared block of a config.
fn shared(config: &Config, width: usize, mamba: Mamba2) -> Result<SharedAttention, ModelError> {
    let heads = config.size_if("num_attention_heads")?.unwrap_or(32);
    within("num_attention_heads", heads, 1, 1 << 12)?;
    config.only("num_key_value_heads", heads)?;
    config.only("attention_head_dim", 2 * width / heads)?;
    let rope = Rope::read(config, config.size_if("max_position_embeddings")?.unwrap_or(4096))?;
    rule(
        rope.scaling.is_none() && rope.fraction.is_none(),
        "rope_parameters",
        "scaled or partial",
        "must turn whole heads by angles as they are",
        "take a model that does",
    )?;
    Ok(SharedAttention {
        heads: Some(heads),
        rope_theta: config.flag("use_mem_rope", false)?.then_some(rope.theta),
        inner: Some(config.size_if("intermediate_size")?.unwrap_or(4 * width)),
        adapter_rank: config.size_if("adapter_rank")?.unwrap_or(128),
        adapts_attention: config.flag("use_shared_attention_adapter", false)?,
        set: 0,
        mamba,
    })
}

/// The letter of a set of shared weights.
fn letter(set: usize) -> char {
    ('a'..='z')
        .nth_back(set)
        .expect("there are fewer sets than letters")
}

/// A letter a layer; the hybrid ones have the sets in turn.
fn pattern(config: &Config, layers: usize, sets: usize) -> Result<String, ModelError> {
    let Some(kinds) = config.texts("layers_block_type")? else {
        return Err(ModelError(
            "`layers_block_type` is left out: it must be there, as a list of a kind for each layer; add it"
                .to_owned(),
        ));
    };
    rule(
        kinds.len() == layers,
        "layers_block_type",
        format!("{} kinds", kinds.len()),
        format!("must be one for each of `num_hidden_layers = {layers}`"),
        "correct the fields",
    )?;
    let mut hybrids = 0..;
    let of = |kind: &&str| match *kind {
        HYBRID => Ok(letter(hybrids.next().unwrap_or(0) % sets)),
        kind if LINEAR.contains(&kind) => Ok('m'),
        kind => Err(ModelError(format!(
            "`layers_block_type = \"{kind}\"`: must be `{}` or `{HYBRID}`; take a model of those",
            LINEAR[0]
        ))),
    };
    kinds.iter().map(of).collect()
}

/// What all blocks share.
fn shared_tensors(prefix: &str, mixer: &SharedAttention, width: usize) -> Vec<Tensor> {
    let (both, inner) = (2 * width, mixer.inner(width));
    let shared = shared_prefix(mixer.set);
    let ours = |name: &str| format!("{shared}.{name}");
    let theirs = |name: &str| format!("{prefix}.{name}.weight");
    let same = |published, name, shape: &[usize]| Tensor::same(theirs(published), ours(name), shape);
    let turned = |published, name, shape: &[usize]| Tensor::turned(theirs(published), ours(name), shape);
    let mut tensors = vec![
        same("input_layernorm", "attention_norm", &[both]),
        same("pre_ff_layernorm", "feed_forward_norm", &[width]),
        turned("self_attn.o_proj", "attention_output", &[width, both]),
        turned("feed_forward.gate_up_proj", "gate_and_up", &[2 * inner, width]),
        turned("feed_forward.down_proj", "down", &[width, inner]),
    ];
    for (index, name) in ["q", "k", "v"].into_iter().enumerate() {
        let piece = Piece::rows(ours("query_key_value"), both, 0, index * both);
        let name = theirs(&format!("self_attn.{name}_proj"));
        tensors.push(Tensor::arranged(name, &[both, both], true, vec![piece]));
    }
    tensors
}

/// What the block at a layer, the `index`-th of those that share, has of its own.
fn adapters(prefix: &str, index: usize, layer: usize, mixer: &SharedAttention, width: usize) -> Vec<Tensor> {
    let (both, inner, rank) = (2 * width, mixer.inner(width), mixer.adapter_rank);
    let ours = |name: &str| format!("blocks.{layer}.{name}");
    let list = format!("{prefix}.feed_forward.gate_up_proj_adapter_list.{index}");
    let turned =
        |place, name, shape: &[usize]| Tensor::turned(format!("{list}.{place}.weight"), ours(name), shape);
    let mut tensors = vec![
        turned(0, "feed_forward_adapter_down", &[rank, width]),
        turned(1, "feed_forward_adapter_up", &[2 * inner, rank]),
    ];
    if !mixer.adapts_attention {
        return tensors;
    }
    for (part, name) in ["q", "k", "v"].into_iter().enumerate() {
        let list = format!("{prefix}.self_attn.linear_{name}_adapter_list.{index}");
        let sides = [
            ("attention_adapter_down", [rank, both]),
            ("attention_adapter_up", [both, rank]),
        ];
        for (place, (name, shape)) in sides.into_iter().enumerate() {
            let piece = Piece::rows(ours(name), shape[0], 0, part * shape[0]);
            let name = format!("{list}.{place}.weight");
            tensors.push(Tensor::arranged(name, &shape, true, vec![piece]));
        }
    }
    tensors
}
