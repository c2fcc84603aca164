//! What tokenizers lose of validation text, and what is said of it.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Folder, prepare, spec};
use triaxis_corpus::TokenizerSpec;

#[test]
fn a_tokenizer_that_loses_text_must_be_allowed_to() {
    let folder = Folder::new();
    // Words by white space, lower case, digits as an added token: nothing of byte-level BPE.
    let json = r#"{
        "version": "1.0", "truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0},
        "padding": null,
        "added_tokens": [{"id": 3, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
        "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "vocab": {"one": 0, "two": 1, "[UNK]": 2, "</s>": 3}, "unk_token": "[UNK]"}
    }"#;
    folder.write("words.json", json);
    for n in 0..10 {
        folder.write(&format!("text/{n}.txt"), format!("one two two {n}"));
    }
    let spec = spec("validation = 30\n[[sources]]\nkind = 'files'\nname = 'a'\ninclude = ['text']");
    let named = "file = 'words.json'\nend_of_text = '</s>'";
    let strict: TokenizerSpec = toml::from_str(named).unwrap();
    let error = prepare(&folder, &spec, &strict).unwrap_err().to_string();
    assert!(
        error.contains("text does not come back from its tokens") && error.contains("lossy = true"),
        "{error}"
    );
    let tokenizer: TokenizerSpec = toml::from_str(&format!("{named}\nlossy = true")).unwrap();
    let corpus = prepare(&folder, &spec, &tokenizer).unwrap();
    // Of "one two two 7" the 7 is lost; three documents validate.
    let lost = corpus.manifest().tokenizer.lost.as_ref().unwrap();
    assert_eq!((lost.documents, lost.bytes.0), (3, 3));
    assert_eq!(corpus.validation_bytes().0, 36);
    let mut tokens = vec![9; corpus.train().len()];
    corpus.train().read(0, &mut tokens).unwrap();
    assert_eq!(tokens, [0, 1, 1, 2, 3].repeat(7));
}

/// A tokenizer file of GPT-2's kind whose vocabulary is the letters of `alphabet`.
fn letters(alphabet: &str, normalizer: serde_json::Value) -> String {
    let letters = alphabet.chars().enumerate();
    let vocabulary: serde_json::Map<String, serde_json::Value> = letters
        .map(|(id, letter)| (letter.to_string(), (id + 1).into()))
        .chain([("<|endoftext|>".to_owned(), 0.into())])
        .collect();
    let byte_level = serde_json::json!({
        "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true
    });
    serde_json::json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [{"id": 0, "content": "<|endoftext|>", "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": false, "special": true}],
        "normalizer": normalizer,
        "pre_tokenizer": byte_level, "post_processor": null, "decoder": byte_level,
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
            "vocab": vocabulary, "merges": []}
    })
    .to_string()
}

#[test]
fn bits_per_byte_count_the_bytes_that_come_back() {
    let folder = Folder::new();
    for n in 0..20 {
        folder.write(&format!("text/{n}.txt"), format!("The cat {n:02} sat.\n"));
    }
    let spec = spec("validation = 160\n[[sources]]\nkind = 'files'\nname = 'a'\ninclude = ['text']");
    let none = serde_json::Value::Null;
    let lower = serde_json::json!({"type": "Lowercase"});
    // A space and a line's end as a byte-level vocabulary spells them.
    let all = "abcdefghijklmnopqrstuvwxyzT0123456789.\u{120}\u{10a}";
    let digits = |letter: char| letter.is_ascii_digit();
    for (name, json, lost_each) in [
        ("whole", letters(all, none.clone()), 0),
        ("no digits", letters(&all.replace(digits, ""), none.clone()), 2),
        ("lower case", letters(all, lower), 1),
        ("no spaces", letters(&all.replace('\u{120}', ""), none.clone()), 3),
    ] {
        folder.write("letters.json", json);
        let make = |lossy: bool| {
            let settings = format!("file = 'letters.json'\nlossy = {lossy}");
            let tokenizer: TokenizerSpec = toml::from_str(&settings).unwrap();
            let out = folder.path().join(format!("{name} {lossy}"));
            triaxis_corpus::prepare(&spec, &tokenizer, folder.path(), &out, &())
        };
        let corpus = make(true).unwrap();
        let manifest = corpus.manifest();
        let documents = manifest.validation.total.documents;
        assert_eq!(documents, 10);
        let lost = manifest.tokenizer.lost.as_ref().map_or(0, |lost| lost.bytes.0);
        assert_eq!(lost, lost_each * documents, "{name}");
        assert_eq!(corpus.validation_bytes().0, 160 - lost, "{name}");
        assert_eq!(manifest.loss_told().is_some(), lost > 0, "{name}");
        match make(false) {
            Ok(_) => assert_eq!(lost, 0, "{name}"),
            Err(error) => {
                let said = format!("of a document of 16B {}B do", 16 - lost_each);
                assert!(error.to_string().contains(&said), "{name}: {error}");
            }
        }
    }
    folder.write("letters.json", letters("xyz", none));
    let tokenizer: TokenizerSpec = toml::from_str("file = 'letters.json'\nlossy = true").unwrap();
    let error = prepare(&folder, &spec, &tokenizer).unwrap_err().to_string();
    assert!(
        error.contains("no byte of the validation text comes back"),
        "{error}"
    );
}
