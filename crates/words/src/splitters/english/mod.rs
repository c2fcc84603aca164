mod addresses;
mod affixes;
mod exceptions;

use self::affixes::{infix, prefix, suffix};
use self::exceptions::{Exceptions, Parts};
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
    /// The words of what stands at a place, if that is an exception.
    #[inline]
    fn exception(&self, start: usize, end: usize) -> Option<&'static Parts> {
        self.exceptions.parts(&self.text.as_bytes()[start..end])
    }

    /// Takes a span as the words that an exception says, or whole.
    #[inline]
    fn take(&self, span: Span, words: &mut Vec<Span>) {
        match self.exception(span.start, span.end) {
            Some(parts) => take_parts(span.start, parts, words),
            None => words.push(span),
        }
    }

    /// Takes letters and the sign of one byte that closes them, as most pieces with a sign are.
    #[inline]
    fn closed(&self, letters: Span, words: &mut Vec<Span>) {
        let Span { start, end } = letters;
        if let Some(parts) = self.exception(start, end + 1) {
            take_parts(start, parts, words);
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
        match self.strip(piece, words) {
            (middle, Some(parts)) => take_parts(middle.start, parts, words),
            (middle, None) if middle.start < middle.end => self.inner(middle, words),
            _ => {}
        }
        words.extend(self.suffixes.drain(..).rev());
        self.exceptions.join(self.text, words, first);
    }

    /// Takes off prefixes and suffixes, one of each at a time, until an exception is left or nothing comes off: what is
    /// left, and the words of the exception.
    fn strip(&mut self, piece: Span, words: &mut Vec<Span>) -> (Span, Option<&'static Parts>) {
        let Span { mut start, mut end } = piece;
        let mut exception = self.exception(start, end);
        while start < end && exception.is_none() {
            let inner = start + prefix(&self.text[start..end]);
            if inner > start {
                exception = self.exception(inner, end);
            }
            let outer = match exception {
                Some(_) => end,
                None => end - suffix(&self.text[inner..end]),
            };
            if (inner, outer) == (start, end) {
                break;
            }
            if outer < end {
                self.suffixes.push(Span { start: outer, end });
                exception = self.exception(start, outer);
            }
            // With its prefix it is an exception only where a suffix came off.
            if inner > start && (outer == end || exception.is_none()) {
                words.push(Span { start, end: inner });
                start = inner;
                if outer < end {
                    exception = self.exception(start, outer);
                }
            }
            end = outer;
        }
        (Span { start, end }, exception)
    }

    /// Takes what is left between prefixes and suffixes and is no exception.
    fn inner(&self, span: Span, words: &mut Vec<Span>) {
        let text = &self.text[span.start..span.end];
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

/// Takes what begins at a place as the words that an exception says.
fn take_parts(mut start: usize, parts: &Parts, words: &mut Vec<Span>) {
    for part in parts.iter().filter(|part| **part > 0) {
        let end = start + usize::from(*part);
        words.push(Span { start, end });
        start = end;
    }
}
