use serde_json::{Map, Value, json};

use super::{Config, Family, Names, Tensor, transformer};
use crate::block::Block;
use crate::ends::Ends;
use crate::error::{ModelError, rule};
use crate::mixers::{self, MixerSpec};
use crate::norm::NormKind;
use crate::stack::Stack;

/// Mamba-2's layout.
#[derive(Debug)]
pub struct Mamba2;

pub(super) const NAMES: Names = Names {
    prefix: "backbone.",
    embedding: "backbone.embeddings.weight",
    norm: "backbone.norm_f.weight",
    head: "lm_head.weight",
    computed: &[],
};

/// Positions where a config does not tell how many: the state does not grow with them.
const CONTEXT: usize = 1 << 20;

impl Mamba2 {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Mamba-2 (Dao and Gu 2024, arXiv 2405.21060) as transformers has it: blocks of the \
        mixer alone, whose gated normalisation is of each group of heads. Its config tells no longest sequence; \
        2^20 positions are taken where `max_position_embeddings` is not added.";
}

fn mixer(block: &Block) -> Result<&mixers::Mamba2, ModelError> {
    match (&block.mixer, &block.channel) {
        (MixerSpec::Mamba2(mixer), None) => Ok(mixer),
        _ => Err(transformer::unlike(block, "`mamba2` alone")),
    }
}

impl Family for Mamba2 {
    fn model_types(&self) -> &'static [&'static str] {
        &["mamba2"]
    }

    fn class(&self) -> &'static str {
        "Mamba2ForCausalLM"
    }

    fn names(&self) -> Names {
        NAMES
    }

    fn read(&self, config: &Config) -> Result<Stack, ModelError> {
        config.only("hidden_act", "silu")?;
        config.only("use_bias", false)?;
        config.only("use_conv_bias", true)?;
        config.only("time_step_limit", json!([0.0, "Infinity"]))?;
        let (width, expand) = (
            config.size("hidden_size")?,
            config.size_if("expand")?.unwrap_or(2),
        );
        let (heads, head) = (config.size("num_heads")?, config.size("head_dim")?);
        rule(
            heads.checked_mul(head) == expand.checked_mul(width),
            "num_heads",
            heads,
            format!("times `head_dim = {head}` must be `expand = {expand}` times `hidden_size = {width}`"),
            "correct the fields",
        )?;
        let groups = config.size_if("n_groups")?.unwrap_or(8);
        let mixer = mixers::Mamba2 {
            head_dim: Some(head),
            state: config.size("state_size")?,
            groups,
            expand,
            taps: config.size_if("conv_kernel")?.unwrap_or(4),
            chunk: config.size_if("chunk_size")?.unwrap_or(256),
            grouped_norm: groups > 1,
            least_step: None,
        };
        stack_of(config, MixerSpec::Mamba2(mixer), false)
    }

    fn write(&self, stack: &Stack) -> Result<Map<String, Value>, ModelError> {
        let mixer = mixer(transformer::only_block(stack)?)?;
        let shape = mixer.shape(stack.width, 1, 1);
        Ok(transformer::fields(json!({
            "vocab_size": stack.vocabulary,
            "hidden_size": stack.width,
            "num_hidden_layers": stack.layers,
            "max_position_embeddings": stack.context,
            "tie_word_embeddings": stack.tied,
            "hidden_act": "silu",
            "num_heads": shape.heads,
            "head_dim": shape.dimension,
            "state_size": mixer.state,
            "n_groups": mixer.groups,
            "expand": mixer.expand,
            "conv_kernel": mixer.taps,
            "chunk_size": mixer.chunk,
            "use_bias": false,
            "use_conv_bias": true,
            "layer_norm_epsilon": stack.norm_epsilon,
        })))
    }

    fn layer(&self, layer: usize, block: &Block, width: usize) -> Result<Vec<Tensor>, ModelError> {
        let theirs = format!("backbone.layers.{layer}");
        let ours = format!("blocks.{layer}.mamba_norm");
        let mut tensors = vec![Tensor::same(format!("{theirs}.norm.weight"), ours, &[width])];
        let mixer = mixer(block)?;
        tensors.extend(tensors_of(layer, mixer, width, &format!("{theirs}.mixer")));
        Ok(tensors)
    }
}

/// The stack of a config of blocks of one mixer alone, tied or not where it does not tell.
pub(super) fn stack_of(config: &Config, mixer: MixerSpec, tied: bool) -> Result<Stack, ModelError> {
    let letter = mixer.mixer().letter();
    let block = Block { mixer, channel: None };
    Ok(Stack {
        vocabulary: config.size("vocab_size")?,
        width: config.size("hidden_size")?,
        layers: config.size("num_hidden_layers")?,
        context: config.size_if("max_position_embeddings")?.unwrap_or(CONTEXT),
        pattern: letter.to_string(),
        blocks: [(letter, block)].into(),
        tied: config.flag("tie_word_embeddings", tied)?,
        norm: NormKind::Rms,
        norm_epsilon: config.number("layer_norm_epsilon")?.unwrap_or(1e-5),
        learned_positions: None,
        ends: Ends::default(),
    })
}

/// The tensors of a mixer under names that begin with `prefix`.
pub(super) fn tensors_of(layer: usize, mixer: &mixers::Mamba2, width: usize, prefix: &str) -> Vec<Tensor> {
    let shape = mixer.shape(width, 1, 1);
    let (heads, inner, channels) = (shape.heads, shape.inner(), shape.channels());
    let ours = |name: &str| format!("blocks.{layer}.{name}");
    let theirs = |name: &str| format!("{prefix}.{name}");
    let same = |published, name, shape: &[usize]| Tensor::same(theirs(published), ours(name), shape);
    let turned = |published, name, shape: &[usize]| Tensor::turned(theirs(published), ours(name), shape);
    vec![
        turned("in_proj.weight", "mamba_projection", &[shape.columns(), width]),
        turned("conv1d.weight", "convolution", &[channels, 1, shape.taps]),
        same("conv1d.bias", "convolution_bias", &[channels]),
        same("dt_bias", "step_bias", &[heads]),
        same("A_log", "decay_log", &[heads]),
        same("D", "skip", &[heads]),
        same("norm.weight", "inner_norm", &[inner]),
        turned("out_proj.weight", "mamba_output", &[width, inner]),
    ]
}
