//! What blocks of 32 share: a scale from the largest number or from the range, and codes of four or five bits.

use crate::half;

/// Numbers of a block.
pub(super) const VALUES: usize = 32;

/// Bytes of the lower four bits of its codes.
pub(super) const NIBBLES: usize = VALUES / 2;

/// The lower four bits of every code: of the first half of a block in the lower halves of bytes, of the second in the
/// upper ones.
pub(super) fn low(nibbles: &[u8], place: usize) -> u8 {
    match place < NIBBLES {
        true => nibbles[place] & 15,
        false => nibbles[place - NIBBLES] >> 4,
    }
}

/// All five bits of a code, of which `fifth` holds the last one, a bit a code.
pub(super) fn five(nibbles: &[u8], fifth: [u8; 4], place: usize) -> u8 {
    let fifth = u32::from_le_bytes(fifth) >> place & 1;
    low(nibbles, place) | (fifth as u8) << 4
}

/// Packs the lower four bits of codes.
pub(super) fn pack(codes: &[u8; VALUES], nibbles: &mut [u8]) {
    let (first, second) = codes.split_at(NIBBLES);
    for (nibble, (first, second)) in nibbles.iter_mut().zip(first.iter().zip(second)) {
        *nibble = first & 15 | second << 4;
    }
}

/// The fifth bits of codes, a bit a code.
pub(super) fn fifths(codes: &[u8; VALUES]) -> [u8; 4] {
    let bits = codes.iter().enumerate();
    let bits = bits.fold(0, |bits, (place, code)| bits | u32::from(code >> 4 & 1) << place);
    bits.to_le_bytes()
}

/// Codes around `zero` by a scale that makes the number of largest magnitude code 0, and the bytes of that scale.
pub(super) fn signed(values: &[f32; VALUES], zero: u8) -> ([u8; 2], [u8; VALUES]) {
    let larger = |most: f32, &value: &f32| if value.abs() > most.abs() { value } else { most };
    let most = values.iter().fold(0.0, larger);
    let scale = most / -f32::from(zero);
    let inverse = inverse(scale);
    // The cast cuts off, and keeps what is beyond a byte at its end.
    let code = |value: f32| ((value * inverse + (f32::from(zero) + 0.5)) as u8).min(2 * zero - 1);
    (half::write(scale), values.map(code))
}

/// Codes up to `most` from the least number on, and the bytes of the scale and of that number.
pub(super) fn ranged(values: &[f32; VALUES], most: u8) -> ([u8; 2], [u8; 2], [u8; VALUES]) {
    // The first of two zeros, which `min` leaves open.
    let lower = |least: f32, &value: &f32| if value < least { value } else { least };
    let least = values.iter().fold(f32::INFINITY, lower);
    let largest = values
        .iter()
        .fold(f32::NEG_INFINITY, |largest, &value| largest.max(value));
    let scale = (largest - least) / f32::from(most);
    let inverse = inverse(scale);
    let code = |value: f32| (((value - least) * inverse + 0.5) as u8).min(most);
    (half::write(scale), half::write(least), values.map(code))
}

/// One over a scale, and 0 where that is 0.
pub(super) fn inverse(scale: f32) -> f32 {
    if scale == 0.0 { 0.0 } else { 1.0 / scale }
}
