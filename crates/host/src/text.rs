//! Text in whatever encoding, read as UTF-8.

use std::io::{self, BufRead, ErrorKind, Read};

use encoding_rs::{Decoder, DecoderResult, UTF_16BE, UTF_16LE};
pub use encoding_rs::{Encoding, UTF_8};

/// Bytes read at once.
pub const BUFFER: usize = 1 << 17;
/// Bytes of a file without a mark from which on its encoding shows.
const TELLING: usize = 8;
/// Stands for what is no character of a file's encoding, and is in no UTF-8.
const NO_CHARACTER: u8 = 0xff;
/// What UTF-32 begins with, which is no UTF-16.
const UTF_32_MARK: &[u8] = b"\xff\xfe\0\0";
/// What text has none of, and bytes have of an encoding in which ASCII is not itself.
const CONTROLS: [u8; 2] = [0, 0x1b];

/// A text as UTF-8, and what it is in.
pub struct Unicode<'r> {
    /// The text without its mark. What is no character is a byte that is no UTF-8; all other bytes stay.
    pub input: Box<dyn BufRead + 'r>,
    /// The encoding that it is decoded from.
    pub encoding: &'static Encoding,
}

/// Reads a text that is in the encoding that its beginning tells, or else in `otherwise`.
///
/// # Errors
/// When `input` cannot be read.
///
/// ```
/// use std::io::Read;
/// use triaxis_host::text::{UTF_8, unicode};
/// let mut text = String::new();
/// unicode(&b"\xff\xfeN\0,\0D\0"[..], UTF_8)?.input.read_to_string(&mut text)?;
/// assert_eq!(text, "N,D");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn unicode<'r>(mut input: impl BufRead + 'r, otherwise: &'static Encoding) -> io::Result<Unicode<'r>> {
    let (told, mark) = encoding(input.fill_buf()?);
    let encoding = if (told, mark) == (UTF_8, 0) {
        otherwise
    } else {
        told
    };
    input.consume(mark);
    let input: Box<dyn BufRead + 'r> = match encoding == UTF_8 {
        true => Box::new(input),
        false => Box::new(Decoded {
            input,
            decoder: encoding.new_decoder_without_bom_handling(),
            text: Vec::new(),
            read: 0,
            ended: false,
        }),
    };
    Ok(Unicode { input, encoding })
}

/// The encoding of a text that begins like `start`, and the length of its mark: told by the mark, or of UTF-16 by
/// zeros in every other byte; else UTF-8.
pub fn encoding(start: &[u8]) -> (&'static Encoding, usize) {
    let marked = Encoding::for_bom(start).filter(|_| !start.starts_with(UTF_32_MARK));
    marked.unwrap_or((unmarked(start), 0))
}

/// UTF-16 where most high bytes are zero, as they never are in UTF-8, and hardly a low one is.
fn unmarked(start: &[u8]) -> &'static Encoding {
    let pairs = start.as_chunks::<2>().0;
    let zero = |place: usize| pairs.iter().filter(|pair| pair[place] == 0).count();
    let (first, second) = (zero(0), zero(1));
    let are_high = |zeros: usize, others: usize| 4 * zeros >= 3 * pairs.len() && 16 * others <= zeros;
    if start.len() < TELLING {
        UTF_8
    } else if are_high(second, first) {
        UTF_16LE
    } else if are_high(first, second) {
        UTF_16BE
    } else {
        UTF_8
    }
}

/// UTF-8 if all of `input` is that, else `named`.
///
/// # Errors
/// When `input` cannot be read.
pub fn or_utf_8(mut input: impl Read, named: &'static Encoding) -> io::Result<&'static Encoding> {
    let mut buffer = vec![0; BUFFER];
    // Bytes of a character that goes on.
    let mut begun = 0;
    loop {
        let read = match input.read(&mut buffer[begun..]) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            other => other?,
        };
        let text = &buffer[..begun + read];
        if !named.is_ascii_compatible() && text.iter().any(|byte| CONTROLS.contains(byte)) {
            return Ok(named);
        }
        let (valid, whole) = match std::str::from_utf8(text) {
            Ok(text) => (text.len(), true),
            Err(error) => (error.valid_up_to(), error.error_len().is_none() && read > 0),
        };
        if !whole {
            return Ok(named);
        }
        if read == 0 {
            return Ok(UTF_8);
        }
        let end = text.len();
        buffer.copy_within(valid..end, 0);
        begun = end - valid;
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

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Vec<u8> {
        // Small pieces, so that characters are met in parts.
        let input = BufReader::with_capacity(16, bytes);
        let mut text = Vec::new();
        let mut unicode = unicode(input, UTF_8).unwrap();
        unicode.input.read_to_end(&mut text).unwrap();
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
        // A sign or two of a table, whose low byte is zero.
        let drawn = "a tree \u{2500} of folders";
        let bytes = utf16(drawn, u16::to_le_bytes);
        assert_eq!(encoding(&bytes), (UTF_16LE, 0));
        assert_eq!(encoding(&utf16(drawn, u16::to_be_bytes)), (UTF_16BE, 0));
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
    fn a_named_encoding_is_that_of_what_is_no_utf_8() {
        let [gbk, japanese, utf_16] =
            ["gbk", "iso-2022-jp", "utf-16le"].map(|name| Encoding::for_label(name.as_bytes()).unwrap());
        let long = "日本".repeat(BUFFER);
        for plain in ["", "plain", "Zwölf", &long] {
            for named in [gbk, japanese, utf_16] {
                assert_eq!(or_utf_8(plain.as_bytes(), named).unwrap(), UTF_8);
            }
        }
        for (bytes, named) in [
            (&b"\xc4\xe3"[..], gbk),
            (b"plain, then \xe6\x97", gbk),
            (b"\x1b$B$3\x1b(B", japanese),
            (b"a\0b\0", utf_16),
        ] {
            assert_eq!(or_utf_8(bytes, named).unwrap(), named);
        }
        let cut = [long.as_bytes(), b"\xe6"].concat();
        assert_eq!(or_utf_8(&cut[..], gbk).unwrap(), gbk);
        let mut text = String::new();
        let mut read = unicode(&b"\xc4\xe3"[..], gbk).unwrap();
        read.input.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), read.encoding), ("你", gbk));
    }

    proptest! {
        #[test]
        fn any_text_is_decoded_whatever_the_pieces_it_comes_in(text in "[ -~é\u{1f600}\n]{2,60}", size in 4..9_usize, big: bool) {
            let marked = format!("\u{feff}{text}");
            let bytes = utf16(&marked, if big { u16::to_be_bytes } else { u16::to_le_bytes });
            let input = BufReader::with_capacity(size, bytes.as_slice());
            let mut read = String::new();
            unicode(input, UTF_8).unwrap().input.read_to_string(&mut read).unwrap();
            prop_assert_eq!(read, text);
        }
    }
}
