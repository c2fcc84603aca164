//! Inputs to begin with: small ones that are accepted, from our own writers where there is one.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Error, Result};
use std::path::Path;

use serde_json::{Value as Json, json};
use triaxis_blocks::Format;
use triaxis_containers::gguf::{self, List, Value};
use triaxis_containers::{Planned, safetensors};
use triaxis_tokens::{END_OF_TEXT, Tokenizer, WordCounts};

/// Templates and conversations of the field, with what they make.
const CHATS: &str = include_str!("../../crates/tokens/tests/golden/chat.json");

/// Writes those of a target into `corpus/TARGET`, before libFuzzer looks there.
///
/// # Panics
/// If they cannot be made or written.
pub fn write(target: &str) {
    let inputs = match target {
        "gguf" => gguf_files(),
        "safetensors" => safetensors_files(),
        "tokenizer_json" => tokenizers(),
        "gguf_tokenizer" => Ok((0..8).map(bytes).collect()),
        "encode" => Ok(texts()),
        "fasttext" => Ok(classifiers()),
        "arpa" => Ok(models()),
        "html" => Ok(pages()),
        "warc" => Ok(vec![archive(), archive().repeat(2)]),
        _ => templates(),
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&folder).expect("the folder of inputs is made");
    for (number, input) in inputs.expect("seeds are sound").iter().enumerate() {
        fs::write(folder.join(format!("seed-{number}")), input).expect("a seed is written");
    }
}

fn planned(name: &str, shape: &[usize], format: Format) -> Planned {
    Planned {
        name: name.to_owned(),
        shape: shape.to_vec(),
        format,
    }
}

/// Classifiers of every loss by fastText's own program, with vectors of numbers and of codes.
fn classifiers() -> Vec<Vec<u8>> {
    let files: [&[u8]; 3] = [
        include_bytes!("../../crates/classifiers/tests/golden/small.bin"),
        include_bytes!("../../crates/classifiers/tests/golden/small-tree.bin"),
        include_bytes!("../../crates/classifiers/tests/golden/small.ftz"),
    ];
    files.map(<[u8]>::to_vec).to_vec()
}

/// Models of n-grams with what a file may have: comments, several lengths, nothing left, a word that is not known.
fn models() -> Vec<Vec<u8>> {
    let words = "\\1-grams:\n-1\t<unk>\t0\n0\t<s>\t-0.5\n-0.5\t</s>\n-0.4\ta\t-0.3\n";
    let pairs = "\\2-grams:\n-0.1\t<s> a\t-0.2\n-0.2\ta </s>\n-0.3\ta a\t1e-3\n";
    let single = format!("\\data\\\nngram 1=4\n\n{words}\n\\end\\\n");
    let double = format!("\n\\data\\\nngram 1=4\nngram 2=3\n\n{words}\n{}\n\\end\\\n", pairs.replace("\t1e-3", ""));
    let triple = format!(
        "# triaxis units {{\"words\":\"english\"}}\n\\data\\\nngram 1=4\nngram 2=3\nngram 3=1\n\n{words}\n{pairs}\n\\3-grams:\n\
         -0.05\t<s> a a\n\n\\end\\\n"
    );
    [single, double.replace("\t-0.2", ""), triple].map(String::into_bytes).into()
}

/// Bytes without a pattern.
fn bytes(seed: u32) -> Vec<u8> {
    let next = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    std::iter::successors(Some(seed), next)
        .map(|state| (state >> 24) as u8)
        .take(300)
        .collect()
}

/// Keys of every kind, tensors of several formats.
fn gguf_files() -> Result<Vec<Vec<u8>>> {
    let numbers = [
        Value::U8(1),
        Value::I16(-1),
        Value::U32(2),
        Value::F32(0.5),
        Value::I64(-9),
        Value::F64(1.5),
    ];
    let lists = [
        List::I32(vec![1, -2]),
        List::F32(vec![0.5]),
        List::Bool(vec![true, false]),
        List::Text(vec!["a".to_owned(), String::new()]),
        List::U64(Vec::new()),
    ];
    let others = [Value::Bool(true), Value::Text("llama".to_owned())];
    let values = numbers.into_iter().chain(others).chain(lists.map(Value::List));
    let keys: BTreeMap<String, Value> = values
        .enumerate()
        .map(|(index, value)| (format!("k{index}"), value))
        .collect();
    let tensors = [
        planned("a", &[4], Format::F32),
        planned("b", &[2, 32], Format::Q8_0),
        planned("c", &[1, 256], Format::Q6K),
        planned("d", &[2, 1, 2, 3], Format::F16),
    ];
    let file = |keys: &BTreeMap<String, Value>, tensors: &[Planned]| -> Result<Vec<u8>> {
        let mut file = gguf::header(keys, tensors).map_err(Error::other)?;
        for tensor in tensors {
            let size =
                tensor.shape.iter().product::<usize>() / tensor.format.values() * tensor.format.bytes();
            file.resize((file.len() + size).next_multiple_of(32), 7);
        }
        Ok(file)
    };
    let few = keys.clone().into_iter().take(3).collect();
    Ok(vec![
        file(&keys, &tensors)?,
        file(&few, &tensors[..1])?,
        file(&BTreeMap::new(), &tensors)?,
        file(&keys, &[])?,
    ])
}

/// How many values follow, and the header; an index.
fn safetensors_files() -> Result<Vec<Vec<u8>>> {
    let tensors = [
        planned("a", &[4], Format::F32),
        planned("b", &[2, 3], Format::F16),
        planned("c", &[0], Format::Bf16),
    ];
    let header = safetensors::header(&tensors).map_err(Error::other)?;
    let index =
        json!({ "metadata": {}, "weight_map": { "a": "model-1.safetensors", "b": "model-2.safetensors" } });
    Ok(vec![
        [&28u16.to_le_bytes()[..], &header[8..]].concat(),
        [&header[..], &[0; 28]].concat(),
        [&[0, 0], index.to_string().as_bytes()].concat(),
    ])
}

/// One that is learnt, and one of each other kind of the library's.
fn tokenizers() -> Result<Vec<Vec<u8>>> {
    let counts = WordCounts::default();
    counts
        .add(["the cat sat on the mat with the hat"].into_iter())
        .map_err(Error::other)?;
    let learnt = Tokenizer::train(counts, 260).map_err(Error::other)?;
    let end = json!([{ "id": 0, "content": END_OF_TEXT, "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": false, "special": true }]);
    let words = json!({ END_OF_TEXT: 0, "a": 1, "b": 2, "ab": 3, "[UNK]": 4, "##b": 5, "\u{2581}a": 6 });
    let of = |model: Json, splitter: Json, decoder: Json| {
        json!({ "version": "1.0", "added_tokens": end, "normalizer": null, "pre_tokenizer": splitter,
            "post_processor": null, "decoder": decoder, "truncation": null, "padding": null, "model": model })
    };
    let merges = json!({ "type": "BPE", "vocab": words, "merges": [["a", "b"]], "byte_fallback": true, "fuse_unk": true,
        "unk_token": "[UNK]", "dropout": null, "continuing_subword_prefix": null, "end_of_word_suffix": null,
        "ignore_merges": false });
    let pieces = json!({ "type": "Unigram", "unk_id": 1, "byte_fallback": false,
        "vocab": [[END_OF_TEXT, 0.0], ["<unk>", 0.0], ["\u{2581}a", -1.0], ["b", -2.0]] });
    let kinds = [
        of(
            merges,
            json!({ "type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "first", "split": false }),
            json!({ "type": "ByteFallback" }),
        ),
        of(
            pieces,
            json!({ "type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always", "split": true }),
            json!({ "type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always", "split": true }),
        ),
        of(
            json!({ "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": words }),
            json!({ "type": "BertPreTokenizer" }),
            json!({ "type": "WordPiece", "prefix": "##", "cleanup": true }),
        ),
        of(
            json!({ "type": "WordLevel", "unk_token": "[UNK]", "vocab": words }),
            json!({ "type": "Whitespace" }),
            json!(null),
        ),
    ];
    let kinds = kinds.into_iter().enumerate().flat_map(|(number, kind)| {
        let parts = [Json::Null, parts(number)].into_iter();
        parts.map(move |parts| {
            let mut kind = kind.clone();
            for (name, part) in parts.as_object().into_iter().flatten() {
                kind[name.as_str()] = part.clone();
            }
            kind.to_string().into_bytes()
        })
    });
    Ok([learnt.json().map_err(Error::other)?.to_vec()]
        .into_iter()
        .chain(kinds)
        .collect())
}

/// Parts of a tokenizer beside its model, some of each kind by a number.
fn parts(number: usize) -> Json {
    let replaced =
        |content: &str| json!({ "type": "Replace", "pattern": { "String": "\u{2581}" }, "content": content });
    let text = json!({ "Sequence": { "id": "A", "type_id": 0 } });
    let begin = json!({ "SpecialToken": { "id": END_OF_TEXT, "type_id": 0 } });
    let around = json!({ "type": "TemplateProcessing", "single": [begin, text], "pair": [text, text],
        "special_tokens": { END_OF_TEXT: { "id": END_OF_TEXT, "ids": [0], "tokens": [END_OF_TEXT] } } });
    match number {
        0 => {
            json!({ "normalizer": { "type": "Sequence", "normalizers": [{ "type": "Prepend", "prepend": "\u{2581}" },
                { "type": "Replace", "pattern": { "Regex": " {2,}|\\t(?!a)" }, "content": "\u{2581}" }, { "type": "NFKC" }] },
            "decoder": { "type": "Sequence", "decoders": [replaced(" "), { "type": "ByteFallback" }, { "type": "Fuse" },
                { "type": "Strip", "content": " ", "start": 1, "stop": 0 }] }, "post_processor": around })
        }
        1 => {
            json!({ "normalizer": { "type": "Sequence", "normalizers": [{ "type": "Nmt" }, { "type": "NFKD" },
                { "type": "StripAccents" }, { "type": "Strip", "strip_left": true, "strip_right": true }] } })
        }
        2 => {
            json!({ "normalizer": { "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                "strip_accents": null, "lowercase": true },
            "post_processor": { "type": "BertProcessing", "sep": ["[UNK]", 4], "cls": [END_OF_TEXT, 0] } })
        }
        _ => json!({ "normalizer": { "type": "ByteLevel" }, "decoder": { "type": "CTC", "pad_token": "a",
                "word_delimiter_token": "|", "cleanup": true },
            "pre_tokenizer": { "type": "Sequence", "pretokenizers": [{ "type": "Digits", "individual_digits": true },
                { "type": "Punctuation", "behavior": "MergedWithNext" }, { "type": "FixedLength", "length": 2 },
                { "type": "Split", "pattern": { "Regex": "\\s+(?!\\S)|\\s" }, "behavior": "Isolated", "invert": false }] } }),
    }
}

fn texts() -> Vec<Vec<u8>> {
    let texts = [
        "Hello world 123",
        "a  1\n\n  b",
        "don't  we've",
        "\u{bd} x\u{b2}",
        "h\u{e9}llo \u{2014} \u{4f60}\u{597d} \u{1f642}",
        "<|endoftext|> [workspace]\r\n\t",
    ];
    texts.map(|text| text.as_bytes().to_vec()).to_vec()
}

fn templates() -> Result<Vec<Vec<u8>>> {
    let chats: Vec<Json> = serde_json::from_str(CHATS)?;
    let templates = chats.iter().filter_map(|chat| chat["template"].as_str());
    Ok(templates.map(|template| template.as_bytes().to_vec()).collect())
}

/// A page with a part of each kind, and one of parts that nothing ends.
fn pages() -> Vec<Vec<u8>> {
    let words = "Some words of a sentence that goes on for a while. ".repeat(8);
    let whole = format!(
        "<!doctype html><html><head><meta charset=koi8-r><title>A page</title></head><body><nav><a href=/>Home</a></nav>\
         <article><h1>A title</h1><p>{words}<ul><li>one<li>two</ul><table><tr><th>a<td>b</table><pre>code</pre>\
         <blockquote>said</blockquote></article><div class=comments>no</div><script type='application/ld+json'>\
         {{\"articleBody\": \"{words}\"}}</script></body></html>"
    );
    let unended = format!("<b><i><font size=1><table><tr><td><svg><p>{words}<template><select><option>");
    vec![whole.into_bytes(), unended.into_bytes()]
}

/// A record that says nothing, and answers of each coding.
fn archive() -> Vec<u8> {
    let record = |kind: &str, block: &str| {
        let length = block.len();
        format!(
            "WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: http://a.org/\r\nContent-Length: {length}\r\n\r\n{block}\r\n\r\n"
        )
    };
    let html = "Content-Type: text/html; charset=gbk\r\n";
    let answers = [
        format!("HTTP/1.1 200 OK\r\n{html}\r\n<p>a page</p>"),
        format!("HTTP/1.1 200 OK\r\n{html}Transfer-Encoding: chunked\r\n\r\n5\r\n<p>a \r\n4\r\npage\r\n0\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\n{html}Content-Encoding: deflate\r\n\r\n\u{1}\u{2}"),
        "HTTP/1.0 404\n\n<html>".to_owned(),
    ];
    let answers = answers.iter().map(|answer| record("response", answer));
    let records: String = std::iter::once(record("warcinfo", "a: b")).chain(answers).collect();
    records.into_bytes()
}
