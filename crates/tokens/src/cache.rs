use ahash::AHashMap;

use crate::merge::Word;

/// Longest word remembered, in bytes: longer ones hardly come again.
const LONGEST: usize = 64;
/// Words remembered before all are forgotten: some tens of megabytes at most.
const CAPACITY: usize = 1 << 17;

/// The tokens of words met before, and room to merge others in. Most words of a text were met, and a look-up is far
/// cheaper than merging their bytes again.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    words: AHashMap<Box<str>, (u32, u32)>,
    /// Tokens of all words; each word knows its range.
    tokens: Vec<u32>,
    working: Word,
}

impl Cache {
    /// Appends the tokens of a word, by `merge` where it was not met.
    pub(crate) fn encode(
        &mut self,
        word: &str,
        out: &mut Vec<u32>,
        merge: impl FnOnce(&mut Word, &mut Vec<u32>),
    ) {
        if let Some(&(start, end)) = self.words.get(word) {
            return out.extend_from_slice(&self.tokens[start as usize..end as usize]);
        }
        let before = out.len();
        merge(&mut self.working, out);
        if word.len() <= LONGEST {
            if self.words.len() >= CAPACITY {
                self.words.clear();
                self.tokens.clear();
            }
            let start = self.tokens.len() as u32;
            self.tokens.extend_from_slice(&out[before..]);
            self.words.insert(word.into(), (start, self.tokens.len() as u32));
        }
    }
}
