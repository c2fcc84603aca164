//! Lines and paragraphs. Tools differ in what ends one, and whether what lies between two ends is a line.

/// Lines by line feed alone, empty ones too: Python's `text.split("\n")`.
pub fn by_feed(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n')
}

/// Lines by any number of line feeds, so that only the first and the last can be empty: datatrove's for repetition.
pub fn by_feeds(text: &str) -> Feeds<'_> {
    Feeds {
        rest: Some(text),
        at_least: 1,
    }
}

/// Paragraphs by two or more line feeds, so that only the first and the last can be empty: datatrove's for repetition.
pub fn paragraphs(text: &str) -> Feeds<'_> {
    Feeds {
        rest: Some(text),
        at_least: 2,
    }
}

/// Lines as Python's `splitlines` finds them: by line feeds and carriage returns, and by every other character that
/// Unicode takes for the end of a line. What follows the last end is a line only if there is something.
pub fn universal(text: &str) -> Universal<'_> {
    Universal { rest: text }
}

/// See [`by_feeds`] and [`paragraphs`].
#[derive(Debug, Clone)]
pub struct Feeds<'t> {
    rest: Option<&'t str>,
    at_least: usize,
}

impl<'t> Iterator for Feeds<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let text = self.rest?;
        let mut from = 0;
        while let Some(place) = text[from..].find('\n') {
            let start = from + place;
            let count = text.as_bytes()[start..]
                .iter()
                .take_while(|byte| **byte == b'\n')
                .count();
            if count >= self.at_least {
                self.rest = Some(&text[start + count..]);
                return Some(&text[..start]);
            }
            from = start + count;
        }
        self.rest.take()
    }
}

/// See [`universal`].
#[derive(Debug, Clone)]
pub struct Universal<'t> {
    rest: &'t str,
}

/// Bytes of the end of a line at a place that is one of its first bytes, or 0.
#[inline]
fn end_length(bytes: &[u8]) -> usize {
    match *bytes {
        [b'\r', b'\n', ..] => 2,
        [b'\n' | b'\r' | 0x0b | 0x0c | 0x1c..=0x1e, ..] => 1,
        [0xc2, 0x85, ..] => 2,
        [0xe2, 0x80, 0xa8 | 0xa9, ..] => 3,
        _ => 0,
    }
}

/// Whether the end of a line can begin with a byte.
const ENDS: [bool; 256] = {
    let mut ends = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        ends[byte] = matches!(byte as u8, b'\n'..=b'\r' | 0x1c..=0x1e | 0xc2 | 0xe2);
        byte += 1;
    }
    ends
};

impl<'t> Iterator for Universal<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        if self.rest.is_empty() {
            return None;
        }
        let bytes = self.rest.as_bytes();
        let mut from = 0;
        while let Some(place) = bytes[from..].iter().position(|byte| ENDS[usize::from(*byte)]) {
            let start = from + place;
            let length = end_length(&bytes[start..]);
            if length > 0 {
                let (line, rest) = (&self.rest[..start], &self.rest[start + length..]);
                self.rest = rest;
                return Some(line);
            }
            from = start + 1;
        }
        Some(std::mem::take(&mut self.rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_each_tool_says() {
        let text = "\none\n\n\ntwo\r\nthree\u{85}four\u{2028}";
        let collect = |lines: &mut dyn Iterator<Item = &'static str>| lines.collect::<Vec<_>>();
        assert_eq!(
            collect(&mut by_feeds(text)),
            ["", "one", "two\r", "three\u{85}four\u{2028}"]
        );
        assert_eq!(
            collect(&mut universal(text)),
            ["", "one", "", "", "two", "three", "four"]
        );
        assert_eq!(
            collect(&mut paragraphs(text)),
            ["\none", "two\r\nthree\u{85}four\u{2028}"]
        );
        assert_eq!(collect(&mut by_feed("\n")), ["", ""]);
        assert_eq!(collect(&mut by_feeds("")), [""]);
        assert_eq!(collect(&mut paragraphs("\n\n")), ["", ""]);
        assert!(collect(&mut universal("")).is_empty());
    }
}
