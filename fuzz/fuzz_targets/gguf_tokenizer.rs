//! The tokenizer of a GGUF file: what is read encodes and decodes any text, and is the same when it is written again.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use triaxis_fuzz::seeds;
use triaxis_tokens::{GgufTokenizer, Tokenizer};

const MODELS: [&str; 3] = ["gpt2", "llama", "bert"];
const SPLITS: [&str; 7] = [
    "gpt-2",
    "llama-bpe",
    "dbrx",
    "qwen2",
    "smollm",
    "default",
    "other",
];
const SIGNS: [&str; 12] = [
    "a",
    "b",
    "l",
    "o",
    "\u{120}",
    "\u{2581}",
    "\u{c3}",
    "\u{a9}",
    "<0x0A>",
    "<|endoftext|>",
    " ",
    "1",
];

/// Texts of tokens: of a few signs mostly, so that they go together.
fn tokens(data: &mut Unstructured<'_>) -> arbitrary::Result<Vec<String>> {
    let count = data.int_in_range(0..=40)?;
    let token = |_| {
        if data.ratio(1, 16)? {
            return String::arbitrary(data);
        }
        let signs = (0..data.int_in_range(0..=3)?).map(|_| data.choose(&SIGNS).copied());
        Ok(signs.collect::<Result<Vec<_>, _>>()?.concat())
    };
    (0..count).map(token).collect()
}

fn fields(data: &mut Unstructured<'_>) -> arbitrary::Result<GgufTokenizer> {
    let tokens = tokens(data)?;
    let count = tokens.len();
    let some = |data: &mut Unstructured<'_>| -> arbitrary::Result<Option<u32>> {
        Ok(match data.int_in_range(0..=9)? {
            0 => Some(u32::arbitrary(data)?),
            1..=5 if count > 0 => Some(data.int_in_range(0..=count as u32 - 1)?),
            _ => None,
        })
    };
    let length = |data: &mut Unstructured<'_>| match data.int_in_range(0..=9)? {
        0 => data.int_in_range(0..=40),
        1..=3 => Ok(0),
        _ => Ok(count),
    };
    let merges = match count {
        0 => Vec::new(),
        _ => {
            let merge = |_| {
                Ok([
                    data.choose(&tokens)?.as_str(),
                    " ",
                    data.choose(&tokens)?.as_str(),
                ]
                .concat())
            };
            (0..count / 2).map(merge).collect::<arbitrary::Result<_>>()?
        }
    };
    let types = length(data)?;
    let scores = length(data)?;
    Ok(GgufTokenizer {
        model: (*data.choose(&MODELS)?).to_owned(),
        pre: Some((*data.choose(&SPLITS)?).to_owned()),
        token_type: (0..types)
            .map(|_| data.int_in_range(0..=7))
            .collect::<Result<_, _>>()?,
        scores: (0..scores)
            .map(|_| f32::arbitrary(data))
            .collect::<Result<_, _>>()?,
        tokens,
        merges,
        bos_token_id: some(data)?,
        eos_token_id: some(data)?,
        eot_token_id: some(data)?,
        unknown_token_id: some(data)?,
        padding_token_id: some(data)?,
        add_bos_token: Arbitrary::arbitrary(data)?,
        add_space_prefix: Arbitrary::arbitrary(data)?,
        chat_template: None,
    })
}

fuzz_target!(init: seeds::write("gguf_tokenizer"), |data: &[u8]| {
    let mut data = Unstructured::new(data);
    let Ok(fields) = fields(&mut data) else {
        return;
    };
    let text = data.take_rest();
    let text = String::from_utf8_lossy(&text[..text.len().min(200)]);
    let Ok(tokenizer) = Tokenizer::from_gguf(fields) else {
        return;
    };
    let encoded = tokenizer.encode(&text);
    if let Ok(tokens) = &encoded {
        assert!(
            tokens
                .iter()
                .all(|&token| (token as usize) < tokenizer.vocabulary())
        );
        let _ = tokenizer.decode(tokens);
    }
    let _ = tokenizer.encode_with_special(&text);
    if let Ok(fields) = tokenizer.gguf() {
        let again = Tokenizer::from_gguf(fields).expect("what was written is read");
        assert_eq!(again.encode(&text).ok(), encoded.ok());
    }
});
