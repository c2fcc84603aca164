use serde_json::{Map, Value};

use super::llama::NAMES;
use super::{Config, Family, Llama, Names, Tensor, transformer};
use crate::block::Block;
use crate::error::ModelError;
use crate::mixers::{Attention, Bias, MixerSpec};
use crate::stack::Stack;

/// Qwen 2's layout.
#[derive(Debug)]
pub struct Qwen2;

impl Qwen2 {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Qwen 2 and 2.5 without experts (Yang et al. 2024, arXiv 2407.10671): Llama's blocks \
        and names, and biases of queries, keys and values.";
}

impl Family for Qwen2 {
    fn model_types(&self) -> &'static [&'static str] {
        &["qwen2"]
    }

    fn class(&self) -> &'static str {
        "Qwen2ForCausalLM"
    }

    fn names(&self) -> Names {
        NAMES
    }

    fn read(&self, config: &Config) -> Result<Stack, ModelError> {
        config.only("use_sliding_window", false)?;
        let attention = Attention {
            bias: Bias::QueryKeyValue,
            ..transformer::read_attention(config, None)?
        };
        let block = Block {
            mixer: MixerSpec::Attention(attention),
            channel: transformer::read_feed_forward(config)?,
        };
        transformer::read(config, 'a', block)
    }

    fn write(&self, stack: &Stack) -> Result<Map<String, Value>, ModelError> {
        let mut fields = Llama.write(stack)?;
        // It has them always.
        fields.remove("attention_bias");
        Ok(fields)
    }

    fn layer(&self, layer: usize, block: &Block, width: usize) -> Result<Vec<Tensor>, ModelError> {
        Llama.layer(layer, block, width)
    }
}
