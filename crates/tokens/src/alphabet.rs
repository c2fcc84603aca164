//! The characters that stand for bytes in a byte-level vocabulary: printable Latin-1 stands for itself, the others
//! for the code points from 256 on, in order.

use std::sync::LazyLock;

static CHARACTERS: LazyLock<[char; 256]> = LazyLock::new(|| {
    let mut next = 256;
    std::array::from_fn(|byte| {
        let code = match byte as u32 {
            0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff => byte as u32,
            _ => {
                next += 1;
                next - 1
            }
        };
        char::from_u32(code).expect("below 512, where every number is a character")
    })
});

/// A word as its vocabulary spells it.
pub(crate) fn spelled(word: &[u8]) -> String {
    word.iter().map(|byte| CHARACTERS[usize::from(*byte)]).collect()
}

/// The bytes that a token of a byte-level vocabulary stands for; nothing where a character stands for none.
pub(crate) fn bytes(token: &str) -> Option<Vec<u8>> {
    let byte = |character: char| match character as u32 {
        code @ (0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff) => Some(code as u8),
        code @ 0x100..=0x143 => CHARACTERS
            .iter()
            .position(|known| *known as u32 == code)
            .map(|at| at as u8),
        _ => None,
    };
    token.chars().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_a_character_of_its_own_and_comes_back() {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        assert_eq!(bytes(&spelled(&all)), Some(all));
        assert_eq!(spelled("Ġ é\n".as_bytes()), "Ä\u{142}ĠÃ©Ċ");
        assert_eq!(bytes("a b"), None);
        assert_eq!(bytes("\u{144}"), None);
    }
}
