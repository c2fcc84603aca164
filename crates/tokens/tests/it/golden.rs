//! Golden tokens of the field's own libraries (`tests/golden/golden.py`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use triaxis_tokens::{GgufTokenizer, Tokenizer};

/// `byte_level.json`: one vocabulary under every splitter.
#[derive(Deserialize)]
pub(crate) struct ByteLevel {
    pub(crate) texts: Vec<String>,
    model: Value,
    cases: BTreeMap<String, Case>,
}

#[derive(Deserialize)]
struct Case {
    file: Value,
    ignore_merges: bool,
    ids: Vec<Vec<u32>>,
    special: Vec<Vec<u32>>,
}

/// `pieces.json`: vocabularies of SentencePiece.
#[derive(Deserialize)]
struct Pieces {
    #[serde(flatten)]
    fields: GgufTokenizer,
    texts: Vec<String>,
    ids: Vec<Vec<u32>>,
}

impl ByteLevel {
    pub(crate) fn read() -> Self {
        serde_json::from_str(include_str!("../golden/byte_level.json")).unwrap()
    }

    /// The `tokenizer.json` with a splitter.
    pub(crate) fn file(&self, name: &str) -> Value {
        let case = &self.cases[name];
        let mut file = case.file.clone();
        file["model"] = self.model.clone();
        file["model"]["ignore_merges"] = case.ignore_merges.into();
        file
    }

    pub(crate) fn tokenizer(&self, name: &str) -> Tokenizer {
        Tokenizer::from_json(self.file(name).to_string().into_bytes(), "<|endoftext|>").unwrap()
    }

    /// The same as a GGUF file has it.
    pub(crate) fn fields(&self, name: &str) -> GgufTokenizer {
        let mut tokens: BTreeMap<u64, (String, i32)> = BTreeMap::new();
        for (text, id) in self.model["vocab"].as_object().unwrap() {
            tokens.insert(id.as_u64().unwrap(), (text.clone(), 1));
        }
        for added in self.cases[name].file["added_tokens"].as_array().unwrap() {
            let kind = if added["special"] == json!(true) { 3 } else { 4 };
            let text = added["content"].as_str().unwrap().to_owned();
            tokens.insert(added["id"].as_u64().unwrap(), (text, kind));
        }
        let merges = self.model["merges"].as_array().unwrap();
        let spelled =
            |merge: &Value| format!("{} {}", merge[0].as_str().unwrap(), merge[1].as_str().unwrap());
        let id = |name: &str| {
            tokens
                .values()
                .position(|(text, _)| text == name)
                .map(|id| id as u32)
        };
        GgufTokenizer {
            model: "gpt2".to_owned(),
            pre: Some(name.to_owned()),
            bos_token_id: id("<|im_start|>"),
            eos_token_id: id("<|im_end|>"),
            merges: merges.iter().map(spelled).collect(),
            token_type: tokens.values().map(|(_, kind)| *kind).collect(),
            tokens: tokens.into_values().map(|(text, _)| text).collect(),
            ..GgufTokenizer::default()
        }
    }

    fn check(&self, name: &str, tokenizer: &Tokenizer) {
        let case = &self.cases[name];
        for (text, (ids, special)) in self.texts.iter().zip(case.ids.iter().zip(&case.special)) {
            assert_eq!(&tokenizer.encode(text).unwrap(), ids, "{name}: {text:?}");
            assert_eq!(&tokenizer.encode_plainly(text).unwrap(), ids, "{name}: {text:?}");
            assert_eq!(
                &tokenizer.encode_with_special(text).unwrap(),
                special,
                "{name}: {text:?}"
            );
            let composed = name == "qwen2" && text.contains('\u{301}');
            if !composed {
                assert_eq!(&tokenizer.decode(ids).unwrap(), text, "{name}");
                assert_eq!(&tokenizer.decode(special).unwrap(), text, "{name}");
            }
        }
    }
}

pub(crate) const SPLITTERS: [&str; 6] = ["gpt-2", "smollm", "llama-bpe", "dbrx", "qwen2", "default"];

#[test]
fn every_splitter_of_a_tokenizer_json_gives_the_tokens_of_the_library() {
    let golden = ByteLevel::read();
    assert_eq!(golden.cases.len(), SPLITTERS.len());
    for name in SPLITTERS {
        let tokenizer = golden.tokenizer(name);
        golden.check(name, &tokenizer);
        // What runs here can be written as GGUF.
        assert_eq!(tokenizer.gguf().unwrap().pre.as_deref(), Some(name));
    }
}

#[test]
fn every_splitter_of_a_gguf_file_gives_the_tokens_of_the_library() {
    let golden = ByteLevel::read();
    for name in SPLITTERS {
        // A GGUF file has no normalizer.
        let composed = name == "qwen2";
        let mut golden = ByteLevel::read();
        if composed {
            golden
                .texts
                .iter_mut()
                .for_each(|text| *text = text.replace("e\u{301}", "é"));
        }
        golden.check(name, &Tokenizer::from_gguf(golden.fields(name)).unwrap());
    }
    assert!(golden.texts.iter().any(|text| text.contains('\u{301}')));
}

#[test]
fn sentencepiece_vocabularies_give_its_own_tokens() {
    let golden: Vec<Pieces> = serde_json::from_str(include_str!("../golden/pieces.json")).unwrap();
    assert_eq!(golden.len(), 2);
    for Pieces {
        mut fields,
        texts,
        ids,
    } in golden
    {
        fields.model = "llama".to_owned();
        let prefixed = fields.add_space_prefix == Some(true);
        let tokenizer = Tokenizer::from_gguf(fields).unwrap();
        for (text, ids) in texts.iter().zip(&ids) {
            let found = tokenizer.encode(text).unwrap();
            assert_eq!(&found, ids, "{prefixed}: {text:?}");
            assert_eq!(&tokenizer.decode(ids).unwrap(), text);
        }
        assert_eq!(tokenizer.encode_with_special("<s>").unwrap(), [1]);
        let first = tokenizer.encode("a").unwrap();
        let after = tokenizer.encode_with_special("<s>a").unwrap();
        assert_eq!(after[1..], first, "a text begins behind a control token");
    }
}

static TOKENIZERS: LazyLock<Vec<Tokenizer>> = LazyLock::new(|| {
    let golden = ByteLevel::read();
    SPLITTERS.map(|name| golden.tokenizer(name)).into()
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1700))]

    #[test]
    fn likely_text_has_the_tokens_of_the_library(
        text in "([ \n\t'a-z0-9]|[!-~]|<tool>|<\\|im_end\\|>|'S|e\u{301}|\u{1100}\u{1161}|é|中|\u{2003}|½|🙂){0,60}"
    ) {
        for tokenizer in &*TOKENIZERS {
            prop_assert_eq!(tokenizer.encode(&text).unwrap(), tokenizer.encode_plainly(&text).unwrap());
        }
    }
}

/// The fields of a vocabulary of SentencePiece.
pub(crate) fn pieces(space_prefix: bool) -> GgufTokenizer {
    let golden: Vec<Pieces> = serde_json::from_str(include_str!("../golden/pieces.json")).unwrap();
    let mut fields = golden.into_iter().map(|case| case.fields);
    let mut found = fields
        .find(|fields| fields.add_space_prefix == Some(space_prefix))
        .unwrap();
    found.model = "llama".to_owned();
    found
}
