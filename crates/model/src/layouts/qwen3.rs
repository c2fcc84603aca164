use serde_json::{Map, Value};

use super::llama::NAMES;
use super::{Config, Family, Llama, Names, Tensor, transformer};
use crate::block::Block;
use crate::error::ModelError;
use crate::mixers::{Attention, MixerSpec};
use crate::stack::Stack;

/// Qwen 3's layout.
#[derive(Debug)]
pub struct Qwen3;

impl Qwen3 {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Qwen 3 without experts (Yang et al. 2025, arXiv 2505.09388): Llama's blocks and \
        names, and the heads of queries and keys normalised before they turn.";
}

/// Width of a head where a config tells none.
const HEAD_DIM: usize = 128;

impl Family for Qwen3 {
    fn model_types(&self) -> &'static [&'static str] {
        &["qwen3"]
    }

    fn class(&self) -> &'static str {
        "Qwen3ForCausalLM"
    }

    fn names(&self) -> Names {
        NAMES
    }

    fn read(&self, config: &Config) -> Result<Stack, ModelError> {
        config.only("use_sliding_window", false)?;
        let attention = Attention {
            qk_norm: true,
            ..transformer::read_attention(config, Some(HEAD_DIM))?
        };
        let block = Block {
            mixer: MixerSpec::Attention(attention),
            channel: transformer::read_feed_forward(config)?,
        };
        transformer::read(config, 'a', block)
    }

    fn write(&self, stack: &Stack) -> Result<Map<String, Value>, ModelError> {
        Llama.write(stack)
    }

    fn layer(&self, layer: usize, block: &Block, width: usize) -> Result<Vec<Tensor>, ModelError> {
        Llama.layer(layer, block, width)
    }
}
