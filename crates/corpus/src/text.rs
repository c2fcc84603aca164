//! Bytes to text: which encoding they are in, and where a long text is cut.

use std::io::{self, BufRead, Read};
use std::ops::RangeInclusive;

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Bytes read at once.
pub(crate) const BUFFER: usize = 1 << 17;
/// Bytes of a file without a mark from which on its encoding shows.
const TELLING: usize = 8;
/// Stands for what is no character of a file's encoding, and is in no UTF-8.
const NO_CHARACTER: u8 = 0xff;
/// What UTF-32 begins with, which is no UTF-16.
const UTF_32_MARK: &[u8] = b"\xff\xfe\0\0";

/// The text of `input` as UTF-8: a byte-order mark is taken off, and UTF-16 is decoded, told by its mark or
/// by zeros in every other byte. What is no character becomes a byte that is no UTF-8; all other bytes stay.
pub(crate) fn unicode<'r>(mut input: impl BufRead + 'r) -> io::Result<Box<dyn BufRead + 'r>> {
    let start = input.fill_buf()?;
    let marked = Encoding::for_bom(start).filter(|_| !start.starts_with(UTF_32_MARK));
    let (encoding, mark) = marked.unwrap_or((unmarked(start), 0));
    input.consume(mark);
    if encoding == UTF_8 {
        return Ok(Box::new(input));
    }
    Ok(Box::new(Decoded {
        input,
        decoder: encoding.new_decoder_without_bom_handling(),
        text: Vec::new(),
        read: 0,
        ended: false,
    }))
}

/// UTF-16 where most high bytes and no low byte are zero, as they never are in UTF-8.
fn unmarked(start: &[u8]) -> &'static Encoding {
    let pairs = start.as_chunks::<2>().0;
    let zero = |place: usize| pairs.iter().filter(|pair| pair[place] == 0).count();
    let most = |zeros: usize| start.len() >= TELLING && 4 * zeros >= 3 * pairs.len();
    match (zero(0), zero(1)) {
        (0, high) if most(high) => UTF_16LE,
        (high, 0) if most(high) => UTF_16BE,
        _ => UTF_8,
    }
}

/// Text in another encoding, as it is read.
struct Decoded<R> {
    input: R,
    decoder: Decoder,
    /// Decoded text, of which `read` bytes have been read.
    text: Vec<u8>,
    read: usize,
    ended: bool,
}

impl<R: BufRead> BufRead for Decoded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.read == self.text.len() && !self.ended {
            let input = self.input.fill_buf()?;
            let last = input.is_empty();
            self.text.resize(BUFFER, 0);
            let (result, read, written) =
                self.decoder
                    .decode_to_utf8_without_replacement(input, &mut self.text, last);
            self.input.consume(read);
            self.text.truncate(written);
            if matches!(result, DecoderResult::Malformed(..)) {
                self.text.push(NO_CHARACTER);
            }
            self.read = 0;
            self.ended = last && result == DecoderResult::InputEmpty;
        }
        Ok(&self.text[self.read..])
    }

    fn consume(&mut self, bytes: usize) {
        self.read += bytes;
    }
}

impl<R: BufRead> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

/// Where to cut a text, within `window`: after the last paragraph that ends there, else after the last line,
/// sentence or word, else between characters.
pub(crate) fn boundary(text: &[u8], window: RangeInclusive<usize>) -> usize {
    let ends: [fn(&[u8]) -> bool; 4] = [
        |head| head.ends_with(b"\n\n") || head.ends_with(b"\n\r\n"),
        |head| head.ends_with(b"\n"),
        |head| {
            [". ", "! ", "? ", "。"]
                .iter()
                .any(|end| head.ends_with(end.as_bytes()))
        },
        |head| head.last().is_some_and(u8::is_ascii_whitespace),
    ];
    let last = |ends: &fn(&[u8]) -> bool| window.clone().rev().find(|&at| ends(&text[..at]));
    ends.iter().find_map(last).unwrap_or_else(|| {
        let is_start = |at: &usize| text.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80);
        let nearest = window.clone().rev().take(4).find(is_start);
        nearest.unwrap_or(*window.end())
    })
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Vec<u8> {
        // Small pieces, so that characters are met in parts.
        let input = BufReader::with_capacity(16, bytes);
        let mut text = Vec::new();
        unicode(input).unwrap().read_to_end(&mut text).unwrap();
        text
    }

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn marks_are_taken_off_and_utf_16_is_decoded() {
        let text = "Zwölf Boxkämpfer, 日本 and 𝄞.\r\n";
        assert_eq!(read(text.as_bytes()), text.as_bytes());
        for marked in [
            format!("\u{feff}{text}").into_bytes(),
            utf16(&format!("\u{feff}{text}"), u16::to_le_bytes),
        ] {
            assert_eq!(read(&marked), text.as_bytes());
        }
        assert_eq!(
            read(&utf16(&format!("\u{feff}{text}"), u16::to_be_bytes)),
            text.as_bytes()
        );
        assert_eq!(read(b""), b"");
    }

    #[test]
    fn utf_16_without_a_mark_is_told_by_its_zeros_alone() {
        let plain = "Call me Ishmael \u{2014} some years ago.";
        assert_eq!(read(&utf16(plain, u16::to_le_bytes)), plain.as_bytes());
        assert_eq!(read(&utf16(plain, u16::to_be_bytes)), plain.as_bytes());
        for other in [
            &b"a\0b\0"[..],
            b"a\0b\0cdef",
            b"\0\0\0\0\0\0\0\0",
            b"plain text\0",
        ] {
            assert_eq!(read(other), other);
        }
    }

    #[test]
    fn what_is_no_character_is_no_utf_8_and_the_rest_is_kept() {
        let mut bytes = utf16("\u{feff}before", u16::to_le_bytes);
        bytes.extend(0xd800_u16.to_le_bytes());
        bytes.extend(utf16("\nafter", u16::to_le_bytes));
        assert_eq!(read(&bytes), b"before\xff\nafter");
        bytes.push(b'x');
        assert_eq!(read(&bytes), b"before\xff\nafter\xff");
        let utf_32 = b"\xff\xfe\0\0a\0\0\0";
        assert!(std::str::from_utf8(&read(utf_32)).is_err());
    }

    #[test]
    fn a_text_is_cut_at_the_largest_unit_that_ends_in_the_window() {
        let text = "One two. Three four.\nFive six.\n\nSeven eight.\nNine";
        let cut = |window: RangeInclusive<usize>| &text[..boundary(text.as_bytes(), window)];
        assert_eq!(cut(10..=48), "One two. Three four.\nFive six.\n\n");
        assert_eq!(cut(10..=31), "One two. Three four.\nFive six.\n");
        assert_eq!(cut(5..=20), "One two. ");
        assert_eq!(cut(10..=17), "One two. Three ");
        assert_eq!(cut(10..=13), "One two. Thre");
        assert_eq!(boundary("ありがとう".as_bytes(), 4..=8), 6);
    }

    proptest! {
        #[test]
        fn a_cut_lies_in_its_window_and_between_characters(text in "(a|é|日|𝄞| |\n|\\. ){12,80}", from in 0_usize..6, more in 4_usize..12) {
            let window = from..=from + more;
            let cut = boundary(text.as_bytes(), window.clone());
            prop_assert!(window.contains(&cut) && text.is_char_boundary(cut));
        }
    }
}
