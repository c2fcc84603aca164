use super::Dialect;
use crate::layouts::Layout;

/// Qwen 2's architecture, without experts.
#[derive(Debug)]
pub(super) struct Qwen2;

impl Dialect for Qwen2 {
    fn architecture(&self) -> &'static str {
        "qwen2"
    }

    fn layout(&self) -> Layout {
        Layout::Qwen2
    }
}
