//! SentencePiece's map of characters, a trie as a double array and the texts that its leaves point to: checked, since the
//! library looks up whatever it says.

/// The longest text that a character becomes, in bytes: the longest of Unicode's forms has 33.
const LONGEST: usize = 64;

/// Places that a step from one unit may lead to.
const LABELS: usize = 256;

/// Why a map, in base 64, cannot be used; nothing where it can.
pub(super) fn fault(text: &str) -> Option<String> {
    let Some(bytes) = base64(text.as_bytes()) else {
        return Some("it is not base 64".to_owned());
    };
    let Some((size, rest)) = bytes.split_first_chunk() else {
        return Some(format!("it has {} bytes", bytes.len()));
    };
    let size = u32::from_le_bytes(*size) as usize;
    let Some((trie, texts)) = rest.split_at_checked(size).filter(|_| size.is_multiple_of(4)) else {
        return Some(format!(
            "its trie would have {size} of the {} bytes that follow",
            rest.len()
        ));
    };
    let Ok(texts) = std::str::from_utf8(texts) else {
        return Some("its texts are no UTF-8".to_owned());
    };
    let longest = texts.split('\0').map(str::len).max().unwrap_or(0);
    if longest > LONGEST {
        return Some(format!(
            "a character becomes {longest} bytes, and {LONGEST} are the most"
        ));
    }
    let units: Vec<usize> = trie
        .chunks_exact(4)
        .map(|unit| u32::from_le_bytes([unit[0], unit[1], unit[2], unit[3]]) as usize)
        .collect();
    if units.is_empty() {
        return Some("its trie is empty".to_owned());
    }
    let is_sound = |(at, unit): (usize, &usize)| {
        if is_leaf(*unit) {
            return true;
        }
        let base = at ^ offset(*unit);
        if base | (LABELS - 1) >= units.len() {
            return false;
        }
        !has_leaf(*unit) || texts.is_char_boundary(value(units[base]))
    };
    let unsound = units.iter().enumerate().find(|unit| !is_sound(*unit));
    unsound.map(|(at, _)| format!("unit {at} of its trie points outside"))
}

fn is_leaf(unit: usize) -> bool {
    unit >> 31 & 1 == 1
}

fn has_leaf(unit: usize) -> bool {
    unit >> 8 & 1 == 1
}

fn value(unit: usize) -> usize {
    unit & ((1 << 31) - 1)
}

fn offset(unit: usize) -> usize {
    (unit >> 10) << ((unit & (1 << 9)) >> 6)
}

/// The bytes of base 64 with its padding.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text
        .strip_suffix(b"==")
        .or(text.strip_suffix(b"="))
        .unwrap_or(text);
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for group in digits.chunks(4) {
        let mut bits: u32 = 0;
        for digit in group {
            let digit = match digit {
                b'A'..=b'Z' => digit - b'A',
                b'a'..=b'z' => digit - b'a' + 26,
                b'0'..=b'9' => digit - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(digit);
        }
        let count = group.len() * 6 / 8;
        let bits = bits << (32 - 6 * group.len());
        bytes.extend_from_slice(&bits.to_be_bytes()[..count]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_64_is_read() {
        for (text, bytes) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYmE=", "fooba"),
        ] {
            assert_eq!(base64(text.as_bytes()).unwrap(), bytes.as_bytes());
        }
        for text in ["Zg", "Z===", "Zm9v!A==", "Z g="] {
            assert_eq!(base64(text.as_bytes()), None, "{text}");
        }
    }
}
