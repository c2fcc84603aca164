//! Special tokens: text in `encode`, themselves in `encode_with_special`, and what ends what a model writes.

use serde_json::json;
use triaxis_tokens::{TokenKind, Tokenizer};

use crate::golden::{ByteLevel, SPLITTERS, pieces};

#[test]
fn names_of_control_tokens_are_text_unless_asked_for() {
    let golden = ByteLevel::read();
    for name in SPLITTERS {
        for tokenizer in [
            golden.tokenizer(name),
            Tokenizer::from_gguf(golden.fields(name)).unwrap(),
        ] {
            let text = "<|im_start|>user\n<tool>x</tool><|im_end|>";
            let plain = tokenizer.encode(text).unwrap();
            assert!(plain.iter().all(|token| !tokenizer.is_special(*token)), "{name}");
            assert!(
                plain.contains(&424) && plain.contains(&425),
                "{name}: user-defined tokens are text as one token"
            );
            let special = tokenizer.encode_with_special(text).unwrap();
            assert_eq!(
                (special.first(), special.last()),
                (Some(&422), Some(&423)),
                "{name}"
            );
            assert!(tokenizer.is_special(422) && !tokenizer.is_special(424), "{name}");
            assert_eq!(tokenizer.kind_of(424), TokenKind::UserDefined);
            for tokens in [plain, special] {
                assert_eq!(tokenizer.decode(&tokens).unwrap(), text, "{name}");
                let bytes: Vec<u8> = tokens
                    .iter()
                    .flat_map(|token| tokenizer.bytes_of(*token))
                    .copied()
                    .collect();
                assert_eq!(bytes, text.as_bytes(), "{name}");
            }
        }
    }
}

#[test]
fn what_ends_a_text_is_told_by_the_file_and_by_name() {
    let golden = ByteLevel::read();
    let json = golden.tokenizer("gpt-2");
    assert_eq!(json.ends().iter().copied().collect::<Vec<_>>(), [421, 423]);
    let mut fields = golden.fields("gpt-2");
    fields.eot_token_id = Some(5);
    let gguf = Tokenizer::from_gguf(fields.clone()).unwrap();
    assert_eq!(gguf.ends().iter().copied().collect::<Vec<_>>(), [5, 421, 423]);
    assert_eq!(gguf.end_of_text(), 423);
    // A name that ends a turn is no text of users, whatever a file says of it.
    fields.token_type[423] = 4;
    let gguf = Tokenizer::from_gguf(fields).unwrap();
    assert!(!gguf.encode("<|im_end|>").unwrap().contains(&423));
    // A word that was learnt is not a special token by its name.
    let mut fields = pieces(true);
    fields.tokens[300] = "<|im_end|>".to_owned();
    assert!(!Tokenizer::from_gguf(fields).unwrap().ends().contains(&300));
}

#[test]
fn a_file_says_whether_texts_begin_with_a_token() {
    let golden = ByteLevel::read();
    let mut file = golden.file("llama-bpe");
    let begin = |file: &serde_json::Value| {
        let tokenizer = Tokenizer::from_json(file.to_string().into_bytes(), "<|endoftext|>").unwrap();
        assert_eq!(tokenizer.adds_begin(), tokenizer.begin().is_some());
        tokenizer.begin()
    };
    assert_eq!(begin(&file), None);
    let token = json!({"SpecialToken": {"id": "<|im_start|>", "type_id": 0}});
    let text = json!({"Sequence": {"id": "A", "type_id": 0}});
    let processor = |single: [&serde_json::Value; 2]| {
        json!({
            "type": "TemplateProcessing", "single": single, "pair": single,
            "special_tokens": {"<|im_start|>": {"id": "<|im_start|>", "ids": [422], "tokens": ["<|im_start|>"]}}
        })
    };
    file["post_processor"] = processor([&token, &text]);
    assert_eq!(begin(&file), Some(422));
    file["post_processor"] = processor([&text, &token]);
    assert_eq!(begin(&file), None);
}
