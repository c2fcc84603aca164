//! The pattern that GPT-2 splits text into words by, written out by hand:
//!
//! `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
//!
//! It is the `ByteLevel` pre-tokenizer of the `tokenizers` library. The classes come from the same
//! Unicode tables as the library's regular expressions, so that the two cannot drift apart.

use std::sync::LazyLock;

use regex_syntax::hir::{Class as HirClass, HirKind};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Class {
    Other,
    Letter,
    Number,
    Space,
}

/// The class of every code point.
static CLASSES: LazyLock<Box<[Class]>> = LazyLock::new(|| {
    let mut classes = vec![Class::Other; char::MAX as usize + 1];
    for (pattern, class) in [
        (r"\p{L}", Class::Letter),
        (r"\p{N}", Class::Number),
        (r"\s", Class::Space),
    ] {
        let parsed = regex_syntax::parse(pattern).expect("a fixed pattern of the Unicode tables");
        let HirKind::Class(HirClass::Unicode(ranges)) = parsed.kind() else {
            unreachable!("a Unicode class parses as one");
        };
        for range in ranges.iter() {
            classes[range.start() as usize..=range.end() as usize].fill(class);
        }
    }
    classes.into_boxed_slice()
});

/// The words of a text: they follow one another without gaps from its start to its end.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    let classes: &[Class] = &CLASSES;
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = word_end(rest, classes)?;
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

/// Where the first word of a text ends; nothing for an empty text.
fn word_end(text: &str, classes: &[Class]) -> Option<usize> {
    let (first, length) = class_at(text, 0, classes)?;
    if let Some(end) = contraction(text.as_bytes()) {
        return Some(end);
    }
    if first != Class::Space {
        return Some(run_end(text, length, first, classes));
    }
    if text.starts_with(' ') {
        match class_at(text, 1, classes) {
            Some((Class::Space, _)) => {}
            None => return Some(1),
            Some((class, length)) => return Some(run_end(text, 1 + length, class, classes)),
        }
    }
    // White space before a word leaves its last character to the word, if there is more than one.
    let mut end = length;
    let mut last = 0;
    while let Some((class, length)) = class_at(text, end, classes) {
        if class != Class::Space {
            return Some(if last > 0 { last } else { end });
        }
        last = end;
        end += length;
    }
    Some(end)
}

fn contraction(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'\'', b's' | b't' | b'm' | b'd', ..] => Some(2),
        [b'\'', b'r' | b'v', b'e', ..] | [b'\'', b'l', b'l', ..] => Some(3),
        _ => None,
    }
}

/// Where a run of one class ends, of which `start` bytes are known.
fn run_end(text: &str, start: usize, class: Class, classes: &[Class]) -> usize {
    let mut end = start;
    while let Some((next, length)) = class_at(text, end, classes) {
        if next != class {
            break;
        }
        end += length;
    }
    end
}

/// The class and length in bytes of the character that starts at a byte.
#[inline]
fn class_at(text: &str, at: usize, classes: &[Class]) -> Option<(Class, usize)> {
    let byte = *text.as_bytes().get(at)?;
    if byte < 0x80 {
        return Some((classes[usize::from(byte)], 1));
    }
    let character = text[at..].chars().next()?;
    Some((classes[character as usize], character.len_utf8()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokenizers::pre_tokenizers::byte_level::ByteLevel;
    use tokenizers::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

    /// The library's own words of a text.
    fn reference(text: &str) -> Vec<String> {
        let mut pieces = PreTokenizedString::from(text);
        ByteLevel::new(false, false, true)
            .pre_tokenize(&mut pieces)
            .unwrap();
        pieces
            .get_splits(OffsetReferential::Original, OffsetType::Byte)
            .into_iter()
            .map(|(_, (start, end), _)| text[start..end].to_owned())
            .filter(|word| !word.is_empty())
            .collect()
    }

    fn check(text: &str) {
        assert_eq!(
            super::words(text).collect::<Vec<_>>(),
            reference(text),
            "{text:?}"
        );
    }

    #[test]
    fn words_are_those_of_the_library() {
        for text in [
            "",
            " ",
            "  ",
            "a",
            " a",
            "  a",
            "\n\n  let x = 10;\n",
            "it's they'll 'tis we've '' 'r",
            "\t\tx\t y",
            "日本 語１２3",
            "e\u{301}clair",
            "a\u{a0} b",
            "\u{3000}\u{3000}x",
            "x \n",
            "x\r\n\r\ny",
            "Ⅷ½ ²x_y",
            " 's",
            "  's",
        ] {
            check(text);
        }
    }

    proptest! {
        #[test]
        fn words_are_those_of_the_library_for_any_text(text in any::<String>()) {
            check(&text);
        }

        #[test]
        fn words_are_those_of_the_library_for_likely_text(text in "([ \n\t'a-z0-9]|[!-~]|\u{a0}|é|中|\u{2003}|١){0,60}") {
            check(&text);
        }
    }
}
