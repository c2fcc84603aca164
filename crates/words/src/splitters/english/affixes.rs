//! Signs that stand by themselves at the beginning of a piece, at its end and inside it.

use crate::classes::is_icon;

/// Punctuation, quotes and dashes that come off either end.
#[inline]
fn is_sign(sign: char) -> bool {
    match sign {
        '\0'..='\x7f' => matches!(
            sign,
            ',' | ':'
                | ';'
                | '!'
                | '?'
                | '('
                | ')'
                | '['
                | ']'
                | '{'
                | '}'
                | '<'
                | '>'
                | '_'
                | '#'
                | '*'
                | '&'
                | '\''
                | '"'
                | '`'
        ),
        '—' | '–' => true,
        _ => is_punctuation(sign) || is_quote(sign) || is_icon(sign),
    }
}

/// Punctuation beyond ASCII.
fn is_punctuation(sign: char) -> bool {
    "…¿؟¡。？！，、；：～·।،۔؛٪".contains(sign)
}

fn is_quote(sign: char) -> bool {
    matches!(sign, '\'' | '"' | '`' | ',')
        || !sign.is_ascii() && "”“‘´’‚„»«「」『』（）〔〕【】《》〈〉〈〉⟦⟧".contains(sign)
}

#[inline]
fn is_currency(sign: char) -> bool {
    matches!(sign, '$' | '£' | '€' | '¥' | '฿' | '﷼' | '\u{20a0}'..='\u{20bf}')
}

#[inline]
fn is_letter(sign: char) -> bool {
    sign.is_alphabetic()
}

/// A small letter, or one of a script without capitals.
#[inline]
fn is_small(sign: char) -> bool {
    sign.is_alphabetic() && !sign.is_uppercase()
}

/// A capital, or a letter of a script without any.
#[inline]
fn is_capital(sign: char) -> bool {
    sign.is_alphabetic() && !sign.is_lowercase()
}

fn dots(bytes: impl Iterator<Item = u8>) -> usize {
    bytes.take_while(|byte| *byte == b'.').count()
}

/// Bytes of the sign that a text begins with, or 0.
#[inline]
pub(super) fn prefix(text: &str) -> usize {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() && !matches!(byte, b'A' | b'C' | b'U');
    if text.bytes().next().is_some_and(is_plain) {
        return 0;
    }
    sign_before(text)
}

fn sign_before(text: &str) -> usize {
    let mut signs = text.chars();
    let Some(first) = signs.next() else { return 0 };
    let second = signs.next();
    let takes = match first {
        '.' => {
            let count = dots(text.bytes());
            return if count > 1 { count } else { 0 };
        }
        '+' => !second.is_some_and(|sign| sign.is_ascii_digit()),
        'A' | 'C' if second == Some('$') => return 2,
        'U' if text.starts_with("US$") => return 3,
        _ => matches!(first, '§' | '%' | '=') || is_sign(first) || is_currency(first),
    };
    if takes { first.len_utf8() } else { 0 }
}

/// Bytes of the sign that a text ends with, or 0.
#[inline]
pub(super) fn suffix(text: &str) -> usize {
    if text.bytes().next_back().is_some_and(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    sign_after(text)
}

fn sign_after(text: &str) -> usize {
    let mut signs = text.chars().rev();
    let Some(last) = signs.next() else { return 0 };
    let before = signs.next();
    match last {
        '.' => {
            let count = dots(text.bytes().rev());
            if count > 1 {
                count
            } else {
                usize::from(before.is_some_and(|before| ends_before_dot(before, signs.next())))
            }
        }
        's' | 'S' if matches!(before, Some('\'' | '’')) => 1 + before.map_or(0, char::len_utf8),
        '…' if before == Some('…') => 2 * '…'.len_utf8(),
        '+' => usize::from(before.is_some_and(|sign| sign.is_ascii_digit())),
        _ if is_sign(last) => last.len_utf8(),
        _ => measure(text),
    }
}

/// Whether a dot is the end of a sentence rather than of an abbreviation, by the two characters before it.
fn ends_before_dot(before: char, earlier: Option<char>) -> bool {
    before.is_ascii_digit()
        || is_small(before)
        || matches!(before, '%' | '²' | '-' | '+' | '|')
        || is_quote(before)
        || matches!(before, ':' | ';' | '!' | '?' | '(' | ')' | '[' | ']' | '{' | '}')
        || matches!(before, '<' | '>' | '_' | '#' | '*' | '&')
        || is_punctuation(before)
        || is_capital(before) && earlier.is_some_and(is_capital)
        || matches!(before, 'C' | 'F' | 'K') && earlier == Some('°')
}

const UNITS: &[&str] = &[
    "kmh", "km²", "km³", "dm²", "dm³", "cm²", "cm³", "mm²", "mm³", "mph", "hPa", "m/s", "mbar", "km/h", "m²",
    "m³", "km", "dm", "cm", "mm", "ha", "µm", "nm", "yd", "in", "ft", "kg", "mg", "µg", "lb", "oz", "Pa",
    "mb", "MB", "kb", "KB", "gb", "GB", "tb", "TB", "m", "g", "t", "T", "G", "M", "K", "%", "км²", "км³",
    "км/ч", "км", "м²", "м³", "м/с", "м", "дм²", "дм³", "дм", "см²", "см³", "см", "мм²", "мм³", "мм", "нм",
    "кг", "мг", "г", "кПа", "Па", "мбар", "Кб", "КБ", "кб", "Мб", "МБ", "мб", "Гб", "ГБ", "гб", "Тб", "ТБ",
];

/// Bytes of the unit or the currency that a text ends with behind a digit, or 0.
fn measure(text: &str) -> usize {
    let bytes = text.as_bytes();
    let Some(digit) = bytes
        .iter()
        .rev()
        .take(9)
        .position(u8::is_ascii_digit)
        .filter(|place| *place > 0)
    else {
        return 0;
    };
    let unit = &text[text.len() - digit..];
    let mut signs = unit.chars();
    let is_sign = signs.next().is_some_and(is_currency) && signs.next().is_none();
    let takes = is_sign || matches!(unit, "US$" | "C$" | "A$") || UNITS.contains(&unit);
    if takes { digit } else { 0 }
}

/// Whether a sign that cuts a word in two may begin with a byte.
const CUTS: [bool; 256] = {
    let mut cuts = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let sign = byte as u8;
        cuts[byte] = byte >= 0x80
            || matches!(
                sign,
                b'+' | b'-' | b'*' | b'^' | b'.' | b',' | b'~' | b':' | b'<' | b'>' | b'=' | b'/'
            );
        byte += 1;
    }
    cuts
};

/// Place and bytes of the first sign from `from` that cuts a piece in two.
pub(super) fn infix(text: &str, from: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut place = from;
    while place < bytes.len() {
        if CUTS[usize::from(bytes[place])] && text.is_char_boundary(place) {
            let length = cut(text, place);
            if length > 0 {
                return Some((place, length));
            }
        }
        place += 1;
    }
    None
}

/// Bytes of the sign at a place that cuts a piece in two, or 0.
fn cut(text: &str, place: usize) -> usize {
    let mut signs = text[place..].chars();
    let Some(sign) = signs.next() else { return 0 };
    let next = signs.next();
    let before = text[..place].chars().next_back();
    let is_before = |is: fn(char) -> bool| before.is_some_and(is);
    let is_next = |is: fn(char) -> bool| next.is_some_and(is);
    let one = |takes: bool| if takes { sign.len_utf8() } else { 0 };
    let is_number_cut = matches!(sign, '+' | '-' | '*' | '^')
        && is_before(|sign| sign.is_ascii_digit())
        && is_next(|sign| sign.is_ascii_digit() || sign == '-');
    if is_number_cut {
        return 1;
    }
    let is_word_before = is_before(|sign| is_letter(sign) || sign.is_ascii_digit());
    match sign {
        '.' if next == Some('.') => dots(text[place..].bytes()),
        '.' => one(is_before(|sign| is_small(sign) || is_quote(sign))
            && is_next(|sign| is_capital(sign) || is_quote(sign))),
        ',' => one(is_before(is_letter) && is_next(is_letter)),
        ':' | '<' | '>' | '=' | '/' => one(is_word_before && is_next(is_letter)),
        '-' | '–' | '—' | '~' if is_word_before => hyphen(&text[place..], sign),
        '…' => sign.len_utf8(),
        _ => one(is_icon(sign)),
    }
}

/// Bytes of the hyphen or dash that a text begins with, of at most three hyphens or two dashes, if a letter follows.
fn hyphen(text: &str, sign: char) -> usize {
    let most = match sign {
        '-' => 3,
        '—' => 2,
        _ => 1,
    };
    let rest = text.trim_start_matches(sign);
    let length = text.len() - rest.len();
    let takes = length <= most * sign.len_utf8() && rest.chars().next().is_some_and(is_letter);
    if takes { length } else { 0 }
}
