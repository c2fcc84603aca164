use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::fields::{Field, Said};
use super::{Dialect, transformer};
use crate::error::ModelError;
use crate::gguf::value::Value;
use crate::layouts::{Layout, Tensor};
use crate::stack::Stack;

/// Qwen 3's architecture, without experts.
#[derive(Debug)]
pub(super) struct Qwen3;

impl Dialect for Qwen3 {
    fn architecture(&self) -> &'static str {
        "qwen3"
    }

    fn layout(&self) -> Layout {
        Layout::Qwen3
    }

    fn fields(&self) -> &'static [Field] {
        transformer::FIELDS
    }

    fn others(&self, said: &Said) -> Result<Map<String, Json>, ModelError> {
        transformer::others(said)
    }

    fn keys(&self, stack: &Stack) -> BTreeMap<String, Value> {
        transformer::keys(stack)
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

    fn arranged(&self, _name: &str, tensor: Tensor, _head: usize) -> Tensor {
        tensor
    }
}
