//! Classes of characters, as the tools define them whose verdicts hang on them.

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// Characters beyond ASCII that datatrove takes for punctuation, as first and last of each run.
#[rustfmt::skip]
const PUNCTUATION: &[(u32, u32)] = &[
    (0x80, 0x9f), (0xab, 0xab), (0xb4, 0xb4), (0xbb, 0xbb), (0x2013, 0x2014), (0x2019, 0x2019),
    (0x201c, 0x201e), (0x2026, 0x2026), (0x2236, 0x2236), (0x2501, 0x2501), (0x25ba, 0x25ba),
    (0x3001, 0x3002), (0x3008, 0x300d), (0x3010, 0x3011), (0xff01, 0xff01), (0xff05, 0xff05),
    (0xff08, 0xff09), (0xff0c, 0xff0c), (0xff0e, 0xff0e), (0xff11, 0xff11), (0xff1a, 0xff1b),
    (0xff1f, 0xff1f), (0xff5e, 0xff5e),
];

/// Characters beyond ASCII that end a sentence: Unicode's Sentence_Terminal with the ellipses of Khmer and Syriac,
/// as datatrove lists them.
#[rustfmt::skip]
const TERMINAL: &[(u32, u32)] = &[
    (0x589, 0x589), (0x61d, 0x61f), (0x6d4, 0x6d4), (0x700, 0x702), (0x7f9, 0x7f9), (0x837, 0x837),
    (0x839, 0x839), (0x83d, 0x83e), (0x964, 0x965), (0x104a, 0x104b), (0x1362, 0x1362), (0x1367, 0x1368),
    (0x166e, 0x166e), (0x1735, 0x1736), (0x17d4, 0x17d6), (0x17d9, 0x17da), (0x1803, 0x1803),
    (0x1809, 0x1809), (0x1944, 0x1945), (0x1aa8, 0x1aab), (0x1b5a, 0x1b5b), (0x1b5e, 0x1b5f),
    (0x1b7d, 0x1b7e), (0x1c3b, 0x1c3c), (0x1c7e, 0x1c7f), (0x203c, 0x203d), (0x2047, 0x2049),
    (0x2e2e, 0x2e2e), (0x2e3c, 0x2e3c), (0x2e53, 0x2e54), (0x3002, 0x3002), (0xa4ff, 0xa4ff),
    (0xa60e, 0xa60f), (0xa6f3, 0xa6f3), (0xa6f7, 0xa6f7), (0xa876, 0xa877), (0xa8ce, 0xa8cf),
    (0xa92f, 0xa92f), (0xa9c8, 0xa9c9), (0xaa5d, 0xaa5f), (0xaaf0, 0xaaf1), (0xabeb, 0xabeb),
    (0xfe52, 0xfe52), (0xfe56, 0xfe57), (0xff01, 0xff01), (0xff0e, 0xff0e), (0xff1f, 0xff1f),
    (0xff61, 0xff61), (0x10a56, 0x10a57), (0x10f55, 0x10f59), (0x10f86, 0x10f89), (0x11047, 0x11048),
    (0x110be, 0x110c1), (0x11141, 0x11143), (0x111c5, 0x111c6), (0x111cd, 0x111cd), (0x111de, 0x111df),
    (0x11238, 0x11239), (0x1123b, 0x1123c), (0x112a9, 0x112a9), (0x1144b, 0x1144c), (0x115c2, 0x115c3),
    (0x115c9, 0x115d7), (0x11641, 0x11642), (0x1173c, 0x1173e), (0x11944, 0x11944), (0x11946, 0x11946),
    (0x11a42, 0x11a43), (0x11a9b, 0x11a9c), (0x11c41, 0x11c42), (0x11ef7, 0x11ef8), (0x11f43, 0x11f44),
    (0x16a6e, 0x16a6f), (0x16af5, 0x16af5), (0x16b37, 0x16b38), (0x16b44, 0x16b44), (0x16e98, 0x16e98),
    (0x1bc9f, 0x1bc9f), (0x1da88, 0x1da88),
];

fn is_within(table: &[(u32, u32)], sign: char) -> bool {
    let code = sign as u32;
    let place = table.partition_point(|(_, last)| *last < code);
    table.get(place).is_some_and(|(first, _)| *first <= code)
}

/// Whether datatrove's rules turn a character into a space where they remove punctuation: all of ASCII that is neither
/// letter, digit, space, tab nor line feed, and some beyond.
#[inline]
pub fn is_removed_punctuation(sign: char) -> bool {
    match sign {
        ' ' | '\t' | '\n' => false,
        '\0'..='\x7f' => !sign.is_ascii_alphanumeric(),
        _ => is_within(PUNCTUATION, sign),
    }
}

/// Whether a sentence ends with a character.
#[inline]
pub fn is_terminal(sign: char) -> bool {
    match sign {
        '\0'..='\x7f' => matches!(sign, '.' | '!' | '?'),
        _ => is_within(TERMINAL, sign),
    }
}

/// Whether a character is punctuation to datatrove's Gopher rules: a word of these alone is a symbol.
#[inline]
pub fn is_symbol(sign: char) -> bool {
    is_removed_punctuation(sign) || !sign.is_ascii() && is_terminal(sign)
}

/// Whether a character is a letter as Python's `isalpha` says: of one of Unicode's categories of letters.
#[inline]
pub fn is_letter(sign: char) -> bool {
    match sign {
        '\0'..='\x7f' => sign.is_ascii_alphabetic(),
        _ => sign.general_category_group() == GeneralCategoryGroup::Letter,
    }
}

/// Whether a character is a digit of decimal numbers in any script.
#[inline]
pub fn is_digit(sign: char) -> bool {
    match sign {
        '\0'..='\x7f' => sign.is_ascii_digit(),
        _ => sign.general_category() == GeneralCategory::DecimalNumber,
    }
}

/// Whether a character is of one of Unicode's categories of punctuation.
#[inline]
pub fn is_unicode_punctuation(sign: char) -> bool {
    match sign {
        '\0'..='\x7f' => {
            sign.is_ascii_punctuation()
                && !matches!(sign, '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~')
        }
        _ => sign.general_category_group() == GeneralCategoryGroup::Punctuation,
    }
}

/// Whether a character is a mark upon the one before it that takes no room.
#[inline]
pub fn is_mark(sign: char) -> bool {
    !sign.is_ascii() && sign.general_category() == GeneralCategory::NonspacingMark
}

/// Whether a character is a symbol such as dingbats and emoji.
#[inline]
pub(crate) fn is_icon(sign: char) -> bool {
    !sign.is_ascii() && sign.general_category() == GeneralCategory::OtherSymbol
}

/// Whether a character is a space as Python's `isspace` says: Unicode's White_Space and the four separators of
/// information of ASCII.
#[inline]
pub fn is_space(sign: char) -> bool {
    match sign {
        '\0'..='\x7f' => matches!(sign, ' ' | '\t'..='\r' | '\x1c'..='\x1f'),
        _ => sign.is_whitespace(),
    }
}

/// A text without the spaces at its beginning, by [`is_space`].
#[inline]
pub fn trim_start(text: &str) -> &str {
    text.trim_start_matches(is_space)
}

/// A text without the spaces at its end, by [`is_space`].
#[inline]
pub fn trim_end(text: &str) -> &str {
    text.trim_end_matches(is_space)
}

/// A text without the spaces around it, by [`is_space`].
#[inline]
pub fn trim(text: &str) -> &str {
    trim_end(trim_start(text))
}
