use serde_json::{Map, Value, json};

use super::llama::NAMES;
use super::{Config, Family, Llama, Names, Tensor, transformer};
use crate::block::Block;
use crate::error::ModelError;
use crate::mixers::{Attention, MixerSpec};
use crate::stack::Stack;

/// Mistral's layout.
#[derive(Debug)]
pub struct Mistral;

impl Mistral {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Mistral 7B (Jiang et al. 2023, arXiv 2310.06825): Llama's blocks and names, \
        attention over a window of positions or, where `sliding_window` is null, over all of them.";
}

/// Positions that one sees where a config leaves it out.
const WINDOW: usize = 4096;

impl Family for Mistral {
    fn model_types(&self) -> &'static [&'static str] {
        &["mistral"]
    }

    fn class(&self) -> &'static str {
        "MistralForCausalLM"
    }

    fn names(&self) -> Names {
        NAMES
    }

    fn read(&self, config: &Config) -> Result<Stack, ModelError> {
        let window = match config.is_null("sliding_window") {
            true => None,
            false => Some(config.size_if("sliding_window")?.unwrap_or(WINDOW)),
        };
        let attention = Attention {
            window,
            ..transformer::read_attention(config, None)?
        };
        let block = Block {
            mixer: MixerSpec::Attention(attention),
            channel: transformer::read_feed_forward(config)?,
        };
        transformer::read(config, 'a', block)
    }

    fn write(&self, stack: &Stack) -> Result<Map<String, Value>, ModelError> {
        let (attention, _) = transformer::gated_attention(transformer::only_block(stack)?)?;
        let mut fields = Llama.write(stack)?;
        fields.insert("sliding_window".to_owned(), json!(attention.window));
        Ok(fields)
    }

    fn layer(&self, layer: usize, block: &Block, width: usize) -> Result<Vec<Tensor>, ModelError> {
        Llama.layer(layer, block, width)
    }
}
