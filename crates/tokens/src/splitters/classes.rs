//! Classes of characters, from the same Unicode tables as the library's regular expressions, so that the two cannot
//! drift apart.

use std::sync::LazyLock;

use regex_syntax::hir::{Class as HirClass, HirKind};

/// Classes that a character is of, a bit a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Classes(u8);

impl Classes {
    /// `\p{L}`.
    pub(super) const LETTER: Self = Self(1);
    /// `\p{N}`.
    pub(super) const NUMBER: Self = Self(2);
    /// `\s`.
    pub(super) const SPACE: Self = Self(4);
    /// `\p{P}`.
    pub(super) const PUNCTUATION: Self = Self(8);
    /// Letters, numbers and white space, the classes that all patterns tell apart; what is of none is the fourth.
    pub(super) const KINDS: Self = Self(7);

    pub(super) fn is(self, any: Self) -> bool {
        self.0 & any.0 != 0
    }

    /// Which of letters, numbers, white space and the rest.
    pub(super) fn kind(self) -> Self {
        Self(self.0 & Self::KINDS.0)
    }
}

/// The classes of every code point.
static CLASSES: LazyLock<Box<[Classes]>> = LazyLock::new(|| {
    let mut classes = vec![Classes(0); char::MAX as usize + 1];
    for (pattern, class) in [
        (r"\p{L}", Classes::LETTER),
        (r"\p{N}", Classes::NUMBER),
        (r"\s", Classes::SPACE),
        (r"\p{P}", Classes::PUNCTUATION),
    ] {
        let parsed = regex_syntax::parse(pattern).expect("a fixed pattern of the Unicode tables");
        let HirKind::Class(HirClass::Unicode(ranges)) = parsed.kind() else {
            unreachable!("a Unicode class parses as one");
        };
        for range in ranges.iter() {
            for of in &mut classes[range.start() as usize..=range.end() as usize] {
                of.0 |= class.0;
            }
        }
    }
    classes.into_boxed_slice()
});

#[cfg(test)]
thread_local! {
    /// How often a character was looked at on this thread.
    pub(super) static LOOKS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// A text whose characters are looked at.
#[derive(Clone, Copy)]
pub(super) struct Characters<'t> {
    text: &'t str,
    classes: &'static [Classes],
}

impl<'t> Characters<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self {
            text,
            classes: &CLASSES,
        }
    }

    pub(super) fn bytes(self) -> &'t [u8] {
        self.text.as_bytes()
    }

    /// The classes and the length in bytes of the character that starts at a byte; nothing at the text's end.
    #[inline]
    pub(super) fn at(self, at: usize) -> Option<(Classes, usize)> {
        #[cfg(test)]
        LOOKS.set(LOOKS.get() + 1);
        let byte = *self.bytes().get(at)?;
        if byte < 0x80 {
            return Some((self.classes[usize::from(byte)], 1));
        }
        let character = self.text[at..].chars().next()?;
        Some((self.classes[character as usize], character.len_utf8()))
    }

    /// Where a run of characters ends whose classes are as `belongs` wants them, of which `start` bytes are known.
    pub(super) fn run(self, start: usize, belongs: impl Fn(Classes) -> bool) -> usize {
        let mut end = start;
        while let Some((classes, length)) = self.at(end) {
            if !belongs(classes) {
                break;
            }
            end += length;
        }
        end
    }

    /// Where a run of one kind ends, of which `start` bytes are known.
    pub(super) fn kind(self, start: usize, kind: Classes) -> usize {
        self.run(start, |classes| classes.kind() == kind.kind())
    }

    /// Where white space that starts the text ends by `\s+(?!\S)|\s+`: before a word it leaves its last character
    /// to the word, if there is more than one.
    pub(super) fn white_space(self) -> usize {
        let (mut end, mut last) = (0, 0);
        while let Some((classes, length)) = self.at(end) {
            if !classes.is(Classes::SPACE) {
                return if last > 0 { last } else { end };
            }
            last = end;
            end += length;
        }
        end
    }
}
