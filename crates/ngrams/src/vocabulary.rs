//! The words of a text, by number.

use std::collections::HashMap;

use triaxis_words::hash;

use crate::NgramsError;

/// Words at most: as many as have a number beside those that mean something else.
const MOST: usize = u32::MAX as usize - 16;

/// Words in the order in which they came first, their letters in one place.
#[derive(Default)]
pub(crate) struct Vocabulary {
    letters: String,
    /// Where each word ends.
    ends: Vec<usize>,
    /// The first word of a hash; the rare others are found by looking on.
    first: HashMap<u64, u32>,
    others: HashMap<(u64, u32), u32>,
}

impl Vocabulary {
    /// A word by its number.
    pub(crate) fn word(&self, number: u32) -> &str {
        let number = number as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.letters[start..self.ends[number]]
    }

    /// The number of a word, which is new if it was not there.
    pub(crate) fn number(&mut self, word: &str) -> Result<u32, NgramsError> {
        let hash = hash(word.as_bytes());
        let mut found = self.first.get(&hash).copied();
        while let Some(number) = found {
            if self.word(number) == word {
                return Ok(number);
            }
            match self.others.get(&(hash, number)) {
                Some(next) => found = Some(*next),
                None => {
                    let new = self.add(word)?;
                    self.others.insert((hash, number), new);
                    return Ok(new);
                }
            }
        }
        let new = self.add(word)?;
        self.first.insert(hash, new);
        Ok(new)
    }

    fn add(&mut self, word: &str) -> Result<u32, NgramsError> {
        if self.ends.len() >= MOST {
            return Err(NgramsError::input(format!(
                "the text has more than {MOST} different words: take less of it, or tokens of a tokenizer"
            )));
        }
        let number = self.ends.len() as u32;
        self.letters.push_str(word);
        self.ends.push(self.letters.len());
        Ok(number)
    }
}
