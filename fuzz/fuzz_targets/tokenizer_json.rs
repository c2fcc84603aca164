//! A `tokenizer.json`: what is read encodes and decodes any text, and is the same when it is read again.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use triaxis_fuzz::seeds;
use triaxis_tokens::{END_OF_TEXT, Tokenizer};

const TEXTS: [&str; 4] = [
    "",
    "Hello  world 123",
    "caf\u{e9} \u{1f642}\n\n\t",
    "<|endoftext|> ab<unk>",
];

// The library keeps words of every tokenizer that it has met, a thread: on a thread of its own each input's are given back.
fuzz_target!(init: seeds::write("tokenizer_json"), |json: &[u8]| -> Corpus {
    std::thread::scope(|scope| scope.spawn(|| check(json)).join()).expect("what it finds ends the program");
    Corpus::Keep
});

fn check(json: &[u8]) {
    let Ok(tokenizer) = Tokenizer::from_json(json.to_vec(), END_OF_TEXT) else {
        return;
    };
    let again = Tokenizer::from_json(
        tokenizer.json().expect("it was read from it").to_vec(),
        END_OF_TEXT,
    )
    .expect("what was read is read");
    for text in TEXTS {
        let tokens = tokenizer.encode(text).ok();
        assert_eq!(tokens, again.encode(text).ok());
        let special = tokenizer.encode_with_special(text).ok();
        for tokens in [tokens, special].into_iter().flatten() {
            assert!(
                tokens
                    .iter()
                    .all(|&token| (token as usize) < tokenizer.vocabulary())
            );
            let _ = tokenizer.decode(&tokens);
            for &token in &tokens {
                let _ = tokenizer.bytes_of(token);
            }
        }
    }
    if let Ok(fields) = tokenizer.gguf() {
        let other = Tokenizer::from_gguf(fields).expect("what was written as GGUF is read");
        for text in TEXTS {
            assert_eq!(tokenizer.encode(text).ok(), other.encode(text).ok());
        }
    }
}
