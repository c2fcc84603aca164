use super::Dialect;
use crate::layouts::Layout;

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
}
