use serde_json::{Map, Value};

use super::llama::NAMES;
use super::{Config, Family, Llama, Names, Tensor};
use crate::block::Block;
use crate::error::ModelError;
use crate::stack::Stack;

/// Mistral's layout.
#[derive(Debug)]
pub struct Mistral;

impl Mistral {
    /// What its registry says of it.
    pub const ABOUT: &'static str = "Mistral 7B (Jiang et al. 2023, arXiv 2310.06825): Llama's blocks and names, \
        attention over a window of positions or, where `sliding_window` is null, over all of them.";
}

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
        Llama.read(config)
    }

    fn write(&self, stack: &Stack) -> Result<Map<String, Value>, ModelError> {
        let mut fields = Llama.write(stack)?;
        fields.insert("sliding_window".to_owned(), Value::Null);
        Ok(fields)
    }

    fn layer(&self, layer: usize, block: &Block, width: usize) -> Result<Vec<Tensor>, ModelError> {
        Llama.layer(layer, block, width)
    }
}
