//! Tokenizers that are learnt here, against the library itself.

use proptest::prelude::*;
use triaxis_host::Kind;
use triaxis_tokens::{Tokenizer, WordCounts};

use crate::support::{LEARNT, check, learnt, sources};

#[test]
fn real_text_is_encoded_as_the_library_does() {
    let texts = sources();
    assert!(texts.len() > 8);
    for text in texts {
        check(&LEARNT, &text);
    }
}

#[test]
fn odd_text_is_encoded_as_the_library_does() {
    for text in [
        "",
        "<|endoftext|>",
        "a<|endoftext|>b",
        "  <|endoftext|>",
        "\0\u{1}\u{7f}",
        "\u{feff}x",
        "👩‍👩‍👧 family",
        "it's 'tis 12½ x²",
        "\r\n\t \u{a0}\u{3000}end ",
        "e\u{301}",
        "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 ١٢٣",
    ] {
        check(&LEARNT, text);
    }
    check(&LEARNT, &"word".repeat(5000));
    check(&LEARNT, &" ".repeat(5000));
}

#[test]
fn training_again_gives_the_same_tokenizer() {
    let first = learnt(700);
    assert_eq!(first.vocabulary(), 700);
    for _ in 0..3 {
        assert_eq!(learnt(700).json().unwrap(), first.json().unwrap());
    }
}

#[test]
fn small_vocabularies_work() {
    for vocabulary in [257, 258, 512] {
        let tokenizer = learnt(vocabulary);
        assert_eq!(tokenizer.vocabulary(), vocabulary);
        check(&tokenizer, "fn main() { println!(\"héllo\"); }");
    }
}

#[test]
fn a_vocabulary_that_the_text_does_not_support_is_refused() {
    let words = WordCounts::default();
    words
        .add(["a few words", "a few more words"].into_iter())
        .unwrap();
    let error = Tokenizer::train(words, 4000).unwrap_err();
    assert_eq!(error.kind(), Kind::Input);
    assert!(error.to_string().contains("set `vocabulary` to"), "{error}");
}

proptest! {
    #[test]
    fn any_text_comes_back_and_equals_the_library(text in any::<String>()) {
        check(&LEARNT, &text);
    }

    #[test]
    fn likely_text_comes_back_and_equals_the_library(text in "([ \n\t'a-z0-9]|[!-~]|fn |let |    |é|中|\u{2003}){0,200}") {
        check(&LEARNT, &text);
    }
}
