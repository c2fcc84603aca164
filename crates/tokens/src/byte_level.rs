//! Byte-level BPE (Radford et al. 2019): the bytes of each word of a text are merged in the order of a list.

use ahash::AHashMap;
use tokenizers::NormalizedString;

use crate::alphabet;
use crate::cache::Cache;
use crate::definition::{Definition, Method, TokenKind};
use crate::merge::{Merge, NONE, Word};
use crate::splitters::Splitter;

/// Characters below are composed already, whatever is beside them.
const FIRST_COMBINING: char = '\u{300}';

/// The tables of one.
#[derive(Debug)]
pub(crate) struct ByteLevel {
    splitter: &'static Splitter,
    composed: bool,
    bytes: [u32; 256],
    pairs: AHashMap<(u32, u32), Merge>,
    /// The words that are tokens, where such are taken whole.
    whole: AHashMap<Box<[u8]>, u32>,
}

impl ByteLevel {
    /// The tables of a definition; nothing of another kind.
    pub(crate) fn of(definition: &Definition) -> Option<Self> {
        let Method::ByteLevel {
            splitter,
            merges,
            ignore_merges,
            composed,
        } = &definition.method
        else {
            return None;
        };
        let mut bytes = [NONE; 256];
        let mut whole = AHashMap::new();
        for (id, token) in definition.tokens.iter().enumerate() {
            let text = alphabet::bytes(&token.text).unwrap_or_default();
            if let [byte] = text[..] {
                bytes[usize::from(byte)] = bytes[usize::from(byte)].min(id as u32);
            }
            if *ignore_merges && token.kind == TokenKind::Normal {
                whole.entry(text.into()).or_insert(id as u32);
            }
        }
        let mut pairs = AHashMap::with_capacity(merges.len());
        for (rank, [left, right, token]) in merges.iter().enumerate() {
            let (rank, token) = (rank as u32, *token);
            pairs.entry((*left, *right)).or_insert(Merge { rank, token });
        }
        Some(Self {
            splitter,
            composed: *composed,
            bytes,
            pairs,
            whole,
        })
    }

    /// Appends the tokens of a text.
    pub(crate) fn encode(&self, text: &str, cache: &mut Cache, out: &mut Vec<u32>) {
        if self.composed && text.chars().any(|character| character >= FIRST_COMBINING) {
            let mut composed = NormalizedString::from(text);
            composed.nfc();
            return self.split(composed.get(), cache, out);
        }
        self.split(text, cache, out);
    }

    fn split(&self, text: &str, cache: &mut Cache, out: &mut Vec<u32>) {
        self.splitter.each(text, &mut |word| {
            cache.encode(word, out, |working, out| self.word(word, working, out));
        });
    }

    fn word(&self, word: &str, working: &mut Word, out: &mut Vec<u32>) {
        if let Some(token) = self.whole.get(word.as_bytes()) {
            return out.push(*token);
        }
        working.clear();
        for (at, byte) in word.bytes().enumerate() {
            let token = self.bytes[usize::from(byte)];
            if token != NONE {
                working.push(token, at, 1);
            }
        }
        working.merge(|left, right| self.pairs.get(&(left.token, right.token)).copied());
        out.extend(working.symbols().map(|symbol| symbol.token));
    }
}
