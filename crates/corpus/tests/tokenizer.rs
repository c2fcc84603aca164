//! Text to tokens and back, against the library itself.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;

use common::{Folder, prepare, spec};
use proptest::prelude::*;
use std::sync::LazyLock;
use triaxis_corpus::{Tokenizer, TokenizerSpec};

const SPEC: &str =
    "validation = '20KB'\n[[sources]]\nkind = 'files'\nname = 'own'\ninclude = ['src', 'tests']";

/// Trains on this crate's own sources.
fn trained(vocabulary: usize) -> Tokenizer {
    let out = Folder::new();
    let base = Path::new(env!("CARGO_MANIFEST_DIR"));
    let spec = spec(SPEC);
    let corpus = triaxis_corpus::prepare(
        &spec,
        &TokenizerSpec::Train { vocabulary },
        base,
        &out.path().join("corpus"),
        &(),
    );
    corpus.unwrap().tokenizer().unwrap()
}

static TOKENIZER: LazyLock<Tokenizer> = LazyLock::new(|| trained(1024));

fn check(tokenizer: &Tokenizer, text: &str) {
    let tokens = tokenizer.encode(text).unwrap();
    assert_eq!(tokens, tokenizer.encode_plainly(text).unwrap(), "{text:?}");
    assert_eq!(tokenizer.decode(&tokens).unwrap(), text);
    assert!(!tokens.contains(&tokenizer.end_of_text()), "{text:?}");
}

#[test]
fn real_text_is_encoded_as_the_library_does() {
    let base = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [
        base.join("src"),
        base.join("src/readers"),
        base.join("src/tokenizer"),
        base.join("tests"),
    ];
    let files = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let texts: Vec<String> = files
        .filter_map(|file| std::fs::read_to_string(file.unwrap().path()).ok())
        .collect();
    assert!(texts.len() > 20);
    for text in texts {
        check(&TOKENIZER, &text);
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
        check(&TOKENIZER, text);
    }
    check(&TOKENIZER, &"word".repeat(5000));
    check(&TOKENIZER, &" ".repeat(5000));
}

#[test]
fn training_again_gives_the_same_tokenizer() {
    let first = trained(700);
    assert_eq!(first.vocabulary(), 700);
    for _ in 0..3 {
        assert_eq!(trained(700).json(), first.json());
    }
}

#[test]
fn small_vocabularies_work() {
    for vocabulary in [257, 258, 512] {
        let tokenizer = trained(vocabulary);
        assert_eq!(tokenizer.vocabulary(), vocabulary);
        check(&tokenizer, "fn main() { println!(\"héllo\"); }");
    }
}

#[test]
fn a_tokenizer_of_another_kind_goes_through_the_library() {
    let folder = Folder::new();
    // Words by white space, lower case, digits as an added token: nothing of byte-level BPE.
    let json = r#"{
        "version": "1.0", "truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0},
        "padding": null,
        "added_tokens": [{"id": 3, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
        "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "vocab": {"one": 0, "two": 1, "[UNK]": 2, "</s>": 3}, "unk_token": "[UNK]"}
    }"#;
    let path = folder.write("words.json", json);
    let tokenizer = Tokenizer::from_file(&path, "</s>").unwrap();
    assert_eq!((tokenizer.vocabulary(), tokenizer.end_of_text()), (4, 3));
    assert_eq!(
        tokenizer.encode("One two  three one").unwrap(),
        [0, 1, 2, 0],
        "not cut to two tokens"
    );
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

proptest! {
    #[test]
    fn any_text_comes_back_and_equals_the_library(text in any::<String>()) {
        check(&TOKENIZER, &text);
    }

    #[test]
    fn likely_text_comes_back_and_equals_the_library(text in "([ \n\t'a-z0-9]|[!-~]|fn |let |    |é|中|\u{2003}){0,200}") {
        check(&TOKENIZER, &text);
    }
}
