//! Any text through sound tokenizers: byte-level ones give it back whole, and as a stream of tokens.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use triaxis_fuzz::seeds;
use triaxis_tokens::{GgufTokenizer, TextStream, Tokenizer, WordCounts};

const SPLITS: [&str; 6] = ["gpt-2", "llama-bpe", "dbrx", "qwen2", "smollm", "default"];

/// One of each splitting, with the same learnt tokens.
static TOKENIZERS: LazyLock<Vec<Tokenizer>> = LazyLock::new(|| {
    let counts = WordCounts::default();
    counts
        .add(include_str!("../Cargo.toml").lines())
        .expect("words are counted");
    let learnt = Tokenizer::train(counts, 360).expect("they are learnt");
    let fields = learnt.gguf().expect("they are GGUF's");
    let split = |name: &&str| {
        let pre = Some((*name).to_owned());
        Tokenizer::from_gguf(GgufTokenizer {
            pre,
            ..fields.clone()
        })
    };
    let split = SPLITS.iter().map(split).collect::<Result<Vec<_>, _>>();
    split.expect("each splits").into_iter().chain([learnt]).collect()
});

fuzz_target!(init: seeds::write("encode"), |text: &str| {
    for tokenizer in TOKENIZERS.iter() {
        let tokens = tokenizer.encode(text).expect("any text has tokens");
        assert_eq!(tokenizer.decode(&tokens).expect("they are its own"), text);
        let mut stream = TextStream::new([""; 0]).expect("it stops nowhere");
        let mut written = String::new();
        for &token in &tokens {
            written.push_str(&stream.push(tokenizer.bytes_of(token)));
        }
        written.push_str(&stream.finish());
        assert_eq!(written, text);
        let special = tokenizer.encode_with_special(text).expect("any text has tokens");
        tokenizer.decode(&special).expect("they are its own");
    }
});
