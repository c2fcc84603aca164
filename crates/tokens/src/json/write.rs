use std::collections::BTreeMap;

use ahash::AHashMap;
use serde_json::{Value, json};

use crate::TokensError;
use crate::definition::{Definition, Method, SPACE, TokenKind};
use crate::pieces::ranks;
use crate::splitters::{Spelled, Splitter};

/// The `tokenizer.json` of a definition.
///
/// # Errors
/// When two tokens have one name, which the file cannot say.
pub(crate) fn write(definition: &Definition) -> Result<Vec<u8>, TokensError> {
    let mut vocabulary = BTreeMap::new();
    for (id, token) in definition.tokens.iter().enumerate() {
        if let Some(other) = vocabulary.insert(token.text.as_str(), id) {
            return Err(TokensError::input(format!(
                "tokens {other} and {id} are both {:?}: a tokenizer.json cannot tell them apart; export GGUF",
                token.text
            )));
        }
    }
    let added = definition.tokens.iter().enumerate().filter_map(|(id, token)| {
        let special = match token.kind {
            TokenKind::Control | TokenKind::Unknown => true,
            TokenKind::UserDefined => false,
            _ => return None,
        };
        Some(json!({
            "id": id, "content": token.text, "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": special,
        }))
    });
    let written = match &definition.method {
        Method::ByteLevel {
            splitter,
            ignore_merges,
            composed,
            ..
        } => byte_level(definition, splitter, *ignore_merges, *composed),
        Method::Pieces { scores, space_prefix } => pieces(definition, scores, *space_prefix),
    };
    let Written {
        normalizer,
        pre_tokenizer,
        decoder,
        merges,
        byte_fallback,
        ignore_merges,
        unknown,
    } = written;
    let file = json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": added.collect::<Vec<_>>(),
        "normalizer": normalizer, "pre_tokenizer": pre_tokenizer,
        "post_processor": post_processor(definition), "decoder": decoder,
        "model": {
            "type": "BPE", "dropout": null, "unk_token": unknown, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": unknown.is_some(), "byte_fallback": byte_fallback,
            "ignore_merges": ignore_merges, "vocab": vocabulary, "merges": merges,
        },
    });
    serde_json::to_vec_pretty(&file).map_err(unwritten)
}

/// The `tokenizer_config.json` beside it, by which transformers knows the special tokens.
pub(crate) fn config(definition: &Definition) -> Result<Vec<u8>, TokensError> {
    let name = |id: Option<u32>| id.map(|id| definition.tokens[id as usize].text.as_str());
    let mut config = json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": name(definition.begin), "eos_token": name(definition.end),
        "unk_token": name(definition.unknown), "pad_token": name(definition.padding),
        "clean_up_tokenization_spaces": false,
    });
    if let Some(template) = &definition.chat_template {
        config["chat_template"] = template.as_str().into();
    }
    serde_json::to_vec_pretty(&config).map_err(unwritten)
}

fn unwritten(error: serde_json::Error) -> TokensError {
    TokensError::input(format!(
        "the tokenizer cannot be written as JSON ({error}): use another one"
    ))
}

/// What differs between the methods.
struct Written<'d> {
    normalizer: Value,
    pre_tokenizer: Value,
    decoder: Value,
    merges: Vec<[&'d str; 2]>,
    byte_fallback: bool,
    ignore_merges: bool,
    unknown: Option<&'d str>,
}

fn byte_level<'d>(
    definition: &'d Definition,
    splitter: &Splitter,
    ignore_merges: bool,
    composed: bool,
) -> Written<'d> {
    let merges = match &definition.method {
        Method::ByteLevel { merges, .. } => merges.as_slice(),
        Method::Pieces { .. } => &[],
    };
    let text = |id: u32| definition.tokens[id as usize].text.as_str();
    let bytes = |use_regex: bool| json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": use_regex});
    let mut steps: Vec<Value> = splitter
        .steps
        .iter()
        .map(|step| match step.spelled {
            Spelled::Pattern(pattern) => {
                json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false})
            }
            Spelled::Digits => json!({"type": "Digits", "individual_digits": true}),
            Spelled::ByteLevel => bytes(true),
        })
        .collect();
    if splitter
        .steps
        .last()
        .is_none_or(|step| step.spelled != Spelled::ByteLevel)
    {
        steps.push(bytes(false));
    }
    let pre_tokenizer = match steps.as_slice() {
        [only] => only.clone(),
        _ => json!({"type": "Sequence", "pretokenizers": steps}),
    };
    Written {
        normalizer: if composed {
            json!({"type": "NFC"})
        } else {
            Value::Null
        },
        pre_tokenizer,
        decoder: bytes(true),
        merges: merges
            .iter()
            .map(|[left, right, _]| [text(*left), text(*right)])
            .collect(),
        byte_fallback: false,
        ignore_merges,
        unknown: None,
    }
}

fn pieces<'d>(definition: &'d Definition, scores: &[f32], space_prefix: bool) -> Written<'d> {
    let mut normalizers = vec![json!({"type": "Replace", "pattern": {"String": " "}, "content": SPACE})];
    let mut decoders = vec![
        json!({"type": "Replace", "pattern": {"String": SPACE}, "content": " "}),
        json!({"type": "ByteFallback"}),
        json!({"type": "Fuse"}),
    ];
    if space_prefix {
        normalizers.insert(0, json!({"type": "Prepend", "prepend": SPACE}));
        decoders.push(json!({"type": "Strip", "content": " ", "start": 1, "stop": 0}));
    }
    Written {
        normalizer: json!({"type": "Sequence", "normalizers": normalizers}),
        pre_tokenizer: Value::Null,
        decoder: json!({"type": "Sequence", "decoders": decoders}),
        merges: merges(definition, scores),
        byte_fallback: true,
        ignore_merges: false,
        unknown: definition
            .unknown
            .map(|id| definition.tokens[id as usize].text.as_str()),
    }
}

/// Every way that a piece is two others, the piece of the best score first.
fn merges<'d>(definition: &'d Definition, scores: &[f32]) -> Vec<[&'d str; 2]> {
    let tokens = || definition.tokens.iter().enumerate();
    let is_text = |kind: TokenKind| kind == TokenKind::Normal;
    let normal = tokens().filter(|(_, token)| is_text(token.kind));
    let ids: AHashMap<&str, usize> = normal
        .clone()
        .map(|(id, token)| (token.text.as_str(), id))
        .collect();
    let ranks = ranks(scores);
    let mut all = Vec::new();
    for (id, token) in normal {
        for (at, _) in token.text.char_indices().skip(1) {
            let (left, right) = token.text.split_at(at);
            if let (Some(first), Some(second)) = (ids.get(left), ids.get(right)) {
                all.push((ranks[id], *first, *second, [left, right]));
            }
        }
    }
    all.sort_unstable();
    all.into_iter().map(|(_, _, _, pair)| pair).collect()
}

/// What puts the token of the beginning before a text, if it is to stand there.
fn post_processor(definition: &Definition) -> Value {
    let Some(begin) = definition.begin.filter(|_| definition.adds_begin) else {
        return Value::Null;
    };
    let name = definition.tokens[begin as usize].text.as_str();
    let token = |sequence: u8| json!({"SpecialToken": {"id": name, "type_id": sequence}});
    let text = |id: &str, sequence: u8| json!({"Sequence": {"id": id, "type_id": sequence}});
    json!({
        "type": "TemplateProcessing",
        "single": [token(0), text("A", 0)],
        "pair": [token(0), text("A", 0), token(1), text("B", 1)],
        "special_tokens": { name: {"id": name, "ids": [begin], "tokens": [name]} },
    })
}
