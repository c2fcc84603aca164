use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use triaxis_containers::gguf::Value;

use super::Dialect;
use super::fields::{Field, Said};
use super::transformer::whole;
use crate::error::ModelError;
use crate::layouts::{Layout, Tensor};
use crate::stack::Stack;

const FIELDS: &[Field] = &[
    Field::size("context_length", "n_positions"),
    Field::size("embedding_length", "n_embd"),
    Field::size("block_count", "n_layer"),
    Field::size("feed_forward_length", "n_inner"),
    Field::size("attention.head_count", "n_head"),
    Field::number("attention.layer_norm_epsilon", "layer_norm_epsilon"),
];

/// GPT-2's architecture. Its linear layers lie with their outputs first, which the published folders do not.
#[derive(Debug)]
pub(super) struct Gpt2;

impl Dialect for Gpt2 {
    fn architecture(&self) -> &'static str {
        "gpt2"
    }

    fn layout(&self) -> Layout {
        Layout::Gpt2
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn others(&self, _said: &Said) -> Result<Map<String, Json>, ModelError> {
        // GELU by its tanh, which is the one that a config means that says none.
        Ok(Map::new())
    }

    fn keys(&self, stack: &Stack) -> BTreeMap<String, Value> {
        [("vocab_size".to_owned(), whole(stack.vocabulary))].into()
    }

    fn around(&self) -> &'static [[&'static str; 2]] {
        &[
            ["token_embd", "transformer.wte"],
            ["position_embd", "transformer.wpe"],
            ["output_norm", "transformer.ln_f"],
            ["output", "lm_head"],
        ]
    }

    fn within(&self) -> &'static [[&'static str; 2]] {
        &[
            ["attn_norm", "ln_1"],
            ["attn_qkv", "attn.c_attn"],
            ["attn_output", "attn.c_proj"],
            ["ffn_norm", "ln_2"],
            ["ffn_up", "mlp.c_fc"],
            ["ffn_down", "mlp.c_proj"],
        ]
    }

    fn layers(&self) -> &'static str {
        "transformer.h."
    }

    fn arranged(&self, _name: &str, tensor: Tensor, _head: usize) -> Tensor {
        match tensor.shape.len() {
            2 => tensor.transposed(),
            _ => tensor,
        }
    }
}
