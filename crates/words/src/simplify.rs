//! What of a text is left when what does not count between near copies is taken away: datatrove's `simplify_text`.

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
    decomposed: String,
}

impl Simplify {
    /// The text without what is taken away.
    pub fn apply<'r>(&self, text: &str, room: &'r mut Simplified) -> &'r str {
        room.text.clear();
        if text.is_ascii() {
            if self.lowercase {
                self.reduce(text.chars().map(|sign| sign.to_ascii_lowercase()), &mut room.text);
            } else {
                self.reduce(text.chars(), &mut room.text);
            }
        } else if self.lowercase {
            self.reduce(text.to_lowercase().chars(), &mut room.text);
        } else {
            self.reduce(text.chars(), &mut room.text);
        }
        if !self.diacritics || room.text.is_ascii() {
            return trim(&room.text);
        }
        room.decomposed.clear();
        room.decomposed
            .extend(room.text.nfd().filter(|sign| !is_mark(*sign)));
        trim(&room.decomposed)
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
