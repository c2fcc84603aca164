//! Numbers of IEEE 754's 16 bits, as bytes of blocks.

use ::half::f16;

/// The number that two bytes are, the lower first.
pub(crate) fn read(bytes: [u8; 2]) -> f32 {
    f16::from_le_bytes(bytes).to_f32()
}

/// The bytes of the nearest one, of two as near the even one.
pub(crate) fn write(value: f32) -> [u8; 2] {
    f16::from_f32(value).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_the_standard_says() {
        for (bits, value) in [
            (0x3c00u16, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0400, 2f32.powi(-14)),
            (0x0001, 2f32.powi(-24)),
            (0x83ff, -1023.0 * 2f32.powi(-24)),
            (0x3555, 0.333_251_95),
            (0x7c00, f32::INFINITY),
            (0x8000, -0.0),
        ] {
            assert_eq!(read(bits.to_le_bytes()).to_bits(), value.to_bits(), "{bits:#06x}");
            assert_eq!(write(value), bits.to_le_bytes(), "{value}");
        }
        assert!(read([0, 0x7e]).is_nan() && read(write(f32::NAN)).is_nan());
    }

    /// Every number there is, and the middle between it and the next one, which goes to the even of both.
    #[test]
    fn each_comes_back_and_middles_go_to_the_even_one() {
        for bits in 0..0x7c00u16 {
            let [value, next] = [bits, bits + 1].map(|bits| f64::from(read(bits.to_le_bytes())));
            assert_eq!(write(value as f32), bits.to_le_bytes());
            assert_eq!(write(-value as f32), (bits | 0x8000).to_le_bytes());
            let next = if bits == 0x7bff { 65536.0 } else { next };
            let middle = ((value + next) / 2.0) as f32;
            let even = bits + (bits & 1);
            assert_eq!(write(middle), even.to_le_bytes(), "{middle}");
            assert_eq!(write(middle.next_down()), bits.to_le_bytes());
            assert_eq!(write(middle.next_up()), (bits + 1).to_le_bytes());
        }
    }
}
