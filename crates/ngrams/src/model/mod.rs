//! Models in memory: what an n-gram's last word has for a probability after the others.
//!
//! A word is known by a hash of 64 bits, which is the key of its slot; an n-gram by the slot of its first words among those
//! of one less, and that of its last word. So keys of n-grams are exact, no word is held, and an n-gram takes 21 bytes.

mod table;

use std::ops::ControlFlow;
use std::path::Path;

use triaxis_words::hash;

use crate::NgramsError;
use crate::arpa::{Arpa, BEGIN, END, Entry, LONGEST, UNKNOWN, is_word};
use table::{NOWHERE, Table};

/// What a word that is not known has where a model does not say, as KenLM has it.
const UNKNOWN_PROBABILITY: f32 = -100.0;

/// N-grams that a table has room for before any is read: what a file says of its size is not believed beyond.
const BELIEVED: u64 = 1 << 16;

/// A model of words by those before them.
///
/// ```
/// use triaxis_ngrams::{Arpa, Model};
/// let file = "\\data\\\nngram 1=4\nngram 2=2\n\n\\1-grams:\n-1\t<unk>\n0\t<s>\t-0.5\n-0.5\t</s>\n-0.4\ta\t-0.3\n\n\
///             \\2-grams:\n-0.1\t<s> a\n-0.2\ta </s>\n\n\\end\\\n";
/// let model = Model::read(Arpa::new("example", Box::new(file.as_bytes()))?)?;
/// let score = model.sentence(["a"].into_iter());
/// assert!((score.log10 + 0.3).abs() < 1e-6);
/// # Ok::<(), triaxis_ngrams::NgramsError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Model {
    /// Those of single words first.
    tables: Vec<Table>,
    unknown: u32,
    begin: u32,
    end: u32,
    comments: Vec<String>,
}

/// What of the words read so far the next one hangs on.
#[derive(Debug, Clone, Copy)]
struct State {
    /// The slots of the last word, the last two words, and so on.
    slots: [u32; LONGEST],
    /// How many words there are, as far as any n-gram could tell.
    length: usize,
}

/// How probable a sentence is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Score {
    /// Logarithm to the base 10 of its probability.
    pub log10: f64,
    /// Its words and its end.
    pub tokens: u64,
    /// Words that the model does not know.
    pub unknown: u64,
}

impl std::ops::AddAssign for Score {
    fn add_assign(&mut self, other: Self) {
        self.log10 += other.log10;
        self.tokens += other.tokens;
        self.unknown += other.unknown;
    }
}

impl Model {
    /// Opens an ARPA file, plain or compressed with gzip.
    ///
    /// # Errors
    /// When it cannot be read, or is no whole model.
    pub fn open(path: &Path) -> Result<Self, NgramsError> {
        Self::read(Arpa::open(path)?)
    }

    /// Reads the n-grams of an ARPA file.
    ///
    /// # Errors
    /// When it cannot be read, or is no whole model.
    pub fn read(arpa: Arpa<'_>) -> Result<Self, NgramsError> {
        let counts = arpa.counts().to_vec();
        let mut model = Self {
            tables: Vec::with_capacity(counts.len()),
            unknown: NOWHERE,
            begin: NOWHERE,
            end: NOWHERE,
            comments: arpa.comments().to_vec(),
        };
        let name = arpa.name().to_owned();
        arpa.read(&mut |entry| {
            let added = model
                .lengths(entry.length, &counts)
                .and_then(|()| model.add(&entry));
            match added {
                Ok(()) => ControlFlow::Continue(()),
                Err(what) => ControlFlow::Break(what),
            }
        })?;
        let ended = model.lengths(counts.len(), &counts);
        let ended = ended.and_then(|()| model.end_length());
        match ended {
            Ok(()) => Ok(model),
            Err(what) => Err(NgramsError::input(format!("{name}: {what}"))),
        }
    }

    /// Goes on to the n-grams of a length.
    fn lengths(&mut self, length: usize, counts: &[u64]) -> Result<(), String> {
        while self.tables.len() < length {
            self.end_length()?;
            let expected = counts[self.tables.len()].min(BELIEVED);
            self.tables.push(Table::new(expected as usize));
        }
        Ok(())
    }

    /// Ends the n-grams of the length at hand, whose slots stay from now on.
    fn end_length(&mut self) -> Result<(), String> {
        match self.tables.as_mut_slice() {
            [_] => self.special()?,
            [.., last] => last.tighten(),
            [] => {}
        }
        Ok(())
    }

    /// Finds the words that mean something else.
    fn special(&mut self) -> Result<(), String> {
        let words = &mut self.tables[0];
        words.add(key(UNKNOWN), UNKNOWN_PROBABILITY, 0.0);
        words.tighten();
        for (slot, word) in [
            (&mut self.unknown, UNKNOWN),
            (&mut self.begin, BEGIN),
            (&mut self.end, END),
        ] {
            *slot = words.find(key(word));
            if *slot == NOWHERE {
                return Err(format!("the model has no `{word}`, which every sentence has"));
            }
        }
        Ok(())
    }

    /// Adds an n-gram of the length at hand.
    fn add(&mut self, entry: &Entry<'_>) -> Result<(), String> {
        let length = self.tables.len();
        let mut key = self::key(entry.words);
        if length > 1 {
            let mut place = NOWHERE;
            for (number, word) in entry.words.split(' ').enumerate() {
                let word = self.tables[0].find(self::key(word));
                if word == NOWHERE {
                    return Err(format!("`{}` has a word that is no 1-gram", entry.words));
                }
                if number == 0 {
                    place = word;
                    continue;
                }
                key = next_key(place, word);
                if number + 1 < length {
                    place = self.tables[number].find(key);
                    if place == NOWHERE {
                        return Err(format!(
                            "the first {} words of `{}` are no {}-gram",
                            number + 1,
                            entry.words,
                            number + 1
                        ));
                    }
                }
            }
        }
        let table = &mut self.tables[length - 1];
        if table.len() >= NOWHERE as usize / 2 {
            return Err(format!(
                "more than {} {length}-grams cannot be told apart",
                NOWHERE / 2
            ));
        }
        match table.add(key, entry.probability, entry.backoff) {
            true => Ok(()),
            false => Err(format!("`{}` stands here again", entry.words)),
        }
    }

    /// How many n-grams there are of each length, that of single words first.
    pub fn counts(&self) -> Vec<usize> {
        self.tables.iter().map(Table::len).collect()
    }

    /// What the n-grams hold of memory.
    pub fn bytes(&self) -> usize {
        self.tables.iter().map(Table::bytes).sum()
    }

    /// What comments of its file say.
    pub fn comments(&self) -> &[String] {
        &self.comments
    }

    /// Scores the words of a sentence and its end, after its begin.
    pub fn sentence<'w>(&self, words: impl Iterator<Item = &'w str>) -> Score {
        let mut score = Score::default();
        let mut state = State {
            slots: [NOWHERE; LONGEST],
            length: 1,
        };
        state.slots[0] = self.begin;
        for word in words {
            let found = match is_word(word) {
                true => self.tables[0].find(key(word)),
                false => NOWHERE,
            };
            let slot = if found == NOWHERE { self.unknown } else { found };
            score.log10 += self.next(&mut state, slot);
            score.tokens += 1;
            score.unknown += u64::from(found == NOWHERE);
        }
        score.log10 += self.next(&mut state, self.end);
        score.tokens += 1;
        score
    }

    /// The logarithm of the probability of a word after the state's, which it then is the last of: that of the longest
    /// n-gram that the model has, and what the histories leave that are longer than its.
    fn next(&self, state: &mut State, word: u32) -> f64 {
        let known = state.length.min(self.tables.len() - 1);
        let mut slots = [NOWHERE; LONGEST];
        slots[0] = word;
        let mut log10 = f64::from(self.tables[0].slot(word).probability);
        let longer = slots[1..=known].iter_mut().zip(state.slots);
        for ((slot, history), tables) in longer.zip(self.tables.windows(2)) {
            if history == NOWHERE {
                continue;
            }
            *slot = tables[1].find(next_key(history, word));
            match *slot {
                NOWHERE => log10 += f64::from(tables[0].slot(history).backoff),
                found => log10 = f64::from(tables[1].slot(found).probability),
            }
        }
        *state = State {
            slots,
            length: (state.length + 1).min(LONGEST),
        };
        log10
    }
}

/// A word's key.
fn key(word: &str) -> u64 {
    // One less than the most, which no slot's key is.
    hash(word.as_bytes()).min(u64::MAX - 1)
}

/// The key of an n-gram: the slot of its first words, and that of its last.
#[inline]
fn next_key(first: u32, last: u32) -> u64 {
    u64::from(first) << 32 | u64::from(last)
}
