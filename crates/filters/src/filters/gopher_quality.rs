use serde::{Deserialize, Serialize};
use triaxis_words::{Document, Splitter, classes, lines};

use super::{Dialect, Facts, Judge, Settings};
use crate::characters::characters;
use crate::refused::{self, Refused};
use crate::room::Room;
use crate::verdict::{Check, share};

const FILTER: &str = "gopher-quality";

/// Text that is like prose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GopherQuality {
    /// Whose counting it is. To datatrove a word is a word or a sign, and one of signs alone counts for no length; to
    /// the others it is what stands between spaces. dolma takes the median of their lengths, and marks words that hold
    /// a sign where the others count the signs. A stop word counts once to datatrove, each time to the others.
    pub dialect: Dialect,
    /// Fewest words.
    pub least_words: usize,
    /// Most words.
    pub most_words: usize,
    /// Least mean length of a word, in characters.
    pub least_word_length: f64,
    /// Most.
    pub most_word_length: f64,
    /// Most signs `#` a word, and most ellipses a word; to dolma and DCLM both together.
    pub symbols: f64,
    /// Of lines, most that begin with a bullet.
    pub bullet_lines: f64,
    /// Of lines, most that end with an ellipsis.
    pub ellipsis_lines: f64,
    /// Of words, fewest that hold a letter.
    pub alphabetic_words: f64,
    /// Fewest of `stop_words`.
    pub least_stop_words: usize,
    /// The words of which prose has some, in small letters.
    pub stop_words: Vec<String>,
}

impl GopherQuality {
    pub(crate) const ABOUT: &str = "number and length of words, symbols, bullets, ellipses, letters and stop words: \
                                    Gopher's rules (Rae et al. 2021, arXiv 2112.11446, A.1), by dialect";
}

impl Default for GopherQuality {
    fn default() -> Self {
        Self {
            dialect: Dialect::Datatrove,
            least_words: 50,
            most_words: 100_000,
            least_word_length: 3.0,
            most_word_length: 10.0,
            symbols: 0.1,
            bullet_lines: 0.9,
            ellipsis_lines: 0.3,
            alphabetic_words: 0.8,
            least_stop_words: 2,
            stop_words: ["the", "be", "to", "of", "and", "that", "have", "with"]
                .map(str::to_owned)
                .to_vec(),
        }
    }
}

impl Settings for GopherQuality {
    fn prepare(&self) -> Result<Box<dyn Judge>, Refused> {
        for (name, value) in [
            ("bullet_lines", self.bullet_lines),
            ("ellipsis_lines", self.ellipsis_lines),
            ("alphabetic_words", self.alphabetic_words),
        ] {
            refused::share(FILTER, name, value)?;
        }
        for (name, value) in [
            ("symbols", self.symbols),
            ("least_word_length", self.least_word_length),
            ("most_word_length", self.most_word_length),
        ] {
            refused::amount(FILTER, name, value)?;
        }
        refused::order(
            FILTER,
            ("least_words", self.least_words as f64),
            ("most_words", self.most_words as f64),
        )?;
        refused::order(
            FILTER,
            ("least_word_length", self.least_word_length),
            ("most_word_length", self.most_word_length),
        )?;
        if self.dialect == Dialect::Datatrove && self.least_stop_words > self.stop_words.len() {
            return Err(Refused::new(
                format!("{FILTER}.least_stop_words"),
                self.least_stop_words,
                format!(
                    "there are {} stop words, each counts once, and every document would go; lower it",
                    self.stop_words.len()
                ),
            ));
        }
        let mut lengths = [0; 256];
        for word in &self.stop_words {
            for first in word.bytes().take(1) {
                // DCLM's documents may write it with a capital.
                lengths[usize::from(first)] |= bit(word.len());
                lengths[usize::from(first.to_ascii_uppercase())] |= bit(word.len());
            }
        }
        Ok(Box::new(Prepared {
            settings: self.clone(),
            lengths,
        }))
    }
}

struct Prepared {
    settings: GopherQuality,
    /// By its first byte, a bit for each length of a stop word, as few words pass.
    lengths: [u32; 256],
}

/// The bit of a length: all of 31 bytes and more share one.
fn bit(length: usize) -> u32 {
    1 << length.min(31)
}

/// What is counted over words.
#[derive(Default)]
struct Counts {
    words: usize,
    /// Words that are not of signs alone.
    plain: usize,
    plain_characters: usize,
    alphabetic: usize,
    /// Words that hold a symbol.
    marked: usize,
    stop_words: usize,
}

impl Prepared {
    #[inline]
    fn may_be_stop_word(&self, word: &str) -> bool {
        let first = word.bytes().next().map_or(0, usize::from);
        self.lengths[first] & bit(word.len()) != 0
    }

    /// Counts over words as datatrove splits them.
    fn count(&self, document: &Document<'_>, is_ascii: bool) -> Counts {
        let mut counts = Counts {
            words: document.spans().len(),
            ..Counts::default()
        };
        let mut seen = vec![false; self.settings.stop_words.len()];
        for word in document.words() {
            let begins = word.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
            if begins || !word.chars().all(classes::is_symbol) {
                counts.plain += 1;
                counts.plain_characters += characters(word, is_ascii);
            }
            counts.alphabetic += usize::from(begins || word.chars().any(classes::is_letter));
            if self.may_be_stop_word(word)
                && let Some(place) = self.settings.stop_words.iter().position(|known| known == word)
            {
                counts.stop_words += usize::from(!std::mem::replace(&mut seen[place], true));
            }
        }
        counts
    }

    /// Counts over what stands between spaces, as dolma and DCLM do.
    fn count_pieces(&self, document: &Document<'_>, lengths: &mut Vec<usize>) -> Counts {
        let mut counts = Counts::default();
        let ignores_case = self.settings.dialect == Dialect::Dclm;
        lengths.clear();
        for word in document.words() {
            let characters = word.chars().count();
            lengths.push(characters);
            counts.words += 1;
            counts.plain_characters += characters;
            counts.alphabetic += usize::from(word.chars().any(classes::is_letter));
            counts.marked += usize::from(word.contains(['#', '…']));
            let is_stop_word = |known: &String| {
                if ignores_case {
                    word.eq_ignore_ascii_case(known)
                } else {
                    word == known
                }
            };
            if self.may_be_stop_word(word) && self.settings.stop_words.iter().any(is_stop_word) {
                counts.stop_words += 1;
            }
        }
        counts.plain = counts.words;
        counts
    }

    /// Lines, those that begin with a bullet, and those that end with an ellipsis.
    fn lines(&self, text: &str) -> (usize, usize, usize) {
        let mut counts = (0, 0, 0);
        let mut add = |begins: bool, ends: bool| {
            counts.0 += 1;
            counts.1 += usize::from(begins);
            counts.2 += usize::from(ends);
        };
        match self.settings.dialect {
            Dialect::Datatrove => lines::universal(text).for_each(|line| {
                let (start, end) = (classes::trim_start(line), classes::trim_end(line));
                add(
                    start.starts_with(['•', '-']),
                    end.ends_with("...") || end.ends_with('…'),
                );
            }),
            Dialect::Dolma => lines::by_feeds(text).for_each(|line| {
                add(line.starts_with(['*', '-']), line.ends_with('…'));
            }),
            Dialect::DolmaV1 => lines::by_feed(text).for_each(|line| {
                add(line.starts_with(['*', '-']), line.ends_with('…'));
            }),
            Dialect::Dclm => lines::by_feed(text)
                .map(classes::trim)
                .filter(|line| !line.is_empty())
                .for_each(|line| {
                    let ends = line.ends_with("...") || line.ends_with(". . .") || line.ends_with('…');
                    add(line.starts_with(['●', '•', '*', '-']), ends);
                }),
        }
        counts
    }

    /// The bounds of symbols.
    fn symbols(&self, text: &str, counts: &Counts, checks: &mut Vec<Check>) {
        let bound = self.settings.symbols;
        let of_words = |count: usize| share(count, counts.words);
        let hashes = text.bytes().filter(|byte| *byte == b'#').count();
        let ellipses = || ellipses(text);
        match self.settings.dialect {
            Dialect::Datatrove => {
                checks.push(Check::at_most("hashes", of_words(hashes), bound));
                checks.push(Check::at_most("ellipses", of_words(ellipses()), bound));
            }
            Dialect::Dolma | Dialect::DolmaV1 => {
                checks.push(Check::at_most("symbols", of_words(counts.marked), bound))
            }
            Dialect::Dclm => {
                let symbols = hashes + ellipses() + text.matches(". . .").count();
                checks.push(Check::at_most("symbols", of_words(symbols), bound));
            }
        }
    }
}

/// Pieces that begin with a letter or a number, between what fastText takes for spaces.
fn fasttext_words(text: &str) -> usize {
    let is_space = |sign: char| matches!(sign, ' ' | '\n' | '\r' | '\t' | '\x0b' | '\x0c' | '\0');
    let begins = |sign: char| classes::is_letter(sign) || sign.is_numeric();
    text.split(is_space)
        .filter(|piece| piece.starts_with(begins))
        .count()
}

/// Ellipses of three dots, and of one sign.
fn ellipses(text: &str) -> usize {
    let (mut dots, mut count) = (0, 0);
    for byte in text.bytes() {
        dots = if byte == b'.' { dots + 1 } else { 0 };
        if dots == 3 {
            (dots, count) = (0, count + 1);
        }
    }
    let is_ascii = text.is_ascii();
    count + if is_ascii { 0 } else { text.matches('…').count() }
}

/// The middle of some lengths, or half-way between the two in the middle.
fn median(lengths: &mut [usize]) -> f64 {
    let middle = lengths.len() / 2;
    if lengths.is_empty() {
        return 0.0;
    }
    let is_odd = lengths.len() % 2 == 1;
    let (lower, upper, _) = lengths.select_nth_unstable(middle);
    let upper = *upper;
    let lower = lower.iter().copied().max().filter(|_| !is_odd).unwrap_or(upper);
    (lower + upper) as f64 / 2.0
}

impl Judge for Prepared {
    fn splitter(&self) -> Option<Splitter> {
        Some(match self.settings.dialect {
            Dialect::Datatrove => Splitter::English,
            Dialect::Dolma | Dialect::DolmaV1 | Dialect::Dclm => Splitter::Whitespace,
        })
    }

    fn measure(&self, document: &Document<'_>, _: &Facts<'_>, room: &mut Room) -> bool {
        let (settings, text) = (&self.settings, document.text());
        let counts = match settings.dialect {
            Dialect::Datatrove => self.count(document, text.is_ascii()),
            Dialect::Dolma | Dialect::DolmaV1 | Dialect::Dclm => {
                self.count_pieces(document, &mut room.lengths)
            }
        };
        let words = match settings.dialect {
            Dialect::Datatrove | Dialect::Dolma | Dialect::DolmaV1 => counts.plain,
            Dialect::Dclm => fasttext_words(text),
        } as f64;
        let length = match settings.dialect {
            Dialect::Datatrove | Dialect::Dclm => share(counts.plain_characters, counts.plain),
            Dialect::Dolma | Dialect::DolmaV1 => median(&mut room.lengths),
        };
        let checks = &mut room.checks;
        checks.push(Check::at_least("least_words", words, settings.least_words as f64));
        checks.push(Check::at_most("most_words", words, settings.most_words as f64));
        checks.push(Check::at_least(
            "least_word_length",
            length,
            settings.least_word_length,
        ));
        checks.push(Check::at_most(
            "most_word_length",
            length,
            settings.most_word_length,
        ));
        self.symbols(text, &counts, checks);
        let (lines, bullets, ellipses) = self.lines(text);
        checks.push(Check::at_most(
            "bullet_lines",
            share(bullets, lines),
            settings.bullet_lines,
        ));
        checks.push(Check::at_most(
            "ellipsis_lines",
            share(ellipses, lines),
            settings.ellipsis_lines,
        ));
        checks.push(Check::at_least(
            "alphabetic_words",
            share(counts.alphabetic, counts.words),
            settings.alphabetic_words,
        ));
        checks.push(Check::at_least(
            "stop_words",
            counts.stop_words as f64,
            settings.least_stop_words as f64,
        ));
        false
    }
}
