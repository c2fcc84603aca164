mod addresses;
mod affixes;
mod exceptions;

use self::affixes::{infix, prefix, suffix};
use self::exceptions::Exceptions;
use super::Split;
use super::whitespace::{end_of_piece, end_of_space};
use crate::words::Span;

/// Words and signs of English.
#[derive(Debug)]
pub struct English;

impl English {
    pub(crate) const ABOUT: &str = "words and signs by spaCy's rules for English, with its contractions: datatrove's, \
                                    and so FineWeb's, of which minhash and the filters of n-grams are made";
}

/// What the pieces of one text share.
struct Pieces<'t> {
    text: &'t str,
    exceptions: &'static Exceptions,
    /// Signs at the end of the piece at hand, from the last.
    suffixes: Vec<Span>,
}

impl Split for English {
    fn split(&self, text: &str, words: &mut Vec<Span>) {
        let mut pieces = Pieces {
            text,
            exceptions: Exceptions::get(),
            suffixes: Vec::new(),
        };
        let bytes = text.as_bytes();
        let mut start = end_of_space(text, 0);
        while start < bytes.len() {
            let mut end = start;
            while end < bytes.len() && bytes[end].is_ascii_alphabetic() {
                end += 1;
            }
            if is_end(bytes, end) {
                pieces.take(Span { start, end }, words);
            } else if start < end && is_closed(bytes, start, end) && is_end(bytes, end + 1) {
                pieces.closed(Span { start, end }, words);
                end += 1;
            } else {
                end = end_of_piece(text, end);
                pieces.split(Span { start, end }, words);
            }
            start =
                if bytes.get(end) == Some(&b' ') && bytes.get(end + 1).is_some_and(u8::is_ascii_alphabetic) {
                    end + 1
                } else {
                    end_of_space(text, end)
                };
        }
    }
}

/// Whether a piece that has come to here ends here.
#[inline]
fn is_end(bytes: &[u8], place: usize) -> bool {
    matches!(bytes.get(place), None | Some(b' ' | b'\n'))
}

/// Whether letters are followed by a sign that comes off them: a dot only where they are no initial.
#[inline]
fn is_closed(bytes: &[u8], start: usize, end: usize) -> bool {
    match bytes[end] {
        b',' | b';' | b':' | b'!' | b'?' | b')' => true,
        b'.' => match &bytes[start..end] {
            [.., last] if last.is_ascii_lowercase() => true,
            [.., before, last] => before.is_ascii_uppercase() && last.is_ascii_uppercase(),
            _ => false,
        },
        _ => false,
    }
}

impl Pieces<'_> {
    fn at(&self, span: Span) -> &str {
        &self.text[span.start..span.end]
    }

    /// Takes a span as the words that an exception says, or whole.
    #[inline]
    fn take(&self, span: Span, words: &mut Vec<Span>) {
        if !self.take_exception(span, words) {
            words.push(span);
        }
    }

    /// Takes a span as the words that an exception says, if it is one.
    #[inline]
    fn take_exception(&self, span: Span, words: &mut Vec<Span>) -> bool {
        let Some(parts) = self.exceptions.parts(self.at(span).as_bytes()) else {
            return false;
        };
        let mut start = span.start;
        for part in parts.iter().filter(|part| **part > 0) {
            let end = start + usize::from(*part);
            words.push(Span { start, end });
            start = end;
        }
        true
    }

    /// Takes letters and the sign of one byte that closes them, as most pieces with a sign are.
    #[inline]
    fn closed(&self, letters: Span, words: &mut Vec<Span>) {
        let Span { start, end } = letters;
        if self.is_exception(start, end + 1) {
            self.take(Span { start, end: end + 1 }, words);
        } else {
            self.take(letters, words);
            words.push(Span {
                start: end,
                end: end + 1,
            });
        }
    }

    /// Splits what stands between two spaces: signs are taken off both of its ends, then what is left is one word
    /// or is cut at signs inside it.
    fn split(&mut self, piece: Span, words: &mut Vec<Span>) {
        let first = words.len();
        let middle = self.strip(piece, words);
        if middle.start < middle.end {
            self.inner(middle, words);
        }
        words.extend(self.suffixes.drain(..).rev());
        self.exceptions.join(self.text, words, first);
    }

    /// Takes off prefixes and suffixes, one of each at a time, until an exception is left or nothing comes off.
    fn strip(&mut self, piece: Span, words: &mut Vec<Span>) -> Span {
        let Span { mut start, mut end } = piece;
        while start < end && !self.is_exception(start, end) {
            let before = prefix(&self.text[start..end]);
            if before > 0 && self.is_exception(start + before, end) {
                let end = start + before;
                words.push(Span { start, end });
                start = end;
                break;
            }
            let after = suffix(&self.text[start + before..end]);
            if before + after == 0 {
                break;
            }
            let is_all = after > 0 && self.is_exception(start, end - after);
            if before > 0 && !is_all {
                let end = start + before;
                words.push(Span { start, end });
                start = end;
            }
            if after > 0 {
                let start = end - after;
                self.suffixes.push(Span { start, end });
                end = start;
            }
            if is_all {
                break;
            }
        }
        Span { start, end }
    }

    fn is_exception(&self, start: usize, end: usize) -> bool {
        self.exceptions.parts(&self.text.as_bytes()[start..end]).is_some()
    }

    /// Takes what is left between prefixes and suffixes.
    fn inner(&self, span: Span, words: &mut Vec<Span>) {
        let text = self.at(span);
        if self.take_exception(span, words) {
            return;
        }
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_plain || addresses::is_address(text) {
            words.push(span);
            return;
        }
        let (mut start, mut from) = (0, 0);
        while let Some((place, length)) = infix(text, from) {
            from = place + length;
            // A sign at the very beginning stays with what follows it.
            if place == 0 {
                continue;
            }
            if start < place {
                words.push(Span {
                    start: span.start + start,
                    end: span.start + place,
                });
            }
            words.push(Span {
                start: span.start + place,
                end: span.start + from,
            });
            start = from;
        }
        if start < text.len() {
            words.push(Span {
                start: span.start + start,
                end: span.end,
            });
        }
    }
}
