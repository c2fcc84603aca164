use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::fields::{Field, Said};
use super::rope::DIVISORS;
use super::{Dialect, head, transformer};
use crate::error::ModelError;
use crate::gguf::value::Value;
use crate::layouts::{Layout, Tensor};
use crate::mixers::MixerSpec;
use crate::rope_scaling::RopeScaling;
use crate::stack::Stack;

/// Llama's architecture, which Mistral's files say, too. The two rows that a pair of coordinates is of follow one another.
#[derive(Debug)]
pub(super) struct Llama;

impl Dialect for Llama {
    fn architecture(&self) -> &'static str {
        "llama"
    }

    fn layout(&self) -> Layout {
        Layout::Llama
    }

    fn fields(&self) -> &'static [Field] {
        transformer::FIELDS
    }

    fn others(&self, said: &Said) -> Result<Map<String, Json>, ModelError> {
        // Says nothing that a converted file does not have.
        said.text("tensor_data_layout")?;
        let mut config = transformer::others(said)?;
        config.insert("attention_bias".to_owned(), json!(said.has("blk.0.attn_q.bias")));
        Ok(config)
    }

    fn keys(&self, stack: &Stack) -> BTreeMap<String, Value> {
        transformer::keys(stack)
    }

    fn has_divisors(&self) -> bool {
        true
    }

    fn extras(&self, stack: &Stack) -> Vec<(String, Vec<f32>)> {
        let divisors = stack.blocks.values().find_map(|block| match &block.mixer {
            MixerSpec::Attention(attention) => match attention.rope_scaling {
                Some(scaling @ RopeScaling::Llama3 { .. }) => {
                    Some(scaling.divisors(head(stack), attention.rope_theta))
                }
                _ => None,
            },
            _ => None,
        });
        let single = |divisors: Vec<f64>| divisors.into_iter().map(|divisor| divisor as f32).collect();
        divisors
            .into_iter()
            .map(|divisors| (DIVISORS.to_owned(), single(divisors)))
            .collect()
    }

    fn around(&self) -> &'static [[&'static str; 2]] {
        transformer::AROUND
    }

    fn within(&self) -> &'static [[&'static str; 2]] {
        transformer::WITHIN
    }

    fn layers(&self) -> &'static str {
        "model.layers."
    }

    fn arranged(&self, name: &str, tensor: Tensor, head: usize) -> Tensor {
        match name {
            "attn_q" | "attn_k" => tensor.interleaved(head),
            _ => tensor,
        }
    }
}
