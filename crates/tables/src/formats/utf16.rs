//! Text of two bytes a sign, as spreadsheets and Windows write it, to UTF-8.

use std::io::{BufRead, Read, Result};

use super::Input;

/// Which byte of a pair comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The low one.
    Little,
    /// The high one.
    Big,
}

/// The order of the bytes of a UTF-16 text that begins like `head`, told by its mark or by the zeros of
/// its first signs.
pub(super) fn order(head: &[u8]) -> Option<Order> {
    match head {
        [0xff, 0xfe, ..] => Some(Order::Little),
        [0xfe, 0xff, ..] => Some(Order::Big),
        [first, 0, third, 0, ..] if *first > 0 && *third > 0 => Some(Order::Little),
        [0, second, 0, fourth, ..] if *second > 0 && *fourth > 0 => Some(Order::Big),
        _ => None,
    }
}

/// The same text in UTF-8, without its mark.
pub(super) struct Utf16 {
    input: Input,
    order: Order,
    /// Decoded and not yet read.
    ready: Vec<u8>,
    at: usize,
    /// The first of two units that make one sign.
    high: Option<u16>,
    /// The first byte of a unit whose second is not there yet.
    odd: Option<u8>,
    is_start: bool,
}

impl Utf16 {
    pub(super) fn new(input: Input, order: Order) -> Self {
        Self {
            input,
            order,
            ready: Vec::new(),
            at: 0,
            high: None,
            odd: None,
            is_start: true,
        }
    }

    /// Decodes what the input has at hand; false at its end.
    fn more(&mut self) -> Result<bool> {
        let bytes = self.input.fill_buf()?;
        let length = bytes.len();
        let mut units: Vec<u16> = self.high.take().into_iter().collect();
        for byte in bytes {
            let Some(first) = self.odd.take() else {
                self.odd = Some(*byte);
                continue;
            };
            units.push(match self.order {
                Order::Little => u16::from_le_bytes([first, *byte]),
                Order::Big => u16::from_be_bytes([first, *byte]),
            });
        }
        self.input.consume(length);
        if length > 0 {
            self.high = units.pop_if(|unit| (0xd800..0xdc00).contains(unit));
        }
        let cut = (length == 0 && self.odd.take().is_some()).then_some(char::REPLACEMENT_CHARACTER);
        let signs = char::decode_utf16(units).map(|sign| sign.unwrap_or(char::REPLACEMENT_CHARACTER));
        let text: String = signs.chain(cut).collect();
        let is_first = self.is_start && !text.is_empty();
        self.is_start &= text.is_empty();
        let text = match is_first {
            true => text.strip_prefix('\u{feff}').unwrap_or(&text),
            false => &text,
        };
        self.ready = text.as_bytes().to_vec();
        self.at = 0;
        Ok(length > 0 || !self.ready.is_empty())
    }
}

impl Read for Utf16 {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        while self.at == self.ready.len() {
            if !self.more()? {
                return Ok(0);
            }
        }
        let length = into.len().min(self.ready.len() - self.at);
        into[..length].copy_from_slice(&self.ready[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_decoded_whatever_the_pieces_it_comes_in(text in "[ -~é\u{1f600}\n]{2,60}", size in 1..9_usize, big: bool) {
            let units = std::iter::once(0xfeff).chain(text.encode_utf16());
            let bytes: Vec<u8> = units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect();
            let order = order(&bytes);
            prop_assert_eq!(order, Some(if big { Order::Big } else { Order::Little }));
            let input = BufReader::with_capacity(size, std::io::Cursor::new(bytes));
            let mut read = String::new();
            Utf16::new(Box::new(input), order.unwrap()).read_to_string(&mut read).unwrap();
            prop_assert_eq!(read, text);
        }
    }
}
