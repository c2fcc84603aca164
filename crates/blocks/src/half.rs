//! Numbers of IEEE 754's 16 bits: a sign, 5 bits of exponent, 10 of fraction.

/// The number that two bytes are, the lower first.
pub(crate) fn read(bytes: [u8; 2]) -> f32 {
    let bits = u32::from(u16::from_le_bytes(bytes));
    let (sign, exponent, fraction) = ((bits & 0x8000) << 16, bits >> 10 & 0x1f, bits & 0x3ff);
    match exponent {
        // Multiples of 2^-24.
        0 => f32::from_bits(sign | (fraction as f32 * f32::from_bits(0x3380_0000)).to_bits()),
        0x1f => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

/// The bytes of the nearest one, of two as near the even one.
pub(crate) fn write(value: f32) -> [u8; 2] {
    let bits = value.to_bits();
    let magnitude = bits & 0x7fff_ffff;
    let rounded = match magnitude {
        // No number, and a quiet one.
        0x7f80_0001.. => 0x7e00 | magnitude >> 13 & 0x3ff,
        // From half a step above the largest one on.
        0x477f_f000.. => 0x7c00,
        0x3880_0000.. => (magnitude - (112 << 23) + 0xfff + (magnitude >> 13 & 1)) >> 13,
        // Multiples of 2^-24, which are the steps of numbers from a half to one.
        _ => (f32::from_bits(magnitude) + 0.5).to_bits() - 0.5f32.to_bits(),
    };
    ((bits >> 16 & 0x8000 | rounded) as u16).to_le_bytes()
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
