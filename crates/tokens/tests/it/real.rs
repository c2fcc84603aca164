//! The tokenizer of a real model: golden tokens of SmolLM2, by two independent encoders. The file is large, so it is
//! looked for where `TRIAXIS_REAL_MODEL` says.

use std::io::{BufReader, Read};

use serde_json::{Value, json};
use triaxis_tokens::{GgufTokenizer, Tokenizer};

/// The golden texts and their tokens.
const GOLDEN: [(&str, &[u32]); 6] = [
    ("Hello world 123", &[19556, 905, 216, 33, 34, 35]),
    (" 12 345.6", &[216, 33, 34, 216, 35, 36, 37, 30, 38]),
    ("a  1\n\n  b", &[81, 256, 33, 8866, 278]),
    ("don't  we've", &[12420, 982, 216, 392, 3543]),
    ("½ x² ٣٤", &[16738, 1792, 19133, 216, 164, 113, 164, 114]),
    (
        "héllo — 你好 🙂",
        &[88, 2756, 31394, 1841, 216, 18645, 250, 48392, 138, 47526],
    ),
];

/// The keys at a GGUF file's start, as far as this test wants them: a reader that fails on what it does not know.
struct Keys<R>(R);

impl<R: Read> Keys<R> {
    fn number(&mut self, bytes: usize) -> u64 {
        let mut all = [0; 8];
        self.0.read_exact(&mut all[..bytes]).unwrap();
        u64::from_le_bytes(all)
    }

    fn string(&mut self) -> String {
        let mut text = vec![0; self.number(8) as usize];
        self.0.read_exact(&mut text).unwrap();
        String::from_utf8_lossy(&text).into_owned()
    }

    fn value(&mut self, kind: u64) -> Value {
        match kind {
            0 | 1 => self.number(1).into(),
            2 | 3 => self.number(2).into(),
            4 | 5 => self.number(4).into(),
            6 => f32::from_bits(self.number(4) as u32).into(),
            7 => (self.number(1) == 1).into(),
            8 => self.string().into(),
            9 => {
                let (kind, count) = (self.number(4), self.number(8));
                (0..count).map(|_| self.value(kind)).collect()
            }
            10 | 11 => self.number(8).into(),
            _ => {
                assert_eq!(kind, 12, "a type that the format does not have");
                f64::from_bits(self.number(8)).into()
            }
        }
    }

    fn tokenizer(mut self) -> GgufTokenizer {
        assert_eq!(self.number(4), u64::from(u32::from_le_bytes(*b"GGUF")));
        let (_version, _tensors, pairs) = (self.number(4), self.number(8), self.number(8));
        let mut fields = json!({});
        for _ in 0..pairs {
            let (key, kind) = (self.string(), self.number(4));
            let value = self.value(kind);
            let name = key
                .strip_prefix("tokenizer.ggml.")
                .or(key.strip_prefix("tokenizer."));
            if let Some(name) = name {
                fields[name] = value;
            }
        }
        serde_json::from_value(fields).unwrap()
    }
}

#[test]
fn a_real_vocabulary_gives_its_golden_tokens() {
    let Some(path) = std::env::var_os("TRIAXIS_REAL_MODEL") else {
        println!(
            "left out: a_real_vocabulary_gives_its_golden_tokens, as TRIAXIS_REAL_MODEL names no .gguf file"
        );
        return;
    };
    let file = std::fs::File::open(path).unwrap();
    let fields = Keys(BufReader::new(file)).tokenizer();
    if fields.pre.as_deref() != Some("smollm") || fields.tokens.len() != 49_152 {
        println!("left out: a_real_vocabulary_gives_its_golden_tokens, as TRIAXIS_REAL_MODEL is not SmolLM2");
        return;
    }
    let tokenizer = Tokenizer::from_gguf(fields.clone()).unwrap();
    for (text, tokens) in GOLDEN {
        assert_eq!(tokenizer.encode(text).unwrap(), tokens, "{text:?}");
        assert_eq!(tokenizer.encode_plainly(text).unwrap(), tokens, "{text:?}");
        assert_eq!(tokenizer.decode(tokens).unwrap(), text);
    }
    assert_eq!(
        (tokenizer.begin(), tokenizer.adds_begin(), tokenizer.end_of_text()),
        (Some(1), false, 2)
    );
    assert_eq!(tokenizer.ends().iter().copied().collect::<Vec<_>>(), [0, 2]);
    let turn = tokenizer
        .encode_with_special("<|im_start|>user\nHi<|im_end|>\n")
        .unwrap();
    assert_eq!((turn[0], turn[turn.len() - 2]), (1, 2));
    let written = tokenizer.gguf().unwrap();
    assert_eq!(
        (written.merges, written.tokens, written.token_type),
        (fields.merges, fields.tokens, fields.token_type)
    );
}
