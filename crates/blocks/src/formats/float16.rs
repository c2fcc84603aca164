use super::{Coding, read, write};
use crate::half;

/// Numbers of half precision.
pub(crate) const CODING: Coding = Coding {
    name: "F16",
    id: 1,
    values: 1,
    bytes: 2,
    dequantise: |bytes, out| read::<2, 1>(bytes, out, |bytes, [value]| *value = half::read(*bytes)),
    quantise: |values, out| write::<2, 1>(values, out, |[value], bytes| *bytes = half::write(*value)),
};
