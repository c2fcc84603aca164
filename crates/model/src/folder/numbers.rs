//! Numbers as they are published, in single precision.

use safetensors::Dtype;

/// Reads a number of one or two bytes, or more.
pub(super) type Read = fn(&[u8]) -> f32;

/// Bytes of a number of a kind that is read, and how.
pub(super) fn reader(kind: Dtype) -> Option<(usize, Read)> {
    match kind {
        Dtype::F32 => Some((4, |bytes| f32::from_bits(little(bytes)))),
        Dtype::BF16 => Some((2, |bytes| f32::from_bits(little(bytes) << 16))),
        Dtype::F16 => Some((2, |bytes| half(little(bytes)))),
        _ => None,
    }
}

/// Bytes, the lowest first.
fn little(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .rev()
        .fold(0, |bits, &byte| bits << 8 | u32::from(byte))
}

/// A number of IEEE 754's 16 bits: a sign, 5 bits of exponent, 10 of fraction.
fn half(bits: u32) -> f32 {
    let (sign, exponent, fraction) = ((bits & 0x8000) << 16, bits >> 10 & 0x1f, bits & 0x3ff);
    match exponent {
        // Multiples of 2^-24.
        0 => f32::from_bits(sign | (fraction as f32 * 2f32.powi(-24)).to_bits()),
        0x1f => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_sixteen_bits_are_what_their_standards_say() {
        let read = |kind, bits: u16| {
            let (size, read) = reader(kind).unwrap();
            assert_eq!(size, 2);
            read(&bits.to_le_bytes())
        };
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0400, 2f32.powi(-14)),
            (0x0001, 2f32.powi(-24)),
            (0x83ff, -1023.0 * 2f32.powi(-24)),
            (0x3555, 0.333_251_95),
            (0x7c00, f32::INFINITY),
            (0x8000, -0.0),
        ] {
            assert_eq!(read(Dtype::F16, bits).to_bits(), value.to_bits(), "{bits:#06x}");
        }
        assert!(read(Dtype::F16, 0x7e00).is_nan());
        assert_eq!(read(Dtype::BF16, 0xbfc0), -1.5);
        assert!(reader(Dtype::I8).is_none());
    }
}
