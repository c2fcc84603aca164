use serde_json::{Map, Value, json};

use super::mamba2::{NAMES, stack_of};
use super::tensor::Piece;
use super::{Config, Family, Names, Tensor, transformer};
use crate::block::Block;
use crate::error::{ModelError, rule};
use crate::mixers::{self, MixerSpec};
use crate::stack::Stack;

/// Mamba's layout.
#[derive(Debug)]
pub struct Mamba;

impl Mamba {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Mamba (Gu and Dao 2023, arXiv 2312.00752) as transformers has it: blocks of the \
        mixer alone. Its config tells no longest sequence; 2^20 positions are taken where `max_position_embeddings` is \
        not added.";
}

fn mixer(block: &Block) -> Result<&mixers::Mamba, ModelError> {
    match (&block.mixer, &block.channel) {
        (MixerSpec::Mamba(mixer), None) => Ok(mixer),
        _ => Err(transformer::unlike(block, "`mamba` alone")),
    }
}

impl Family for Mamba {
    fn model_types(&self) -> &'static [&'static str] {
        &["mamba"]
    }

    fn class(&self) -> &'static str {
        "MambaForCausalLM"
    }

    fn names(&self) -> Names {
        NAMES
    }

    fn read(&self, config: &Config) -> Result<Stack, ModelError> {
        config.only("hidden_act", "silu")?;
        config.only("use_bias", false)?;
        config.only("use_conv_bias", true)?;
        let (width, expand) = (
            config.size("hidden_size")?,
            config.size_if("expand")?.unwrap_or(2),
        );
        let inner = expand.checked_mul(width);
        let said = config.size_if("intermediate_size")?.or(inner);
        rule(
            said == inner,
            "intermediate_size",
            said.unwrap_or(0),
            format!("must be `expand = {expand}` times `hidden_size = {width}`"),
            "correct the fields",
        )?;
        let mixer = mixers::Mamba {
            state: config.size_if("state_size")?.unwrap_or(16),
            expand,
            step_rank: rank(config, "time_step_rank", width)?,
            taps: config.size_if("conv_kernel")?.unwrap_or(4),
            inner_norms: false,
        };
        stack_of(config, MixerSpec::Mamba(mixer), true)
    }

    fn write(&self, stack: &Stack) -> Result<Map<String, Value>, ModelError> {
        let mixer = mixer(transformer::only_block(stack)?)?;
        let shape = mixer.shape(stack.width, 1, 1);
        Ok(transformer::fields(json!({
            "vocab_size": stack.vocabulary,
            "hidden_size": stack.width,
            "intermediate_size": shape.inner,
            "num_hidden_layers": stack.layers,
            "max_position_embeddings": stack.context,
            "tie_word_embeddings": stack.tied,
            "hidden_act": "silu",
            "state_size": mixer.state,
            "expand": mixer.expand,
            "conv_kernel": mixer.taps,
            "time_step_rank": shape.rank,
            "use_bias": false,
            "use_conv_bias": true,
            "layer_norm_epsilon": stack.norm_epsilon,
        })))
    }

    fn layer(&self, layer: usize, block: &Block, width: usize) -> Result<Vec<Tensor>, ModelError> {
        let mixer = mixer(block)?;
        let theirs = format!("backbone.layers.{layer}");
        let ours = format!("blocks.{layer}.mamba_norm");
        let mut tensors = vec![Tensor::same(format!("{theirs}.norm.weight"), ours, &[width])];
        tensors.extend(tensors_of(layer, mixer, width, &format!("{theirs}.mixer")));
        Ok(tensors)
    }
}

/// The rank of the steps: `auto` stands for a sixteenth of the width.
pub(super) fn rank(config: &Config, field: &'static str, width: usize) -> Result<Option<usize>, ModelError> {
    match config.get(field) {
        Some(Value::String(text)) if text == "auto" => Ok(Some(width.div_ceil(16))),
        _ => config
            .size_if(field)
            .map(|rank| rank.or(Some(width.div_ceil(16)))),
    }
}

/// The tensors of a mixer under names that begin with `prefix`.
pub(super) fn tensors_of(layer: usize, mixer: &mixers::Mamba, width: usize, prefix: &str) -> Vec<Tensor> {
    let shape = mixer.shape(width, 1, 1);
    let (inner, rank, state) = (shape.inner, shape.rank, shape.state);
    let ours = |name: &str| format!("blocks.{layer}.{name}");
    let theirs = |name: &str| format!("{prefix}.{name}");
    let same = |published, name, shape: &[usize]| Tensor::same(theirs(published), ours(name), shape);
    let turned = |published, name, shape: &[usize]| Tensor::turned(theirs(published), ours(name), shape);
    // x comes before the gate.
    let projection = vec![
        Piece::rows(ours("mamba_projection"), inner, 0, inner),
        Piece::rows(ours("mamba_projection"), inner, inner, 0),
    ];
    let mut tensors = vec![
        Tensor::arranged(
            theirs("in_proj.weight"),
            &[shape.columns(), width],
            true,
            projection,
        ),
        turned("conv1d.weight", "convolution", &[inner, 1, shape.taps]),
        same("conv1d.bias", "convolution_bias", &[inner]),
        turned("x_proj.weight", "selection", &[shape.selected(), inner]),
        turned("dt_proj.weight", "step_projection", &[inner, rank]),
        same("dt_proj.bias", "step_bias", &[inner]),
        turned("A_log", "decay_log", &[inner, state]),
        same("D", "skip", &[inner]),
        turned("out_proj.weight", "mamba_output", &[width, inner]),
    ];
    if shape.normed {
        let parts = [("dt", 0, rank), ("b", rank, state), ("c", rank + state, state)];
        tensors.extend(parts.map(|(name, first, count)| {
            let piece = Piece::rows(ours("selection_norm"), count, 0, first);
            let name = theirs(&format!("{name}_layernorm.weight"));
            Tensor::arranged(name, &[count], false, vec![piece])
        }));
    }
    tensors
}
