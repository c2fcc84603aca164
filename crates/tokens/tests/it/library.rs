//! Tokenizers of other kinds, which go through the library.

use serde_json::{Value, json};
use triaxis_tokens::{TextStream, TokenKind, Tokenizer};

/// A file of one kind, whose tokens are named by their places; `</s>` is the last one.
fn tokenizer(vocabulary: &[&str], model: Value, parts: Value) -> Tokenizer {
    let mut file = json!({"version": "1.0", "model": model, "normalizer": null, "pre_tokenizer": null,
        "post_processor": null, "decoder": null, "truncation": null, "padding": null});
    for (key, value) in parts.as_object().unwrap() {
        file[key] = value.clone();
    }
    file["model"]["vocab"] = vocabulary
        .iter()
        .zip(0..)
        .map(|(text, id)| (*text, json!(id)))
        .collect();
    let last = vocabulary.len() - 1;
    file["added_tokens"] = json!([{"id": last, "content": vocabulary[last], "single_word": false, "lstrip": false,
        "rstrip": false, "normalized": false, "special": true}]);
    Tokenizer::from_json(file.to_string().into_bytes(), vocabulary[last]).unwrap()
}

/// The text of tokens by their bytes, one by one.
fn streamed(tokenizer: &Tokenizer, tokens: &[u32]) -> String {
    let mut stream = TextStream::new([""; 0]).unwrap();
    let text: String = tokens
        .iter()
        .map(|token| stream.push(tokenizer.bytes_of(*token)))
        .collect();
    text + &stream.finish()
}

#[test]
fn tokens_that_only_the_library_runs_have_bytes() {
    // Spaces as Llama 2 spells them, with bytes for the rest.
    let merged = json!({"type": "BPE", "byte_fallback": true, "fuse_unk": true, "unk_token": "<unk>",
        "merges": [["\u{2581}", "a"], ["\u{2581}a", "b"]]});
    let parts = json!({
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": "\u{2581}"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "\u{2581}"}]},
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "\u{2581}"}, "content": " "}, {"type": "ByteFallback"},
            {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
    });
    let vocabulary = [
        "<unk>",
        "<0xC3>",
        "<0xA9>",
        "\u{2581}",
        "a",
        "b",
        "\u{2581}a",
        "\u{2581}ab",
        "</s>",
    ];
    let llama = tokenizer(&vocabulary, merged, parts);
    let tokens = llama.encode("ab é b").unwrap();
    assert_eq!(tokens, [7, 3, 1, 2, 3, 5]);
    assert_eq!(streamed(&llama, &tokens), " ab é b");
    assert_eq!(llama.decode(&tokens).unwrap(), "ab é b");
    assert_eq!(
        (llama.kind_of(1), llama.kind_of(8)),
        (TokenKind::Byte, TokenKind::Control)
    );
    // Parts of words, which continue where they begin with a sign for it.
    let words = json!({"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100});
    let parts = json!({"pre_tokenizer": {"type": "Whitespace"},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": false}});
    let pieces = tokenizer(&["[UNK]", "scale", "##d", "up", "</s>"], words, parts);
    let tokens = pieces.encode("scaled up").unwrap();
    assert_eq!(tokens, [1, 2, 3]);
    assert_eq!(streamed(&pieces, &tokens), " scaled up");
    assert_eq!(pieces.encode("up</s>").unwrap(), [3, 0, 0, 0]);
    assert_eq!(pieces.encode_with_special("up</s>").unwrap(), [3, 4]);
    for error in [pieces.gguf().unwrap_err(), pieces.config().unwrap_err()] {
        assert!(error.to_string().contains("only the library runs"), "{error}");
    }
    // Bytes under a splitter that is not known here.
    let bytes = json!({"type": "BPE", "merges": []});
    let level =
        json!({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true});
    let other = tokenizer(
        &["\u{120}", "a", "Ã", "©", "</s>"],
        bytes,
        json!({"pre_tokenizer": level, "decoder": level}),
    );
    let tokens = other.encode("a é").unwrap();
    assert_eq!(tokens, [0, 1, 0, 2, 3]);
    assert_eq!(streamed(&other, &tokens), " a é");
    assert_eq!(other.bytes_of(9), b"");
}

#[test]
fn a_tokenizer_of_another_kind_goes_through_the_library() {
    let folder = tempfile::tempdir().unwrap();
    // Words by white space, lower case, digits as an added token: nothing of byte-level BPE.
    let json = r#"{
        "version": "1.0", "truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0},
        "padding": null,
        "added_tokens": [{"id": 3, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
        "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "vocab": {"one": 0, "two": 1, "[UNK]": 2, "</s>": 3}, "unk_token": "[UNK]"}
    }"#;
    let path = folder.path().join("words.json");
    std::fs::write(&path, json).unwrap();
    let tokenizer = Tokenizer::from_file(&path, "</s>").unwrap();
    assert_eq!((tokenizer.vocabulary(), tokenizer.end_of_text()), (4, 3));
    assert_eq!(
        tokenizer.encode("One two  three one").unwrap(),
        [0, 1, 2, 0],
        "not cut to two tokens"
    );
}

#[test]
fn a_file_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.json");
    let error = Tokenizer::from_file(&path, "</s>").unwrap_err().to_string();
    assert!(
        error.contains("cannot read") && error.contains("bad.json"),
        "{error}"
    );
    std::fs::write(&path, "{}").unwrap();
    let error = Tokenizer::from_file(&path, "</s>").unwrap_err().to_string();
    assert!(error.contains("bad.json: not a tokenizer.json"), "{error}");
}

/// Memory is taken for as many tokens as there are numbers.
#[test]
fn a_number_that_few_tokens_do_not_need_is_refused() {
    let file = |last: u64| {
        json!({"version": "1.0", "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": null,
            "truncation": null, "padding": null, "added_tokens": [],
            "model": {"type": "WordLevel", "unk_token": "<unk>", "vocab": {"<unk>": 0, "a": 1, "</s>": last}}})
    };
    let read = |last| Tokenizer::from_json(file(last).to_string().into_bytes(), "</s>");
    assert_eq!(read(65_535).unwrap().vocabulary(), 65_536);
    for last in [65_536, u64::from(u32::MAX) - 1, u64::from(u32::MAX)] {
        let error = read(last).unwrap_err().to_string();
        assert!(
            error.contains(&format!("the number {last}, of 3 tokens"))
                && error.contains("fetch the file again"),
            "{error}"
        );
    }
}

/// Where the library panics.
#[test]
fn a_decoder_that_is_no_json_is_refused() {
    for decoder in [r#"{"type" "WordPiece"}"#, r#"{"type": 1e999}"#, "{"] {
        let file = format!(r#"{{"version": "1.0", "added_tokens": [], "decoder": {decoder}}}"#);
        let error = Tokenizer::from_json(file.into_bytes(), "</s>")
            .unwrap_err()
            .to_string();
        assert!(error.contains("not a tokenizer.json"), "{decoder}: {error}");
    }
}
