//! `tokenizer.json` files whose parts panic in the library, or make much of little: refused, with the part's name, in
//! bounded time and memory.

use serde_json::{Value, json};
use triaxis_tokens::{Tokenizer, TokensError};

/// A file of words whose parts are those that are given.
fn file(parts: Value) -> Value {
    let mut file = json!({"version": "1.0", "normalizer": null, "pre_tokenizer": null, "post_processor": null,
        "decoder": null, "truncation": null, "padding": null,
        "added_tokens": [{"id": 0, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true}],
        "model": {"type": "WordLevel", "unk_token": "<unk>", "vocab": {"</s>": 0, "<unk>": 1, " ": 2, "a": 3, "bb": 4}}});
    for (key, value) in parts.as_object().unwrap() {
        file[key] = value.clone();
    }
    file
}

fn read(file: &Value) -> Result<Tokenizer, TokensError> {
    Tokenizer::from_json(file.to_string().into_bytes(), "</s>")
}

/// Holds a file with these parts to be refused in such words.
fn refused(parts: Value, words: &str) {
    let error = read(&file(parts)).unwrap_err().to_string();
    assert!(error.contains(words), "{error}");
    assert!(error.contains("give the file that"), "{error}");
}

#[test]
fn decoders_that_panic_or_make_much_are_refused() {
    let replace = |pattern: &str, content: &str| json!({"type": "Replace", "pattern": {"String": pattern}, "content": content});
    refused(
        json!({"decoder": {"type": "Strip", "content": " ", "start": 1, "stop": 1}}),
        "`Strip`",
    );
    refused(json!({"decoder": replace("", "x")}), "`Replace`");
    refused(
        json!({"decoder": replace("a", &"a".repeat(17))}),
        "17 times as long",
    );
    let doubling = vec![replace("a", "aa"); 30];
    refused(
        json!({"decoder": {"type": "Sequence", "decoders": doubling}}),
        "its decoders can make a text 128 times as long",
    );
    refused(
        json!({"decoder": {"type": "BPEDecoder", "suffix": ""}}),
        "an empty text",
    );
    refused(json!({"decoder": {"type": "Frob"}}), "unknown variant `Frob`");
    let suffixed = read(&file(
        json!({"decoder": {"type": "BPEDecoder", "suffix": "</w>"}}),
    ))
    .unwrap();
    assert_eq!(suffixed.decode(&[]).unwrap(), "");
    assert_eq!(suffixed.decode(&[99]).unwrap(), "");
}

#[test]
fn splitters_that_panic_or_take_long_are_refused() {
    let split = |pattern: Value| json!({"pre_tokenizer": {"type": "Split", "pattern": pattern, "behavior": "Isolated", "invert": false}});
    refused(
        json!({"pre_tokenizer": {"type": "FixedLength", "length": 0}}),
        "`FixedLength`",
    );
    refused(split(json!({"Regex": r"(a)\1"})), "refers back");
    refused(split(json!({"Regex": "a*a*a*a*a*(?!b)"})), "looks around");
    refused(split(json!({"String": ""})), "empty pattern");
    let bytes =
        json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false});
    refused(
        json!({"pre_tokenizer": {"type": "Sequence", "pretokenizers": vec![bytes; 9]}}),
        "128 times",
    );
    refused(
        json!({"pre_tokenizer": {"type": "Sequence", "pretokenizers": vec![json!({"type": "Whitespace"}); 33]}}),
        "more than 32 parts",
    );
}

#[test]
fn models_that_panic_or_take_long_are_refused() {
    let merged = |prefix: &str, merges: Value| {
        json!({"model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": prefix,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "merges": merges,
            "vocab": {"</s>": 0, "a": 1, "b": 2, "\u{e9}": 3, "##b": 4, "ab": 5}}})
    };
    refused(
        merged("##", json!([["a", "b"]])),
        "does not begin with `continuing_subword_prefix`",
    );
    refused(
        merged("\u{ff}", json!([["a", "\u{e9}"]])),
        "does not begin with `continuing_subword_prefix`",
    );
    refused(merged("", json!([["</s>", "</s>"]])), "makes no token");
    refused(merged("", json!([["a", "b", "c"]])), "no pair of tokens");
    assert_eq!(
        read(&file(merged("##", json!([["a", "##b"]]))))
            .unwrap()
            .encode("ab")
            .unwrap(),
        [5]
    );
    assert_eq!(
        read(&file(merged("##", json!(["a ##b"]))))
            .unwrap()
            .encode("ab")
            .unwrap(),
        [5]
    );
    let mut lots = merged("", json!([]));
    lots["model"]["dropout"] = json!(0.5);
    refused(lots, "drawn by lot");
    // A tree of pieces is left one step at a time, on the stack.
    let long = "a".repeat(1_000_000);
    refused(
        json!({"model": {"type": "Unigram", "unk_id": 0, "byte_fallback": false, "vocab": [["</s>", 0.0], [long, -1.0]]}}),
        "1000000 bytes",
    );
    refused(
        json!({"model": {"type": "WordPiece", "unk_token": "<unk>", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100_000_000, "vocab": {"</s>": 0, "<unk>": 1}}}),
        "`max_input_chars_per_word` is 100000000",
    );
}

/// A normaliser that doubles a text some dozens of times.
#[test]
fn a_text_that_grows_without_end_is_refused() {
    let grow = |normalizers: Value| json!({"normalizer": {"type": "Sequence", "normalizers": normalizers}});
    let replace =
        |pattern: Value, content: &str| json!({"type": "Replace", "pattern": pattern, "content": content});
    let doubling = vec![replace(json!({"String": "a"}), "aa"); 31];
    for normalizers in [json!(doubling), json!(vec![json!({"type": "ByteLevel"}); 31])] {
        let tokenizer = read(&file(grow(normalizers))).unwrap();
        let text = "a\u{e9}".repeat(500);
        for encoded in [tokenizer.encode(&text), tokenizer.encode_with_special(&text)] {
            let error = encoded.unwrap_err().to_string();
            assert!(
                error.contains("many times as long") && error.contains("use another"),
                "{error}"
            );
        }
    }
    refused(
        grow(json!([replace(json!({"Regex": "a*"}), "0123456789abcdef")])),
        "17 times",
    );
    refused(
        grow(json!([{"type": "Prepend", "prepend": "a".repeat(17)}])),
        "`Prepend`",
    );
}

#[test]
fn what_grows_as_real_text_does_is_taken() {
    let llama = json!([{"type": "Prepend", "prepend": "\u{2581}"},
        {"type": "Replace", "pattern": {"String": " "}, "content": "\u{2581}"}, {"type": "NFKD"}]);
    let tokenizer = read(&file(
        json!({"normalizer": {"type": "Sequence", "normalizers": llama}}),
    ))
    .unwrap();
    // The character of Unicode that becomes the most: 33 bytes of 3.
    assert_eq!(tokenizer.encode(&"\u{fdfa} ".repeat(2000)).unwrap(), [1]);
}

/// A map of characters as SentencePiece writes it, of `a` to a text, with one unit of its trie changed.
fn precompiled(text: &str, change: Option<(usize, u32)>) -> Value {
    const HAS_LEAF: u32 = 1 << 8;
    const LEAF: u32 = 1 << 31;
    let mut units = vec![0u32; 768];
    units[0] = 256 << 10;
    let letter = 256 ^ usize::from(b'a');
    units[letter] = ((letter ^ 512) as u32) << 10 | HAS_LEAF | u32::from(b'a');
    units[512] = LEAF;
    if let Some((at, unit)) = change {
        units[at] = unit;
    }
    let trie: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let map = [
        &(trie.len() as u32).to_le_bytes()[..],
        &trie,
        text.as_bytes(),
        b"\0",
    ]
    .concat();
    json!({"normalizer": {"type": "Precompiled", "precompiled_charsmap": base64(&map)}})
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |group: &[u8]| {
        let bits = (0..3).fold(0, |bits, at| {
            bits << 8 | group.get(at).copied().map_or(0, u32::from)
        });
        (0..4)
            .map(move |at| (bits >> (18 - 6 * at)) as usize & 63)
            .enumerate()
            .map({
                let length = group.len();
                move |(at, digit)| if at <= length { DIGITS[digit] as char } else { '=' }
            })
            .collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

#[test]
fn a_damaged_map_of_characters_is_refused_and_a_sound_one_is_read() {
    let sound = read(&file(precompiled("bb", None))).unwrap();
    assert_eq!(sound.encode("a").unwrap(), [4]);
    let letter = 256 ^ usize::from(b'a');
    for change in [
        (0, u32::MAX >> 1),
        (letter, 1 << 8 | 97 | 1300 << 10),
        (512, 1 << 31 | 99),
    ] {
        refused(precompiled("bb", Some(change)), "points outside");
    }
    refused(precompiled("\u{e9}", Some((512, 1 << 31 | 1))), "points outside");
    refused(precompiled(&"b".repeat(65), None), "65 bytes");
    for (map, words) in [
        ("!", "base 64"),
        ("AAAA", "3 bytes"),
        ("/////w==", "4294967295"),
        ("AAAAAA==", "empty"),
    ] {
        let parts = json!({"normalizer": {"type": "Precompiled", "precompiled_charsmap": map}});
        refused(parts, words);
    }
}

/// What follows a text is not for a file to say; what it puts before every text is.
#[test]
fn a_post_processor_gives_the_token_before_texts_and_nothing_else() {
    let template = |single: Value| {
        json!({"post_processor": {"type": "TemplateProcessing", "single": single,
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"</s>": {"id": "</s>", "ids": [0], "tokens": ["</s>"]}}}})
    };
    let (text, end) = (
        json!({"Sequence": {"id": "A", "type_id": 0}}),
        json!({"SpecialToken": {"id": "</s>", "type_id": 0}}),
    );
    let begins = read(&file(template(json!([end, text])))).unwrap();
    assert_eq!((begins.begin(), begins.encode("a").unwrap()), (Some(0), vec![3]));
    // Once the second of a pair, which there is not; then a text many times.
    for single in [
        json!([{"Sequence": {"id": "B", "type_id": 0}}]),
        json!(vec![text.clone(); 1000]),
    ] {
        let other = read(&file(template(single))).unwrap();
        assert_eq!((other.begin(), other.encode("a").unwrap()), (None, vec![3]));
    }
    refused(
        template(json!([{"SpecialToken": {"id": "<s>", "type_id": 0}}, text])),
        "does not say what that is",
    );
}

/// What no rule foresees is an error all the same, and prints nothing.
#[test]
fn where_the_library_panics_is_an_error() {
    let token = |id: u32, content: &str, rstrip: bool| {
        json!({"id": id, "content": content, "single_word": false, "lstrip": true, "rstrip": rstrip,
            "normalized": false, "special": false})
    };
    let file =
        file(json!({"added_tokens": [token(0, "</s>", false), token(2, " ", false), token(3, "a", true)]}));
    let error = read(&file).unwrap().encode("a   ").unwrap_err().to_string();
    assert!(
        error.contains("broke off") && error.contains("use another"),
        "{error}"
    );
}

/// The library keeps the last of fields of one name, and reads them all.
#[test]
fn a_field_that_is_there_twice_is_refused() {
    let twice = file(json!({})).to_string().replacen(
        "\"decoder\":null",
        r#""decoder":{"type":"Strip","content":" ","start":1,"stop":9},"decoder":null"#,
        1,
    );
    let error = Tokenizer::from_json(twice.into_bytes(), "</s>")
        .unwrap_err()
        .to_string();
    assert!(error.contains("duplicate field `decoder`"), "{error}");
}

/// What published models are made of is taken.
#[test]
fn parts_of_published_models_are_read() {
    let llama3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    let bytes = |prefix: bool| json!({"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": true, "use_regex": false});
    let split =
        json!({"type": "Split", "pattern": {"Regex": llama3}, "behavior": "Isolated", "invert": false});
    let replace =
        |pattern: Value, content: &str| json!({"type": "Replace", "pattern": pattern, "content": content});
    let bert = json!({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
        "lowercase": true});
    let unicode = [
        "NFC",
        "NFD",
        "NFKC",
        "NFKD",
        "Lowercase",
        "StripAccents",
        "Nmt",
        "ByteLevel",
    ];
    let mut all: Vec<Value> = unicode
        .iter()
        .map(|kind| json!({"normalizer": {"type": kind}}))
        .collect();
    // ALBERT and DeBERTa, XLM-RoBERTa, T5, CLIP.
    let albert = [
        replace(json!({"String": "``"}), "\""),
        json!({"type": "NFKD"}),
        json!({"type": "StripAccents"}),
        json!({"type": "Lowercase"}),
        precompiled("bb", None)["normalizer"].clone(),
        json!({"type": "Strip", "strip_left": false, "strip_right": true}),
        replace(json!({"Regex": " {2,}"}), "\u{2581}"),
        replace(json!({"Regex": "\\s+"}), " "),
    ];
    all.push(json!({"normalizer": {"type": "Sequence", "normalizers": albert}}));
    all.push(
        json!({"normalizer": bert, "pre_tokenizer": {"type": "BertPreTokenizer"},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true}}),
    );
    for kind in ["Whitespace", "WhitespaceSplit", "UnicodeScripts"] {
        all.push(json!({"pre_tokenizer": {"type": kind}}));
    }
    for one in [
        json!({"type": "Digits", "individual_digits": true}),
        json!({"type": "Punctuation", "behavior": "Isolated"}),
        json!({"type": "Punctuation"}),
        json!({"type": "CharDelimiterSplit", "delimiter": "|"}),
        json!({"type": "FixedLength", "length": 5}),
        json!({"type": "Metaspace", "replacement": "\u{2581}", "add_prefix_space": true, "str_rep": "\u{2581}"}),
        json!({"type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "first", "split": false}),
        json!({"type": "Sequence", "pretokenizers": [split, bytes(false)]}),
        bytes(true),
    ] {
        all.push(json!({"pre_tokenizer": one}));
    }
    for one in [
        bytes(true),
        json!({"type": "BPEDecoder", "suffix": "</w>"}),
        json!({"type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always", "split": true}),
        json!({"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": true}),
        json!({"type": "Sequence", "decoders": [replace(json!({"String": "\u{2581}"}), " "), {"type": "ByteFallback"},
            {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}),
    ] {
        all.push(json!({"decoder": one}));
    }
    for parts in all {
        let tokenizer = read(&file(parts.clone())).unwrap_or_else(|error| panic!("{parts}: {error}"));
        let tokens = tokenizer.encode("a 1\u{e9}").unwrap();
        assert!(!tokens.is_empty() && tokenizer.decode(&tokens).is_ok(), "{parts}");
    }
    let post = |one: Value| read(&file(json!({"post_processor": one}))).unwrap().begin();
    let ends =
        json!({"sep": ["<unk>", 1], "cls": ["</s>", 0], "trim_offsets": true, "add_prefix_space": false});
    for kind in ["BertProcessing", "RobertaProcessing"] {
        let mut one = ends.clone();
        one["type"] = json!(kind);
        assert_eq!(post(one), Some(0), "{kind}");
    }
    assert_eq!(
        post(json!({"type": "Sequence", "processors": [bytes(true)]})),
        None
    );
    // Older files do not say of which kind their model is.
    let old = json!({"dropout": null, "unk_token": null, "continuing_subword_prefix": "", "end_of_word_suffix": "",
        "fuse_unk": false, "vocab": {"</s>": 0, "a": 1, "b": 2, "ab": 3}, "merges": ["a b"]});
    assert_eq!(
        read(&file(json!({"model": old}))).unwrap().encode("ab").unwrap(),
        [3]
    );
}
