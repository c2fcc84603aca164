//! Texts, and tokenizers learnt from them.

use std::path::Path;
use std::sync::LazyLock;

use triaxis_tokens::{Tokenizer, WordCounts};

/// This room's own sources.
pub(crate) fn sources() -> Vec<String> {
    let base = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [base.join("src"), base.join("tests/it")];
    let files = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .collect()
}

/// A tokenizer learnt from them.
pub(crate) fn learnt(vocabulary: usize) -> Tokenizer {
    let words = WordCounts::default();
    words.add(sources().iter().map(String::as_str)).unwrap();
    Tokenizer::train(words, vocabulary).unwrap()
}

pub(crate) static LEARNT: LazyLock<Tokenizer> = LazyLock::new(|| learnt(1024));

/// Holds a byte-level tokenizer to the library, and its text to coming back.
pub(crate) fn check(tokenizer: &Tokenizer, text: &str) {
    let tokens = tokenizer.encode(text).unwrap();
    assert_eq!(tokens, tokenizer.encode_plainly(text).unwrap(), "{text:?}");
    assert_eq!(tokenizer.decode(&tokens).unwrap(), text);
    assert!(!tokens.contains(&tokenizer.end_of_text()), "{text:?}");
}
