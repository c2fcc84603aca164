//! Runs of words that stand in a document more than once, for every length of run in one way up: a run of n words can
//! only repeat where the runs of n−1 words at its beginning and one word on do, so that the places to look at become
//! few. In natural text they are a third of the words for three words, and next to none for five.

use triaxis_words::{Document, hash};

use crate::characters::characters;
use crate::segments::slots;

/// A run of words, each written once.
#[derive(Debug, Clone, Copy)]
struct Run {
    hash: u64,
    count: u32,
    /// Whether the walk over the document took it in.
    is_known: bool,
}

/// The runs of a document.
#[derive(Debug, Default)]
pub(crate) struct Grams {
    /// Words of a run.
    size: usize,
    words: Vec<u64>,
    /// Characters of all words before each, and of all.
    characters: Vec<usize>,
    /// By place, the hash of the run there, where one may repeat.
    hashes: Vec<u64>,
    /// Where a run may repeat, in order, and the run.
    places: Vec<(usize, u32)>,
    runs: Vec<Run>,
    /// One more than the number of a run; 0 is an empty slot.
    table: Vec<u32>,
}

/// The runs of a document that come most often.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Top {
    pub(crate) count: usize,
    /// Characters of the words of the first of them.
    pub(crate) first: usize,
    /// Characters of the words of the longest of them.
    pub(crate) longest: usize,
}

impl Grams {
    /// Takes the words of a document, as runs of one word.
    pub(crate) fn read(&mut self, document: &Document<'_>, is_ascii: bool) {
        let count = document.spans().len();
        self.words.clear();
        self.characters.clear();
        self.characters.reserve(count + 1);
        self.words.reserve(count);
        let mut all = 0;
        self.characters.push(0);
        for word in document.words() {
            self.words.push(hash(word.as_bytes()));
            all += characters(word, is_ascii);
            self.characters.push(all);
        }
        self.size = 1;
        self.hashes.clear();
        self.hashes.extend_from_slice(&self.words);
        self.places.clear();
        self.places.extend((0..count).map(|place| (place, 0)));
        self.count();
    }

    /// Goes on to runs of one word more.
    pub(crate) fn longer(&mut self) {
        let size = self.size;
        let mut kept = 0;
        let mut last: Option<usize> = None;
        for index in 0..self.places.len() {
            let (place, run) = self.places[index];
            if self.runs[run as usize].count < 2 {
                continue;
            }
            if let Some(before) = last.filter(|before| before + 1 == place) {
                self.hashes[before] = joined(self.hashes[before], self.words[before + size]);
                self.places[kept] = (before, 0);
                kept += 1;
            }
            last = Some(place);
        }
        self.places.truncate(kept);
        self.size += 1;
        self.count();
    }

    /// Finds which places have the same run.
    fn count(&mut self) {
        self.runs.clear();
        self.table.clear();
        self.table.resize(slots(self.places.len()), 0);
        let shift = 64 - self.table.len().trailing_zeros();
        let mask = self.table.len() - 1;
        for (place, number) in &mut self.places {
            let hash = self.hashes[*place];
            let mut slot = (hash >> shift) as usize;
            *number = loop {
                let known = self.table[slot];
                if known == 0 {
                    self.runs.push(Run {
                        hash,
                        count: 1,
                        is_known: false,
                    });
                    self.table[slot] = self.runs.len() as u32;
                    break self.runs.len() as u32 - 1;
                }
                let run = &mut self.runs[known as usize - 1];
                if run.hash == hash {
                    run.count += 1;
                    break known - 1;
                }
                slot = (slot + 1) & mask;
            };
        }
    }

    /// How many runs the document has.
    pub(crate) fn number(&self) -> usize {
        (self.words.len() + 1).saturating_sub(self.size)
    }

    /// Characters of all words.
    pub(crate) fn all_characters(&self) -> usize {
        self.characters.last().copied().unwrap_or(0)
    }

    /// Characters of the words of the run at a place.
    fn characters(&self, place: usize) -> usize {
        self.characters[place + self.size] - self.characters[place]
    }

    /// The runs that come most often; all come once where none repeats.
    pub(crate) fn top(&self) -> Top {
        let mut top = Top::default();
        if self.number() > 0 {
            let first = self.characters(0);
            (top.count, top.first, top.longest) = (1, first, first);
        }
        for (place, run) in &self.places {
            let count = self.runs[*run as usize].count as usize;
            if count > top.count {
                top.count = count;
                top.first = self.characters(*place);
                top.longest = top.first;
            } else if count == top.count && count > 1 {
                top.longest = top.longest.max(self.characters(*place));
            }
        }
        top
    }

    /// Characters of runs that came before, on a walk that steps over each of these and takes in the others.
    pub(crate) fn walked(&mut self) -> usize {
        let (mut characters, mut next) = (0, 0);
        for index in 0..self.places.len() {
            let (place, run) = self.places[index];
            if place < next {
                continue;
            }
            let run = &mut self.runs[run as usize];
            if run.is_known {
                characters += self.characters[place + self.size] - self.characters[place];
                next = place + self.size;
            }
            run.is_known = true;
        }
        characters
    }

    /// Where runs that come more than once begin.
    fn repeated(&self) -> impl Iterator<Item = usize> + '_ {
        let is_repeated = |run: u32| self.runs[run as usize].count > 1;
        self.places
            .iter()
            .filter(move |(_, run)| is_repeated(*run))
            .map(|(place, _)| *place)
    }

    /// Characters of all copies of runs that come more than once, words that several runs share counted by each.
    pub(crate) fn copies(&self) -> usize {
        self.repeated().map(|place| self.characters(place)).sum()
    }

    /// Characters of all runs.
    pub(crate) fn run_characters(&self) -> usize {
        (0..self.number()).map(|place| self.characters(place)).sum()
    }

    /// Characters of words that stand in a run that comes more than once.
    pub(crate) fn covered(&self) -> usize {
        let (mut characters, mut done) = (0, 0);
        for place in self.repeated() {
            let (start, end) = (place.max(done), place + self.size);
            characters += self.characters[end] - self.characters[start];
            done = end;
        }
        characters
    }
}

/// The hash of a run with one more word.
#[inline]
fn joined(run: u64, word: u64) -> u64 {
    (run ^ word.rotate_left(23))
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .rotate_left(32)
        ^ word.wrapping_mul(0xd1b5_4a32_d192_ed03)
}

#[cfg(test)]
mod tests;
