//! Tokenizers that are written in the other form: GGUF as `tokenizer.json`, and the reverse.

use std::sync::LazyLock;

use proptest::prelude::*;
use triaxis_tokens::Tokenizer;

use crate::golden::{ByteLevel, SPLITTERS, pieces};
use crate::support::LEARNT;

/// What a tokenizer is exported as, read again.
fn again(tokenizer: &Tokenizer) -> Tokenizer {
    let json = tokenizer.json().unwrap().to_vec();
    let end = tokenizer.bytes_of(tokenizer.end_of_text());
    Tokenizer::from_json(json, std::str::from_utf8(end).unwrap()).unwrap()
}

#[test]
fn a_gguf_tokenizer_becomes_a_tokenizer_json_of_the_same_tokens() {
    let golden = ByteLevel::read();
    let byte_level = SPLITTERS.map(|name| golden.fields(name));
    for fields in byte_level.into_iter().chain([true, false].map(pieces)) {
        let name = fields.pre.clone();
        let prefixed = fields.add_space_prefix == Some(true);
        let first = Tokenizer::from_gguf(fields).unwrap();
        let again = again(&first);
        assert_eq!(again.vocabulary(), first.vocabulary(), "{name:?}");
        assert_eq!(again.adds_begin(), first.adds_begin(), "{name:?}");
        for text in &golden.texts {
            // The library puts a space before all text behind a token that was found by its name.
            if prefixed && text.contains("<tool>") {
                continue;
            }
            assert_eq!(
                again.encode(text).unwrap(),
                first.encode(text).unwrap(),
                "{name:?} {text:?}"
            );
            let special = first.encode_with_special(text).unwrap();
            assert_eq!(
                again.encode_with_special(text).unwrap(),
                special,
                "{name:?} {text:?}"
            );
            assert_eq!(
                again.decode(&special).unwrap(),
                first.decode(&special).unwrap(),
                "{name:?}"
            );
        }
        for token in 0..first.vocabulary() as u32 {
            assert_eq!(again.bytes_of(token), first.bytes_of(token), "{name:?} {token}");
        }
    }
}

#[test]
fn a_learnt_tokenizer_becomes_fields_of_a_gguf_file_and_comes_back() {
    let fields = LEARNT.gguf().unwrap();
    assert_eq!(
        (fields.model.as_str(), fields.pre.as_deref()),
        ("gpt2", Some("gpt-2"))
    );
    assert_eq!((fields.tokens.len(), fields.token_type[0]), (1024, 3));
    assert_eq!(
        (fields.eos_token_id, fields.add_bos_token),
        (Some(0), Some(false))
    );
    assert_eq!(fields.merges.len(), 1024 - 257);
    let back = Tokenizer::from_gguf(fields.clone()).unwrap();
    assert_eq!(back.gguf().unwrap(), fields);
    let text = "fn main() { println!(\"héllo\"); } <|endoftext|>";
    assert_eq!(back.encode(text).unwrap(), LEARNT.encode(text).unwrap());
    assert_eq!(back.encode_plainly(text).unwrap(), LEARNT.encode(text).unwrap());
}

#[test]
fn fields_of_a_gguf_file_come_back_as_they_were() {
    let golden = ByteLevel::read();
    let mut fields = golden.fields("llama-bpe");
    fields.chat_template = Some("{{ messages }}".to_owned());
    (fields.padding_token_id, fields.eot_token_id) = (Some(423), Some(422));
    let written = Tokenizer::from_gguf(fields.clone()).unwrap().gguf().unwrap();
    (fields.add_bos_token, fields.add_space_prefix) = (Some(true), Some(false));
    assert_eq!(written, fields);
    let fields = pieces(true);
    let written = Tokenizer::from_gguf(fields.clone()).unwrap().gguf().unwrap();
    assert_eq!((written.scores, written.tokens), (fields.scores, fields.tokens));
    assert_eq!(written.token_type, fields.token_type);
}

#[test]
fn transformers_are_told_the_special_tokens() {
    let mut fields = ByteLevel::read().fields("smollm");
    fields.chat_template = Some("{{ messages }}".to_owned());
    let tokenizer = Tokenizer::from_gguf(fields).unwrap();
    let config: serde_json::Value = serde_json::from_slice(&tokenizer.config().unwrap()).unwrap();
    assert_eq!(config["eos_token"], "<|im_end|>");
    assert_eq!(config["bos_token"], "<|im_start|>");
    assert_eq!(config["chat_template"], "{{ messages }}");
    assert_eq!(tokenizer.chat_template(), Some("{{ messages }}"));
}

#[test]
fn what_a_file_cannot_say_is_refused() {
    let golden = ByteLevel::read();
    let mut fields = golden.fields("gpt-2");
    fields.tokens[9] = fields.tokens[8].clone();
    let tokenizer = Tokenizer::from_gguf(fields).unwrap();
    let error = tokenizer.json().unwrap_err().to_string();
    assert!(error.contains("tokens 8 and 9 are both"), "{error}");
    let mut file = golden.file("gpt-2");
    file["model"]["ignore_merges"] = true.into();
    let tokenizer = Tokenizer::from_json(file.to_string().into_bytes(), "<|endoftext|>").unwrap();
    let error = tokenizer.gguf().unwrap_err().to_string();
    assert!(
        error.contains("`ignore_merges = true`: it goes with `llama-bpe` only"),
        "{error}"
    );
}

static PIECES: LazyLock<[Tokenizer; 2]> =
    LazyLock::new(|| [true, false].map(|prefix| Tokenizer::from_gguf(pieces(prefix)).unwrap()));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn sentencepiece_merges_as_the_library_does_by_a_list(text in "([ a-zA-Z0-9']|é|缩|定|Скей|\n|the |  |🙂|\u{10ffff}){0,60}") {
        for tokenizer in &*PIECES {
            prop_assert_eq!(tokenizer.encode(&text).unwrap(), tokenizer.encode_plainly(&text).unwrap());
            prop_assert_eq!(tokenizer.decode(&tokenizer.encode(&text).unwrap()).unwrap(), text.as_str());
        }
    }
}
