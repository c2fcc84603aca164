//! What architectures of Llama's kind share.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use triaxis_containers::gguf::Value;

use super::fields::{Field, Said};
use super::{attention, head, rope};
use crate::error::{ModelError, rule};
use crate::stack::Stack;

/// The fields of a config in Llama's words.
pub(super) const FIELDS: &[Field] = &[
    Field::size("context_length", "max_position_embeddings"),
    Field::size("embedding_length", "hidden_size"),
    Field::size("block_count", "num_hidden_layers"),
    Field::size("feed_forward_length", "intermediate_size"),
    Field::size("attention.head_count", "num_attention_heads"),
    Field::size("attention.head_count_kv", "num_key_value_heads").optional(),
    Field::number("attention.layer_norm_rms_epsilon", "rms_norm_eps"),
];

/// Names of what is around the layers.
pub(super) const AROUND: &[[&str; 2]] = &[
    ["token_embd", "model.embed_tokens"],
    ["output_norm", "model.norm"],
    ["output", "lm_head"],
];

/// Names of what is in a layer.
pub(super) const WITHIN: &[[&str; 2]] = &[
    ["attn_norm", "input_layernorm"],
    ["attn_q", "self_attn.q_proj"],
    ["attn_k", "self_attn.k_proj"],
    ["attn_v", "self_attn.v_proj"],
    ["attn_output", "self_attn.o_proj"],
    ["attn_q_norm", "self_attn.q_norm"],
    ["attn_k_norm", "self_attn.k_norm"],
    ["ffn_norm", "post_attention_layernorm"],
    ["ffn_gate", "mlp.gate_proj"],
    ["ffn_up", "mlp.up_proj"],
    ["ffn_down", "mlp.down_proj"],
];

/// The width of heads, rotary positions and biases.
pub(super) fn others(said: &Said) -> Result<Map<String, Json>, ModelError> {
    let [width, heads] = ["embedding_length", "attention.head_count"].map(|key| said.size(key));
    let (width, heads) = (width?.unwrap_or(0), heads?.unwrap_or(0));
    rule(
        heads > 0,
        "attention.head_count",
        heads,
        "must be at least 1",
        "take a whole file",
    )?;
    let head = said.size("attention.key_length")?.unwrap_or(width / heads);
    for key in ["attention.value_length", "rope.dimension_count"] {
        let found = said.size(key)?.unwrap_or(head);
        let must = format!("must be the {head} coordinates of a head, all of which are turned and read");
        rule(found == head, key, found, must, "take a model where it is")?;
    }
    rule(
        said.truth("attention.causal")?.unwrap_or(true),
        "attention.causal",
        false,
        "must be true",
        "take a model that reads from left to right",
    )?;
    let mut config = rope::read(said, head)?;
    config.insert("head_dim".to_owned(), head.into());
    Ok(config)
}

/// The keys that [`others`] reads.
pub(super) fn keys(stack: &Stack) -> BTreeMap<String, Value> {
    let mut keys = BTreeMap::from([("vocab_size".to_owned(), whole(stack.vocabulary))]);
    if let Some(attention) = attention(stack) {
        for key in [
            "attention.key_length",
            "attention.value_length",
            "rope.dimension_count",
        ] {
            keys.insert(key.to_owned(), whole(head(stack)));
        }
        keys.extend(rope::keys(attention.rope_theta, attention.rope_scaling));
    }
    keys
}

/// A size, of which a stack has none that is larger.
pub(super) fn whole(size: usize) -> Value {
    u32::try_from(size).map_or(Value::U64(size as u64), Value::U32)
}
