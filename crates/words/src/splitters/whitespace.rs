use super::Split;
use crate::classes::is_space;
use crate::words::Span;

/// What stands between spaces.
#[derive(Debug)]
pub struct Whitespace;

impl Whitespace {
    pub(crate) const ABOUT: &str =
        "what stands between spaces, as Python's `split` finds it: dolma's, and C4's of a line";
}

impl Split for Whitespace {
    fn split(&self, text: &str, words: &mut Vec<Span>) {
        words.extend(spans(text));
    }
}

/// What stands between spaces, as the splitter `whitespace` finds it.
pub fn pieces(text: &str) -> impl Iterator<Item = &str> {
    spans(text).map(|Span { start, end }| &text[start..end])
}

fn spans(text: &str) -> impl Iterator<Item = Span> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = end_of_space(text, from);
        from = end_of_piece(text, start);
        (start < from).then_some(Span { start, end: from })
    })
}

/// Bytes that end a word, or, beyond ASCII, may begin a character that does.
const ENDS: [bool; 256] = {
    let mut ends = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        ends[byte] = matches!(byte as u8, b' ' | b'\t'..=b'\r' | 0x1c..=0x1f | 0xc2 | 0xe1 | 0xe2 | 0xe3);
        byte += 1;
    }
    ends
};

/// Bytes of the space that stands at a place, or 0.
#[inline]
pub(super) fn space_length(text: &str, place: usize) -> usize {
    let byte = text.as_bytes()[place];
    if !ENDS[usize::from(byte)] {
        return 0;
    }
    if byte.is_ascii() {
        return 1;
    }
    let sign = text.get(place..).and_then(|rest| rest.chars().next());
    sign.filter(|sign| is_space(*sign)).map_or(0, char::len_utf8)
}

/// The first place from `from` where a space or the end of the text is.
#[inline]
pub(super) fn end_of_piece(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes();
    let mut place = from;
    while place < bytes.len() {
        if ENDS[usize::from(bytes[place])] && space_length(text, place) > 0 {
            break;
        }
        place += 1;
    }
    place
}

/// The first place from `from` where no space is.
#[inline]
pub(super) fn end_of_space(text: &str, from: usize) -> usize {
    let mut place = from;
    while place < text.len() {
        let length = space_length(text, place);
        if length == 0 {
            break;
        }
        place += length;
    }
    place
}
