use super::{Coding, read, write};

/// The upper halves of numbers of single precision.
pub(crate) const CODING: Coding = Coding {
    name: "BF16",
    id: 30,
    values: 1,
    bytes: 2,
    dequantise: |bytes, out| {
        read::<2, 1>(bytes, out, |&[low, high], [value]| {
            *value = f32::from_le_bytes([0, 0, low, high])
        })
    },
    quantise: |values, out| write::<2, 1>(values, out, |[value], bytes| *bytes = rounded(*value)),
};

/// The nearest one, of two as near the even one; what is no number becomes a quiet one.
fn rounded(value: f32) -> [u8; 2] {
    let bits = value.to_bits();
    let upper = match value.is_nan() {
        true => bits >> 16 | 0x40,
        false => (bits + 0x7fff + (bits >> 16 & 1)) >> 16,
    };
    (upper as u16).to_le_bytes()
}
