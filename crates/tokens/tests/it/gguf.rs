//! The fields of GGUF files: what they mean, and what is refused.

use proptest::prelude::*;
use triaxis_tokens::{GgufTokenizer, TokenKind, Tokenizer};

use crate::golden::{ByteLevel, pieces};

fn refused(fields: GgufTokenizer) -> String {
    Tokenizer::from_gguf(fields).unwrap_err().to_string()
}

#[test]
fn what_is_not_known_is_refused_with_what_is() {
    let fields = ByteLevel::read().fields("gpt-2");
    let other = |change: &dyn Fn(&mut GgufTokenizer)| {
        let mut fields = fields.clone();
        change(&mut fields);
        refused(fields)
    };
    for (said, needles) in [
        (
            other(&|fields| fields.model = "t5".to_owned()),
            &["`t5`", "`llama` (SentencePiece)"][..],
        ),
        (
            other(&|fields| fields.pre = Some("smolm".to_owned())),
            &["`smolm`", "did you mean `smollm`", "`gpt-2`", "`qwen2`"],
        ),
        (
            other(&|fields| fields.merges.push("no such".to_owned())),
            &["`no such`", "must be two tokens"],
        ),
        (
            other(&|fields| fields.merges.push("\u{10ffff}".to_owned())),
            &["must be two tokens"],
        ),
        (
            other(&|fields| fields.eos_token_id = Some(70_000)),
            &["eos_token_id = 70000", "must be below"],
        ),
        (
            other(&|fields| fields.token_type.push(1)),
            &["token_type has 427", "426 tokens"],
        ),
        (
            other(&|fields| fields.token_type[3] = 9),
            &["token 3 is 9", "from 1 (normal) to 6 (byte)"],
        ),
    ] {
        for needle in needles {
            assert!(said.contains(needle), "{said}");
        }
    }
    let mut fields = pieces(true);
    fields.scores.pop();
    assert!(refused(fields).contains("scores has 559 numbers for 560 tokens"));
    let mut fields = GgufTokenizer {
        model: "gpt2".to_owned(),
        pre: Some("gpt-2".to_owned()),
        tokens: vec!["a".to_owned()],
        ..GgufTokenizer::default()
    };
    assert!(refused(fields.clone()).contains("eos_token_id is missing"));
    fields.eos_token_id = Some(0);
    assert_eq!(Tokenizer::from_gguf(fields).unwrap().encode("bab").unwrap(), [0]);
}

#[test]
fn what_a_file_leaves_out_is_as_llama_cpp_has_it() {
    let golden = ByteLevel::read();
    for (name, adds) in [("gpt-2", false), ("llama-bpe", true), ("smollm", false)] {
        let tokenizer = Tokenizer::from_gguf(golden.fields(name)).unwrap();
        assert_eq!(tokenizer.adds_begin(), adds, "{name}");
        assert_eq!(tokenizer.begin(), Some(422));
    }
    let mut fields = golden.fields("default");
    let stated = Tokenizer::from_gguf(fields.clone()).unwrap();
    fields.pre = None;
    let unstated = Tokenizer::from_gguf(fields).unwrap();
    assert_eq!(
        stated.encode("a (b) 12345").unwrap(),
        unstated.encode("a (b) 12345").unwrap()
    );
    assert_eq!(stated.hash(), unstated.hash());
    // Files of 2023 have no types, and name no special token.
    let mut fields = pieces(true);
    (fields.token_type, fields.add_space_prefix) = (Vec::new(), None);
    let tokenizer = Tokenizer::from_gguf(fields).unwrap();
    assert_eq!(
        (tokenizer.begin(), tokenizer.adds_begin(), tokenizer.end_of_text()),
        (Some(1), true, 2)
    );
    assert_eq!(tokenizer.kind_of(0), TokenKind::Unknown);
    assert_eq!(tokenizer.kind_of(2), TokenKind::Control);
    assert_eq!(tokenizer.bytes_of(4 + 10), b"\n");
    assert_eq!(
        tokenizer.encode("a\n").unwrap(),
        Tokenizer::from_gguf(pieces(true)).unwrap().encode("a\n").unwrap()
    );
}

#[test]
fn what_decides_tokens_decides_the_hash() {
    let golden = ByteLevel::read();
    let hash = |change: &dyn Fn(&mut GgufTokenizer)| {
        let mut fields = golden.fields("gpt-2");
        change(&mut fields);
        Tokenizer::from_gguf(fields).unwrap().hash()
    };
    let first = hash(&|_| {});
    assert_eq!(hash(&|fields| fields.chat_template = Some(String::new())), first);
    assert_ne!(hash(&|fields| fields.pre = Some("qwen2".to_owned())), first);
    assert_ne!(hash(&|fields| fields.merges.swap(0, 1)), first);
    assert_ne!(hash(&|fields| fields.token_type[7] = 3), first);
    assert_ne!(hash(&|fields| fields.eos_token_id = Some(0)), first);
}

#[test]
fn text_that_has_no_piece_is_its_bytes_or_unknown_once() {
    let tokenizer = Tokenizer::from_gguf(pieces(false)).unwrap();
    let bytes = tokenizer.encode("\u{10ffff}\u{2581}").unwrap();
    assert!(
        bytes
            .iter()
            .all(|token| tokenizer.kind_of(*token) == TokenKind::Byte)
    );
    assert_eq!(tokenizer.decode(&bytes).unwrap(), "\u{10ffff}\u{2581}");
    let mut fields = pieces(false);
    for kind in &mut fields.token_type {
        *kind = if *kind == 6 { 5 } else { *kind };
    }
    let tokenizer = Tokenizer::from_gguf(fields).unwrap();
    let unknown = tokenizer.encode("a\u{10ffff}\u{10fffe}b").unwrap();
    assert_eq!(unknown.iter().filter(|token| **token == 0).count(), 1);
    assert!(tokenizer.is_special(0));
}

proptest! {
    #[test]
    fn no_fields_make_it_panic(
        tokens in prop::collection::vec("[ab\u{120}\u{2581}<>0x]{0,4}", 0..12),
        token_type in prop::collection::vec(-1_i32..8, 0..12),
        scores in prop::collection::vec(any::<f32>(), 0..12),
        merges in prop::collection::vec("[ab ]{0,4}", 0..3),
        model in prop::sample::select(vec!["gpt2", "llama"]),
        ids in any::<[Option<u8>; 3]>(),
        text in "[ab <>0x\u{2581}é]{0,20}",
    ) {
        let (mut token_type, mut scores) = (token_type, scores);
        token_type.resize(tokens.len(), 1);
        scores.resize(tokens.len(), 0.0);
        let [bos_token_id, eos_token_id, unknown_token_id] = ids.map(|id| id.map(|id| u32::from(id % 16)));
        let fields = GgufTokenizer {
            model: model.to_owned(), pre: Some("gpt-2".to_owned()), tokens, token_type, scores, merges,
            bos_token_id, eos_token_id, unknown_token_id, ..GgufTokenizer::default()
        };
        if let Ok(tokenizer) = Tokenizer::from_gguf(fields) {
            let tokens = tokenizer.encode_with_special(&text).unwrap();
            tokenizer.decode(&tokens).unwrap();
            tokenizer.decode(&[0, 15, u32::MAX]).unwrap();
            if let Ok(json) = tokenizer.json() {
                prop_assert!(serde_json::from_slice::<serde_json::Value>(json).is_ok());
            }
            prop_assert!(!tokenizer.hash().is_empty());
            prop_assert_eq!(tokenizer.bytes_of(u32::MAX), b"");
        }
    }
}
