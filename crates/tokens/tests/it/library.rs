//! Tokenizers of other kinds, which go through the library.

use triaxis_tokens::Tokenizer;

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
