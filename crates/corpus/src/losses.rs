//! Whether text comes back from its tokens, and how much of it does.

use std::collections::BTreeMap;
use std::sync::Mutex;

use triaxis_units::Bytes;

use crate::left_out::LeftOut;
use crate::text::boundary;
use crate::{CorpusError, Tokenizer};

/// Bytes compared at once: the time grows with their square.
const PIECE: usize = 1 << 14;
/// Characters shown of a text that differs.
const SHOWN: usize = 24;

/// Validation text that does not come back from its tokens, gathered from many threads: which document is told of
/// does not hang on whose turn came first.
pub(crate) struct Losses {
    lossy: bool,
    by_slot: Mutex<BTreeMap<usize, Loss>>,
}

/// A document that does not come back from its tokens.
struct Loss {
    text: Bytes,
    survives: Bytes,
    example: String,
}

impl Losses {
    /// No text yet; `lossy` allows that some is lost.
    pub(crate) fn new(lossy: bool) -> Self {
        let by_slot = Mutex::default();
        Self { lossy, by_slot }
    }

    /// Checks that the document numbered `slot` comes back from its tokens, and notes what is lost where it does not.
    pub(crate) fn check(
        &self,
        tokenizer: &Tokenizer,
        text: &str,
        tokens: &[u32],
        slot: usize,
    ) -> Result<(), CorpusError> {
        let back = tokenizer.decode(tokens)?;
        // SentencePiece puts a space before every text; nothing is lost by it.
        if back == text || back.strip_prefix(' ') == Some(text) {
            return Ok(());
        }
        let loss = Loss {
            text: Bytes(text.len() as u64),
            survives: Bytes(survivors(tokenizer, text)?),
            example: example(text, &back),
        };
        let mut all = self.by_slot.lock().map_err(CorpusError::stopped)?;
        all.insert(slot, loss);
        Ok(())
    }

    /// Whether a loss was met that is not allowed.
    pub(crate) fn is_refused(&self) -> bool {
        !self.lossy && self.by_slot.lock().is_ok_and(|all| !all.is_empty())
    }

    /// Bytes that are lost of the document numbered `slot`.
    pub(crate) fn of(&self, slot: usize) -> u64 {
        let all = self.by_slot.lock().ok();
        all.and_then(|all| all.get(&slot).map(|loss| (loss.text - loss.survives).0))
            .unwrap_or(0)
    }

    /// What is lost of `text` bytes, if anything is.
    ///
    /// # Errors
    /// Where something is lost and `lossy` does not allow it, the first document's; where no byte comes back.
    pub(crate) fn told(&self, text: u64) -> Result<Option<LeftOut>, CorpusError> {
        let all = self.by_slot.lock().map_err(CorpusError::stopped)?;
        let Some((_, first)) = all.first_key_value() else {
            return Ok(None);
        };
        if !self.lossy {
            let Loss {
                text,
                survives,
                example,
            } = first;
            return Err(CorpusError::tokenizer(format!(
                "text does not come back from its tokens: of a document of {text} {survives} do, {example}; bits \
                 per byte of such tokens compare with nothing: use a byte-level tokenizer, or set `lossy = true` \
                 beside `file` to measure them on the text that comes back"
            )));
        }
        let bytes: u64 = all.values().map(|loss| (loss.text - loss.survives).0).sum();
        if bytes >= text {
            let nothing = "no byte of the validation text comes back from its tokens: use another tokenizer";
            return Err(CorpusError::tokenizer(nothing));
        }
        Ok(Some(LeftOut {
            documents: all.len() as u64,
            bytes: Bytes(bytes),
            first: first.example.clone(),
        }))
    }
}

/// Bytes of a text that come back from its tokens, in order; long texts are taken in pieces.
fn survivors(tokenizer: &Tokenizer, mut text: &str) -> Result<u64, CorpusError> {
    let mut survivors = 0;
    while !text.is_empty() {
        let end = match text.len() {
            length @ ..=PIECE => length,
            _ => boundary(text.as_bytes(), PIECE / 2..=PIECE),
        };
        let (piece, rest) = text.split_at(end);
        let back = tokenizer.decode(&tokenizer.encode(piece)?)?;
        survivors += common(piece.as_bytes(), back.as_bytes());
        text = rest;
    }
    Ok(survivors)
}

/// Length of the longest common subsequence, 64 bytes of `text` at once (Hyyrö 2004, "Bit-parallel LCS-length
/// computation revisited").
fn common(text: &[u8], back: &[u8]) -> u64 {
    let words = text.len().div_ceil(64);
    let mut places = vec![0_u64; 256 * words];
    for (at, byte) in text.iter().enumerate() {
        places[usize::from(*byte) * words + at / 64] |= 1 << (at % 64);
    }
    // A zero is a byte of the text that the common subsequence grows by.
    let mut state = vec![u64::MAX; words];
    for byte in back {
        let mut carry = false;
        let matches = &places[usize::from(*byte) * words..][..words];
        for (state, matches) in state.iter_mut().zip(matches) {
            let met = *state & matches;
            let (sum, first) = state.overflowing_add(met);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            carry = first || second;
            *state = sum | (*state & !matches);
        }
    }
    state.iter().map(|word| u64::from(word.count_zeros())).sum()
}

/// Where a text and what came back of it differ first.
fn example(text: &str, back: &str) -> String {
    let same = text
        .bytes()
        .zip(back.bytes())
        .take_while(|(text, back)| text == back)
        .count();
    let same = text.floor_char_boundary(same).min(back.floor_char_boundary(same));
    let shown = |text: &str| text[same..].chars().take(SHOWN).collect::<String>();
    format!("{:?} comes back as {:?}", shown(text), shown(back))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// By the table of all pairs of beginnings.
    fn reference(text: &[u8], back: &[u8]) -> u64 {
        let mut row = vec![0; back.len() + 1];
        for byte in text {
            let mut diagonal = 0;
            for (at, other) in back.iter().enumerate() {
                let above = row[at + 1];
                row[at + 1] = if byte == other {
                    diagonal + 1
                } else {
                    above.max(row[at])
                };
                diagonal = above;
            }
        }
        row[back.len()]
    }

    #[test]
    fn what_is_common_is_counted() {
        for (text, back, length) in [
            ("", "", 0),
            ("abc", "", 0),
            ("", "abc", 0),
            ("The cat", "the cat", 6),
            ("a  b\n", "a b", 3),
        ] {
            assert_eq!(
                common(text.as_bytes(), back.as_bytes()),
                length,
                "{text:?} {back:?}"
            );
        }
        let long = "abcdefghij".repeat(30);
        assert_eq!(common(long.as_bytes(), long.as_bytes()), 300);
    }

    #[test]
    fn the_first_difference_is_shown() {
        assert_eq!(example("It is é", "It is è"), "\"é\" comes back as \"è\"");
        assert_eq!(example("one", "one two"), "\"\" comes back as \" two\"");
    }

    proptest! {
        #[test]
        fn what_is_common_is_counted_as_by_the_table(text in "[abc]{0,200}", back in "[abcd]{0,200}") {
            prop_assert_eq!(common(text.as_bytes(), back.as_bytes()), reference(text.as_bytes(), back.as_bytes()));
        }
    }
}
