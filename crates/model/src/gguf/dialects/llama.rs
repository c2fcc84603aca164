use serde_json::{Map, Value as Json, json};

use super::fields::Said;
use super::rope::DIVISORS;
use super::{Dialect, attention, head, transformer};
use crate::error::ModelError;
use crate::layouts::{Layout, Tensor};
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

    fn others(&self, said: &Said) -> Result<Map<String, Json>, ModelError> {
        // Says nothing that a converted file does not have.
        said.text("tensor_data_layout")?;
        let mut config = transformer::others(said)?;
        config.insert("attention_bias".to_owned(), json!(said.has("blk.0.attn_q.bias")));
        Ok(config)
    }

    fn has_divisors(&self) -> bool {
        true
    }

    fn extras(&self, stack: &Stack) -> Vec<(String, Vec<f32>)> {
        let scaled = attention(stack).and_then(|attention| match attention.rope_scaling {
            Some(scaling @ RopeScaling::Llama3 { .. }) => Some((scaling, attention.rope_theta)),
            _ => None,
        });
        let divisors = scaled.map(|(scaling, base)| {
            let divisors = scaling.divisors(head(stack), base).into_iter();
            (
                DIVISORS.to_owned(),
                divisors.map(|divisor| divisor as f32).collect(),
            )
        });
        divisors.into_iter().collect()
    }

    fn arranged(&self, name: &str, tensor: Tensor, head: usize) -> Tensor {
        match name {
            "attn_q" | "attn_k" => tensor.interleaved(head),
            _ => tensor,
        }
    }
}
