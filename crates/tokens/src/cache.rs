use std::sync::LazyLock;

use ahash::AHashMap;
use tokenizers::Model;
use tokenizers::models::bpe::BPE;

/// Longest word remembered, in bytes: longer ones hardly come again.
const LONGEST: usize = 64;
/// Words remembered before all are forgotten: some tens of megabytes at most.
const CAPACITY: usize = 1 << 17;

/// The characters that stand for bytes in a byte-level vocabulary: printable Latin-1 stands for
/// itself, the others for the code points from 256 on, in order.
static CHARACTERS: LazyLock<[char; 256]> = LazyLock::new(|| {
    let mut next = 256;
    std::array::from_fn(|byte| {
        let code = match byte as u32 {
            0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff => byte as u32,
            _ => {
                next += 1;
                next - 1
            }
        };
        char::from_u32(code).expect("below 512, where every number is a character")
    })
});

/// A word as its vocabulary spells it.
pub(crate) fn spelled(word: &str) -> String {
    word.bytes().map(|byte| CHARACTERS[usize::from(byte)]).collect()
}

/// The tokens of words met before. Most words of a text are, and a look-up is far cheaper than
/// merging their bytes again.
#[derive(Default)]
pub(crate) struct Cache {
    words: AHashMap<Box<str>, (u32, u32)>,
    /// Tokens of all words; each word knows its range.
    tokens: Vec<u32>,
}

impl Cache {
    /// Appends the tokens of a word.
    pub(crate) fn encode(
        &mut self,
        word: &str,
        model: &BPE,
        out: &mut Vec<u32>,
    ) -> Result<(), tokenizers::Error> {
        if let Some(&(start, end)) = self.words.get(word) {
            out.extend_from_slice(&self.tokens[start as usize..end as usize]);
            return Ok(());
        }
        let before = out.len();
        out.extend(model.tokenize(&spelled(word))?.into_iter().map(|token| token.id));
        if word.len() <= LONGEST {
            if self.words.len() >= CAPACITY {
                self.words.clear();
                self.tokens.clear();
            }
            let start = self.tokens.len() as u32;
            self.tokens.extend_from_slice(&out[before..]);
            self.words.insert(word.into(), (start, self.tokens.len() as u32));
        }
        Ok(())
    }
}
