use super::{Coding, read, write};

/// Numbers of single precision.
pub(crate) const CODING: Coding = Coding {
    name: "F32",
    id: 0,
    values: 1,
    bytes: 4,
    dequantise: |bytes, out| read::<4, 1>(bytes, out, |bytes, [value]| *value = f32::from_le_bytes(*bytes)),
    quantise: |values, out| write::<4, 1>(values, out, |[value], bytes| *bytes = value.to_le_bytes()),
};
