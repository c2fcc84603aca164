//! Qwen 2's pattern: Llama 3's, with every digit by itself.

use super::{Spelled, Splitter, Step, llama3};

pub(super) const SPLITTER: Splitter = Splitter {
    name: "qwen2",
    also: &[
        "stablelm2",
        "deepseek-r1-qwen",
        "megrez",
        "hunyuan",
        "solar-open",
        "grok-2",
    ],
    about: "words with the sign before them, every digit by itself (Qwen 2 and 3)",
    steps: &[Step {
        spelled: Spelled::Pattern(
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        ),
        end: |text| llama3::word(text, 1),
    }],
    ignore_merges: false,
    add_bos: false,
};
