//! What of a text a model knows: its words, the pieces of words, and runs of words, by the rows that stand for them.

use std::cmp::Reverse;
use std::io::BufRead;

use ahash::AHashMap;

use super::arguments::Arguments;
use super::reader::{Damage, Reader};

/// What fastText reads at the end of a line.
const END: &[u8] = b"</s>";
/// What begins the name of a label.
pub(super) const LABEL: &str = "__label__";
/// Bytes of the least entry: an empty word with its zero, its count, its kind.
const LEAST_ENTRY: u64 = 1 + 8 + 1;
/// What the hash of a run of words is multiplied with for each word.
const RUN: u64 = 116_049_371;

/// Words, labels and hashed pieces.
#[derive(Debug)]
pub(crate) struct Dictionary {
    /// Words with their rows, then labels with theirs, which come after.
    words: AHashMap<Box<[u8]>, u32>,
    word_count: u32,
    pub(super) labels: Vec<String>,
    /// How often each word and label was trained on.
    counts: Vec<i64>,
    buckets: Buckets,
    /// Least and most characters of a piece of a word.
    pieces: (u32, u32),
    /// Most words of a run.
    run: usize,
}

/// The rows of pieces and runs, which are known by their hashes.
#[derive(Debug)]
enum Buckets {
    None,
    /// So many, each a row.
    All(u32),
    /// Of so many those that were kept.
    Kept(u32, AHashMap<u32, u32>),
}

/// fastText's hash: FNV-1a (Fowler, Noll, Vo) of bytes that were taken for signed numbers.
struct Hash(u32);

impl Hash {
    fn new() -> Self {
        Self(2_166_136_261)
    }

    #[inline]
    fn add(&mut self, byte: u8) {
        self.0 = (self.0 ^ i32::from(byte.cast_signed()).cast_unsigned()).wrapping_mul(16_777_619);
    }

    fn of(bytes: &[u8]) -> u32 {
        let mut hash = Self::new();
        bytes.iter().for_each(|byte| hash.add(*byte));
        hash.0
    }
}

/// What is kept between texts.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    hashes: Vec<i32>,
    marked: Vec<u8>,
}

/// The words of a text, and the end of its one line: a line feed is a space. What follows an end is no part of it.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = &[u8]> {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | 0x0b | 0x0c | 0);
    let words = text.as_bytes().split(is_space).filter(|word| !word.is_empty());
    let mut is_over = false;
    words
        .chain([END])
        .take_while(move |word| !std::mem::replace(&mut is_over, *word == END))
}

fn is_label(word: &[u8]) -> bool {
    word.starts_with(LABEL.as_bytes())
}

impl Buckets {
    /// The row of a hash among those of buckets.
    #[inline]
    fn row(&self, hash: u64) -> Option<u32> {
        match self {
            Self::None => None,
            Self::All(count) => Some((hash % u64::from(*count)) as u32),
            Self::Kept(count, kept) => kept.get(&((hash % u64::from(*count)) as u32)).copied(),
        }
    }

    /// The same of the hash of a piece of a word, which is shorter.
    #[inline]
    fn piece(&self, hash: u32) -> Option<u32> {
        match self {
            Self::None => None,
            Self::All(count) => Some(hash % count),
            Self::Kept(count, kept) => kept.get(&(hash % count)).copied(),
        }
    }

    fn read<R: BufRead>(reader: &mut Reader<R>, arguments: &Arguments, kept: i64) -> Result<Self, Damage> {
        let has_buckets = arguments.run > 1 || arguments.pieces.1 > 0;
        let buckets = u32::try_from(arguments.buckets).unwrap_or(0);
        if has_buckets && buckets == 0 {
            return Err(Damage::Format(format!(
                "it has {} buckets for pieces and runs of words, and at least 1 is needed",
                arguments.buckets
            )));
        }
        if kept < 0 {
            return Ok(if has_buckets {
                Self::All(buckets)
            } else {
                Self::None
            });
        }
        let mut rows = AHashMap::new();
        for _ in 0..reader.count(kept, 8, "rows that were kept")? {
            let [bucket, row] = [reader.int("kept rows")?, reader.int("kept rows")?].map(u32::try_from);
            let (Ok(bucket), Ok(row)) = (bucket, row) else {
                return Err(Damage::format("a row that was kept has a negative number"));
            };
            rows.insert(bucket, row);
        }
        Ok(match has_buckets && !rows.is_empty() {
            true => Self::Kept(buckets, rows),
            false => Self::None,
        })
    }

    /// One above the last row.
    fn rows(&self) -> u64 {
        match self {
            Self::None => 0,
            Self::All(count) => (*count).into(),
            Self::Kept(_, kept) => kept.values().max().map_or(0, |last| u64::from(*last) + 1),
        }
    }
}

impl Dictionary {
    pub(super) fn read<R: BufRead>(reader: &mut Reader<R>, arguments: &Arguments) -> Result<Self, Damage> {
        const WHAT: &str = "its dictionary";
        let [all, words, labels] = [reader.int(WHAT)?, reader.int(WHAT)?, reader.int(WHAT)?];
        let _tokens = reader.long(WHAT)?;
        let kept = reader.long(WHAT)?;
        reader.count(all.into(), LEAST_ENTRY, "words and labels")?;
        let (Ok(word_count), Ok(label_count)) = (u32::try_from(words), u32::try_from(labels)) else {
            return Err(Damage::Format(format!(
                "it has {words} words and {labels} labels"
            )));
        };
        if i64::from(all) != i64::from(words) + i64::from(labels) || labels == 0 {
            return Err(Damage::Format(format!(
                "it has {words} words and {labels} labels, and {all} of both; a classifier has at least one label"
            )));
        }
        let mut dictionary = Self {
            words: AHashMap::new(),
            word_count,
            labels: Vec::new(),
            counts: Vec::new(),
            buckets: Buckets::None,
            pieces: arguments.pieces,
            run: arguments.run,
        };
        for number in 0..word_count + label_count {
            dictionary.entry(reader, number)?;
        }
        dictionary.buckets = Buckets::read(reader, arguments, kept)?;
        Ok(dictionary)
    }

    /// Reads the next word or label. Of equal ones the last counts, as in fastText.
    fn entry<R: BufRead>(&mut self, reader: &mut Reader<R>, number: u32) -> Result<(), Damage> {
        let word = reader.word()?;
        let count = reader.long("a word's count")?;
        let [kind] = reader.array("a word's kind")?;
        let is_label = number >= self.word_count;
        if kind != u8::from(is_label) {
            return Err(Damage::Format(format!(
                "entry {number} of its dictionary is of kind {kind}, and words (0) come before labels (1)"
            )));
        }
        if is_label {
            let label = String::from_utf8(word.clone())
                .map_err(|_| Damage::Format(format!("label {number} is no UTF-8")))?;
            self.labels.push(label);
        }
        self.counts.push(count);
        self.words.insert(word.into_boxed_slice(), number);
        Ok(())
    }

    /// That of texts: their words that are in so many of them, the most frequent first, and pairs of words in buckets.
    pub(crate) fn of<'t>(
        texts: impl Iterator<Item = &'t str>,
        least: u32,
        buckets: u32,
        labels: [&str; 2],
    ) -> Self {
        // In how many texts, and in which last.
        let mut found: AHashMap<&[u8], (u32, usize)> = AHashMap::new();
        for (text, place) in texts.zip(1..) {
            for word in tokens(text).filter(|word| !is_label(word)) {
                let (count, last) = found.entry(word).or_default();
                if *last != place {
                    (*count, *last) = (*count + 1, place);
                }
            }
        }
        let known = found.into_iter().map(|(word, (count, _))| (word, count));
        let mut known: Vec<(&[u8], u32)> = known.filter(|(_, count)| *count >= least).collect();
        known.sort_unstable_by_key(|(word, count)| (Reverse(*count), *word));
        let names = labels.map(str::as_bytes).map(|label| (label, 1));
        let entries = || known.iter().chain(&names);
        let words = entries().zip(0..).map(|((word, _), row)| (Box::from(*word), row));
        Self {
            words: words.collect(),
            word_count: known.len() as u32,
            labels: labels.map(str::to_owned).to_vec(),
            counts: entries().map(|(_, count)| i64::from(*count)).collect(),
            buckets: Buckets::All(buckets),
            pieces: (0, 0),
            run: 2,
        }
    }

    /// How many words it knows.
    pub(crate) fn word_count(&self) -> usize {
        self.word_count as usize
    }

    /// How often each label was trained on.
    pub(super) fn label_counts(&self) -> &[i64] {
        &self.counts[self.word_count()..]
    }

    /// How many buckets there are, where none was left out, and most words of a run.
    pub(super) fn runs(&self) -> (u32, usize) {
        match self.buckets {
            Buckets::All(count) => (count, self.run),
            Buckets::None | Buckets::Kept(..) => (0, self.run),
        }
    }

    /// Writes it as a file has it.
    pub(super) fn write(&self, file: &mut Vec<u8>) {
        let mut entries: Vec<(&[u8], u32)> = self.words.iter().map(|(word, row)| (&**word, *row)).collect();
        entries.sort_unstable_by_key(|(_, row)| *row);
        for count in [entries.len() as u32, self.word_count, self.labels.len() as u32] {
            file.extend(count.to_le_bytes());
        }
        let tokens: i64 = self.counts.iter().sum();
        file.extend(tokens.to_le_bytes());
        // No row is left out.
        file.extend((-1i64).to_le_bytes());
        for ((word, row), count) in entries.into_iter().zip(&self.counts) {
            file.extend(word);
            file.push(0);
            file.extend(count.to_le_bytes());
            file.push(u8::from(row >= self.word_count));
        }
    }

    /// One above the last row that a text can have.
    pub(crate) fn rows(&self) -> u64 {
        u64::from(self.word_count) + self.buckets.rows()
    }

    /// Whether pieces and runs were left out.
    pub(super) fn is_pruned(&self) -> bool {
        matches!(self.buckets, Buckets::Kept(..))
    }

    /// Calls `take` with every row of a text, in fastText's order.
    pub(crate) fn rows_of(&self, text: &str, kept: &mut Tokens, mut take: impl FnMut(usize)) {
        let Tokens { hashes, marked } = kept;
        hashes.clear();
        for word in tokens(text) {
            let known = self.words.get(word).copied();
            if known.map_or_else(|| is_label(word), |row| row >= self.word_count) {
                continue;
            }
            if let Some(row) = known {
                take(row as usize);
            }
            if self.pieces.1 > 0 && word != END {
                self.pieces_of(word, marked, &mut take);
            }
            if self.run > 1 {
                hashes.push(Hash::of(word).cast_signed());
            }
        }
        self.runs_of(hashes, take);
    }

    /// The rows of the pieces of a word between signs for its beginning and end. Neither sign alone is a piece.
    fn pieces_of(&self, word: &[u8], marked: &mut Vec<u8>, take: &mut impl FnMut(usize)) {
        let (least, most) = self.pieces;
        marked.clear();
        marked.push(b'<');
        marked.extend_from_slice(word);
        marked.push(b'>');
        let goes_on = |byte: u8| byte & 0xc0 == 0x80;
        for start in 0..marked.len() {
            if goes_on(marked[start]) {
                continue;
            }
            let (mut hash, mut end) = (Hash::new(), start);
            for characters in 1..=most {
                if end == marked.len() {
                    break;
                }
                hash.add(marked[end]);
                end += 1;
                while end < marked.len() && goes_on(marked[end]) {
                    hash.add(marked[end]);
                    end += 1;
                }
                let is_sign = characters == 1 && (start == 0 || end == marked.len());
                if characters >= least
                    && !is_sign
                    && let Some(row) = self.buckets.piece(hash.0)
                {
                    take((self.word_count + row) as usize);
                }
            }
        }
    }

    /// The rows of runs of two words and more, by their hashes.
    fn runs_of(&self, hashes: &[i32], mut take: impl FnMut(usize)) {
        let wide = |hash: i32| i64::from(hash).cast_unsigned();
        for (place, first) in hashes.iter().enumerate() {
            let mut hash = wide(*first);
            for next in hashes.iter().skip(place + 1).take(self.run.saturating_sub(1)) {
                hash = hash.wrapping_mul(RUN).wrapping_add(wide(*next));
                if let Some(row) = self.buckets.row(hash) {
                    take((self.word_count + row) as usize);
                }
            }
        }
    }
}
