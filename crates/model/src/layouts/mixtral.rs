use serde_json::{Map, Value, json};

use super::experts::experts;
use super::llama::NAMES;
use super::{Config, Family, Names, Tensor, transformer};
use crate::block::Block;
use crate::channels::{ChannelSpec, Experts, SwiGlu};
use crate::error::ModelError;
use crate::mixers::{Attention, MixerSpec};
use crate::stack::Stack;

/// Mixtral's layout.
#[derive(Debug)]
pub struct Mixtral;

impl Mixtral {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Mixtral (Jiang et al. 2024, arXiv 2401.04088): Mistral's attention, and in each block \
        experts of which the likeliest few by a softmax compute, their weights divided by their sum.";
}

/// The base of rotary angles where a config leaves it out.
const THETA: f64 = 1e6;

/// Mixtral's names of an expert's matrices, and those of most others.
const MATRICES: [[&str; 2]; 3] = [["w1", "gate_proj"], ["w2", "down_proj"], ["w3", "up_proj"]];

fn parts(block: &Block) -> Result<(&Attention, &Experts), ModelError> {
    match (&block.mixer, &block.channel) {
        (MixerSpec::Attention(attention), Some(ChannelSpec::Experts(channel))) => Ok((attention, channel)),
        _ => Err(transformer::unlike(block, "`attention` and `experts`")),
    }
}

impl Family for Mixtral {
    fn model_types(&self) -> &'static [&'static str] {
        &["mixtral"]
    }

    fn class(&self) -> &'static str {
        "MixtralForCausalLM"
    }

    fn names(&self) -> Names {
        NAMES
    }

    fn read(&self, config: &Config) -> Result<Stack, ModelError> {
        let size = |field, usual| config.size_if(field).map(|size| size.unwrap_or(usual));
        let is_told = config.within("rope_parameters")?.number("rope_theta")?.is_some()
            || config.number("rope_theta")?.is_some();
        let read = transformer::read_attention(config, None)?;
        let attention = Attention {
            window: config.size_if("sliding_window")?,
            rope_theta: if is_told { read.rope_theta } else { THETA },
            ..read
        };
        let channel = Experts {
            experts: size("num_local_experts", 8)?,
            chosen: size("num_experts_per_tok", 2)?,
            inner: Some(config.size("intermediate_size")?),
            ..Experts::default()
        };
        let block = Block {
            mixer: MixerSpec::Attention(attention),
            channel: Some(ChannelSpec::Experts(channel)),
        };
        transformer::read(config, 'a', block)
    }

    fn write(&self, stack: &Stack) -> Result<Map<String, Value>, ModelError> {
        let (attention, channel) = parts(transformer::only_block(stack)?)?;
        let inner = channel.inner;
        let mut fields = transformer::write_attention(stack, attention, &SwiGlu { inner });
        fields.extend(transformer::fields(json!({
            "sliding_window": attention.window,
            "num_local_experts": channel.experts,
            "num_experts_per_tok": channel.chosen,
        })));
        Ok(fields)
    }

    fn layer(&self, layer: usize, block: &Block, width: usize) -> Result<Vec<Tensor>, ModelError> {
        let (attention, channel) = parts(block)?;
        let mut tensors = transformer::attention(layer, attention, width);
        let named = experts(layer, channel, width, "shared_expert")
            .into_iter()
            .map(|tensor| {
                let mut name = tensor.name.replace(".mlp.", ".block_sparse_moe.");
                for [theirs, usual] in MATRICES {
                    name = name.replace(usual, theirs);
                }
                tensor.named(name)
            });
        tensors.extend(named);
        Ok(tensors)
    }
}
