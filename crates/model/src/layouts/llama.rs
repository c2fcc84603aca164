use serde_json::{Map, Value};

use super::{Config, Family, Names, Tensor, transformer};
use crate::block::Block;
use crate::error::ModelError;
use crate::mixers::MixerSpec;
use crate::stack::Stack;

/// Llama's layout.
#[derive(Debug)]
pub struct Llama;

impl Llama {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Llama (Touvron et al. 2023, arXiv 2302.13971) and those that followed it: attention \
        with grouped queries and rotary positions whose pairs are half a head apart, SwiGLU, RMSNorm.";
}

/// Llama's names, which most transformers took over.
pub(super) const NAMES: Names = Names {
    prefix: "model.",
    embedding: "model.embed_tokens.weight",
    norm: "model.norm.weight",
    head: "lm_head.weight",
    computed: &["rotary_emb.inv_freq"],
};

impl Family for Llama {
    fn model_types(&self) -> &'static [&'static str] {
        &["llama"]
    }

    fn class(&self) -> &'static str {
        "LlamaForCausalLM"
    }

    fn names(&self) -> Names {
        NAMES
    }

    fn read(&self, config: &Config) -> Result<Stack, ModelError> {
        let block = Block {
            mixer: MixerSpec::Attention(transformer::read_attention(config, None)?),
            channel: transformer::read_feed_forward(config)?,
        };
        transformer::read(config, 'a', block)
    }

    fn write(&self, stack: &Stack) -> Result<Map<String, Value>, ModelError> {
        let (attention, channel) = transformer::gated_attention(transformer::only_block(stack)?)?;
        Ok(transformer::write_attention(stack, attention, channel))
    }

    fn layer(&self, layer: usize, block: &Block, width: usize) -> Result<Vec<Tensor>, ModelError> {
        let (attention, channel) = transformer::gated_attention(block)?;
        let mut tensors = transformer::attention(layer, attention, width);
        tensors.extend(transformer::feed_forward(layer, channel, width));
        Ok(tensors)
    }
}
