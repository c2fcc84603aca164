//! Tokens that end what a model writes.

/// Names of tokens that end a text or a turn, by the files of many models (as llama.cpp lists them).
pub(crate) const NAMES: &[&str] = &[
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|calls|>",
    "<|flush|>",
    "<end_of_turn>",
    "<end_of_utterance>",
    "<turn|>",
    "<eos>",
    "</s>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "<｜end▁of▁sentence｜>",
    "[e~[",
];

/// Whether a token of this name ends what a model writes.
pub(crate) fn is_end(name: &str) -> bool {
    NAMES.contains(&name)
}

/// The tokens among these that end what a model writes. Where a model has tokens for the end of an answer and of a
/// call, `<|end|>` only ends a message before it.
pub(crate) fn ends<'t>(special: impl Iterator<Item = (u32, &'t str)>) -> Vec<u32> {
    let mut found: Vec<(u32, &str)> = special.filter(|(_, name)| is_end(name)).collect();
    let has = |wanted: &[&str]| found.iter().any(|(_, name)| wanted.contains(name));
    if has(&["<|call|>", "<|calls|>"]) && has(&["<|return|>", "<|flush|>"]) {
        found.retain(|(_, name)| *name != "<|end|>");
    }
    found.into_iter().map(|(id, _)| id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_found_by_name() {
        let names = |names: &[&'static str]| {
            let found = ends((0..).zip(names.iter().copied()));
            found.into_iter().map(|id| names[id as usize]).collect::<Vec<_>>()
        };
        assert_eq!(
            names(&["<s>", "</s>", "<|im_start|>", "<|im_end|>"]),
            ["</s>", "<|im_end|>"]
        );
        assert_eq!(names(&["<|user|>", "<|end|>"]), ["<|end|>"]);
        assert_eq!(
            names(&["<|end|>", "<|return|>", "<|call|>"]),
            ["<|return|>", "<|call|>"]
        );
    }
}
