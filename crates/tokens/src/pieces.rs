//! SentencePiece's BPE (Kudo and Richardson 2018): characters are merged by the score of the piece that they become,
//! and what has no piece is its bytes.

use ahash::AHashMap;

use crate::cache::Cache;
use crate::definition::{Definition, Method, TokenKind};
use crate::merge::{Merge, NONE, Word};

/// The tables of one. Pieces are kept with spaces, so that the sign which stands for a space in the file is a
/// character like any other in a text, and comes back.
#[derive(Debug)]
pub(crate) struct Pieces {
    known: AHashMap<Box<str>, Merge>,
    /// Bytes of the longest piece.
    longest: usize,
    bytes: [u32; 256],
    unknown: Option<u32>,
    space_prefix: bool,
    /// Whether no piece has a space behind another sign, so that words are merged each by itself.
    is_apart: bool,
}

impl Pieces {
    /// The tables of a definition; nothing of another kind.
    pub(crate) fn of(definition: &Definition) -> Option<Self> {
        let Method::Pieces { scores, space_prefix } = &definition.method else {
            return None;
        };
        let ranks = ranks(scores);
        let mut known = AHashMap::new();
        let mut bytes = [NONE; 256];
        let (mut longest, mut is_apart) = (0, true);
        for (id, token) in definition.tokens.iter().enumerate() {
            let text = definition.bytes(token);
            match (token.kind, String::from_utf8(text)) {
                (TokenKind::Normal, Ok(text)) if !text.is_empty() => {
                    longest = longest.max(text.len());
                    is_apart &= !text.trim_start_matches(' ').contains(' ');
                    let (rank, token) = (ranks[id], id as u32);
                    known.entry(text.into()).or_insert(Merge { rank, token });
                }
                (TokenKind::Byte, _) => {
                    if let [byte] = definition.bytes(token)[..] {
                        bytes[usize::from(byte)] = id as u32;
                    }
                }
                _ => {}
            }
        }
        Some(Self {
            known,
            longest,
            bytes,
            unknown: definition.unknown,
            space_prefix: *space_prefix,
            is_apart,
        })
    }

    /// Appends the tokens of a text, before which there is nothing or a control token if it is `first`.
    pub(crate) fn encode(&self, text: &str, first: bool, cache: &mut Cache, out: &mut Vec<u32>) {
        let prefixed;
        let mut rest = text;
        if first && self.space_prefix {
            prefixed = [" ", text].concat();
            rest = &prefixed;
        }
        while !rest.is_empty() {
            let end = if self.is_apart { word(rest) } else { rest.len() };
            let (word, after) = rest.split_at(end);
            cache.encode(word, out, |working, out| self.word(word, working, out));
            rest = after;
        }
    }

    fn word(&self, word: &str, working: &mut Word, out: &mut Vec<u32>) {
        working.clear();
        for (at, character) in word.char_indices() {
            let text = &word[at..at + character.len_utf8()];
            let token = self.known.get(text).map_or(NONE, |piece| piece.token);
            working.push(token, at, text.len());
        }
        working.merge(|left, right| {
            let (start, length) = (left.start as usize, (left.length + right.length) as usize);
            let text = &word[start..start + length];
            (length <= self.longest)
                .then(|| self.known.get(text).copied())
                .flatten()
        });
        let mut is_unknown = false;
        for symbol in working.symbols() {
            if symbol.token != NONE {
                out.push(symbol.token);
                is_unknown = false;
                continue;
            }
            let text = &word.as_bytes()[symbol.start as usize..][..symbol.length as usize];
            let tokens = || text.iter().map(|byte| self.bytes[usize::from(*byte)]);
            if tokens().all(|token| token != NONE) {
                out.extend(tokens());
                is_unknown = false;
            } else if let Some(unknown) = self.unknown
                && !is_unknown
            {
                out.push(unknown);
                is_unknown = true;
            }
        }
    }
}

/// Where the first word of a text ends: before the next space that follows another sign.
fn word(text: &str) -> usize {
    let spaces = text.len() - text.trim_start_matches(' ').len();
    text[spaces..]
        .find(' ')
        .map_or(text.len(), |length| spaces + length)
}

/// The place of each score among all different ones, the largest first.
pub(crate) fn ranks(scores: &[f32]) -> Vec<u32> {
    let mut sorted = scores.to_vec();
    sorted.sort_by(|first, second| second.total_cmp(first));
    sorted.dedup();
    let place = |score: &f32| sorted.partition_point(|other| other.total_cmp(score).is_gt()) as u32;
    scores.iter().map(place).collect()
}
