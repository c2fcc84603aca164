//! What of a text is left when what does not count between near copies is taken away: datatrove's `simplify_text`.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::classes::{is_digit, is_mark, is_removed_punctuation, is_space, trim};

const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// More than any byte of ASCII becomes.
const OTHERWISE: u8 = 0x80;

/// What is taken away, in this order. Spaces around the text always are.
///
/// ```
/// use triaxis_words::{Simplified, Simplify};
/// let mut room = Simplified::default();
/// assert_eq!(Simplify::default().apply("  Café № 3.14 --\n\topen!", &mut room), "cafe № 0 open");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Simplify {
    /// Letters are made small.
    pub lowercase: bool,
    /// Each number, with at most one decimal sign in it, becomes `0`.
    pub numbers: bool,
    /// English names of days become `WEEKDAY`.
    pub weekdays: bool,
    /// English names of months become `MONTH`.
    pub months: bool,
    /// Punctuation becomes space.
    pub punctuation: bool,
    /// Each run of spaces, tabs and ends of lines becomes one space.
    pub whitespace: bool,
    /// Letters lose their accents and all other marks that take no room.
    pub diacritics: bool,
}

impl Default for Simplify {
    fn default() -> Self {
        Self {
            lowercase: true,
            numbers: true,
            weekdays: false,
            months: false,
            punctuation: true,
            whitespace: true,
            diacritics: true,
        }
    }
}

/// The room for a simplified text, which is reused.
#[derive(Debug, Default)]
pub struct Simplified {
    text: String,
    composed: String,
    decomposed: String,
}

impl Simplify {
    /// The text without what is taken away.
    pub fn apply<'r>(&self, text: &str, room: &'r mut Simplified) -> &'r str {
        room.text.clear();
        // A final sigma is made small by what stands around it, names are sought in what is made small.
        let is_plain = self.whitespace && !self.weekdays && !self.months && !text.contains('Σ');
        if is_plain {
            self.by_runs(text, room);
            return trim(&room.text);
        }
        if !self.lowercase {
            self.reduce(text.chars(), &mut room.text);
        } else if text.is_ascii() {
            self.reduce(text.chars().map(|sign| sign.to_ascii_lowercase()), &mut room.text);
        } else {
            self.reduce(text.to_lowercase().chars(), &mut room.text);
        }
        if !self.diacritics || room.text.is_ascii() {
            return trim(&room.text);
        }
        room.decomposed.clear();
        room.decomposed
            .extend(room.text.nfd().filter(|sign| !is_mark(*sign)));
        trim(&room.decomposed)
    }

    /// Runs of ASCII byte by byte, by a table; others character by character. No mark stands in ASCII, so that each run
    /// loses its own.
    fn by_runs(&self, text: &str, room: &mut Simplified) {
        let table = self.table();
        let mut out = std::mem::take(&mut room.text).into_bytes();
        out.resize(text.len() + 1, 0);
        let mut written = 0;
        // What was written last, before marks were taken away; in the beginning a space, as none is wanted there.
        let mut last = b' ';
        let bytes = text.as_bytes();
        let mut place = 0;
        while let Some(byte) = bytes.get(place) {
            let becomes = table[usize::from(*byte)];
            place += 1;
            if becomes < OTHERWISE {
                out[written] = becomes;
                written += usize::from(becomes != b' ' || last != b' ');
                last = becomes;
            } else if *byte < 0x80 {
                out[written] = b'0';
                written += 1;
                last = b'0';
                place = end_of_number(text, place);
            } else {
                let length = bytes[place - 1..].iter().take_while(|byte| **byte >= 0x80);
                let run = place - 1..place - 1 + length.count();
                place = self.beyond_ascii(text, run, &mut last, room);
                let kept = room.decomposed.as_bytes();
                // More may be kept of a run than it has bytes.
                let most = written + kept.len() + text.len() - place + 1;
                out.resize(most.max(out.len()), 0);
                out[written..written + kept.len()].copy_from_slice(kept);
                written += kept.len();
            }
        }
        out.truncate(written);
        room.text = String::from_utf8(out).expect("whole characters were written");
    }

    /// What each byte becomes, or that it is for others to say.
    fn table(&self) -> [u8; 256] {
        std::array::from_fn(|byte| {
            let sign = char::from(byte as u8);
            if byte >= 0x80 || self.numbers && is_digit(sign) {
                OTHERWISE
            } else if is_space(sign) || self.punctuation && is_removed_punctuation(sign) {
                b' '
            } else if self.lowercase {
                sign.to_ascii_lowercase() as u8
            } else {
                sign as u8
            }
        })
    }

    /// Makes what a run of characters beyond ASCII becomes, in `room.decomposed`: the place behind it and behind a
    /// number that it ends with.
    fn beyond_ascii(&self, text: &str, run: Range<usize>, last: &mut u8, room: &mut Simplified) -> usize {
        let Simplified {
            composed: kept,
            decomposed,
            ..
        } = room;
        kept.clear();
        let mut place = run.start;
        while let Some(sign) = text[place..].chars().next().filter(|_| place < run.end) {
            place += sign.len_utf8();
            let mut add = |sign: char| {
                let is_space = is_space(sign) || self.punctuation && is_removed_punctuation(sign);
                match is_space {
                    true if *last == b' ' => {}
                    true => kept.push(' '),
                    false => kept.push(sign),
                }
                *last = if is_space { b' ' } else { OTHERWISE };
            };
            if self.numbers && is_digit(sign) {
                add('0');
                place = end_of_number(text, place);
            } else if self.lowercase {
                sign.to_lowercase().for_each(add);
            } else {
                add(sign);
            }
        }
        decomposed.clear();
        match self.diacritics {
            true => decomposed.extend(kept.nfd().filter(|sign| !is_mark(*sign))),
            false => decomposed.push_str(kept),
        }
        place
    }

    /// Numbers, names, punctuation and spaces, in one pass.
    #[inline]
    fn reduce(&self, mut signs: impl Iterator<Item = char> + Clone, out: &mut String) {
        // Whether spaces were met that are written before the next character, if one comes.
        let mut is_apart = false;
        while let Some(first) = signs.next() {
            let mut sign = first;
            if self.numbers && is_digit(sign) {
                skip_number(&mut signs);
                sign = '0';
            } else if let Some(name) = self.name(sign, &mut signs) {
                separate(out, &mut is_apart);
                out.push_str(name);
                continue;
            } else if self.punctuation && is_removed_punctuation(sign) {
                sign = ' ';
            }
            if self.whitespace && is_space(sign) {
                is_apart = !out.is_empty();
            } else {
                separate(out, &mut is_apart);
                out.push(sign);
            }
        }
    }

    /// What a name of a day or month that begins with `first` becomes, and the characters behind it.
    #[inline]
    fn name(&self, first: char, signs: &mut (impl Iterator<Item = char> + Clone)) -> Option<&'static str> {
        let weekdays = self.weekdays.then_some((&WEEKDAYS[..], "WEEKDAY"));
        let months = self.months.then_some((&MONTHS[..], "MONTH"));
        for (names, instead) in [weekdays, months].into_iter().flatten() {
            for name in names {
                let mut letters = name.chars();
                let mut ahead = signs.clone();
                if letters.next() == Some(first) && letters.all(|letter| ahead.next() == Some(letter)) {
                    *signs = ahead;
                    return Some(instead);
                }
            }
        }
        None
    }
}

/// Behind the rest of a number, of which a digit stands before `place`.
fn end_of_number(text: &str, place: usize) -> usize {
    let mut signs = text[place..].chars();
    skip_number(&mut signs);
    text.len() - signs.as_str().len()
}

#[inline]
fn separate(out: &mut String, is_apart: &mut bool) {
    if std::mem::take(is_apart) {
        out.push(' ');
    }
}

/// Goes behind the rest of a number: digits, and one decimal sign if digits follow it.
#[inline]
fn skip_number(signs: &mut (impl Iterator<Item = char> + Clone)) {
    skip_digits(signs);
    let mut ahead = signs.clone();
    let is_decimal = ahead
        .next()
        .is_some_and(|sign| matches!(sign, '.' | ',' | '،' | '٫' | '⎖' | '⎗' | '⎘'));
    if is_decimal && ahead.next().is_some_and(is_digit) {
        skip_digits(&mut ahead);
        *signs = ahead;
    }
}

#[inline]
fn skip_digits(signs: &mut (impl Iterator<Item = char> + Clone)) {
    let mut ahead = signs.clone();
    while ahead.next().is_some_and(is_digit) {
        *signs = ahead.clone();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// In passes over the whole text, one after another.
    fn in_passes(simplify: &Simplify, text: &str) -> String {
        let mut reduced = String::new();
        match simplify.lowercase {
            true => simplify.reduce(text.to_lowercase().chars(), &mut reduced),
            false => simplify.reduce(text.chars(), &mut reduced),
        }
        if simplify.diacritics {
            reduced = reduced.nfd().filter(|sign| !is_mark(*sign)).collect();
        }
        trim(&reduced).to_owned()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn runs_by_themselves_are_the_text_in_passes(
            text in "([aB0 .,\u{301}\u{316}\u{e9}\u{212a}\u{130}\u{3a3}\u{a0}\u{2019}\u{663}\u{66b}\u{1d165}\u{302e}\u{f958}\u{1e9b}\u{323}]|\\PC){0,12}",
            lowercase: bool,
            numbers: bool,
            punctuation: bool,
            diacritics: bool,
        ) {
            let simplify = Simplify { lowercase, numbers, punctuation, diacritics, ..Simplify::default() };
            let mut room = Simplified::default();
            prop_assert_eq!(simplify.apply(&text, &mut room), in_passes(&simplify, &text));
        }
    }
}
