use super::simple::{VALUES, inverse};
use super::{Coding, read, write};
use crate::half;

const BYTES: usize = 34;

/// A scale d, and codes q of eight bits with a sign: d q.
pub(crate) const CODING: Coding = Coding {
    name: "Q8_0",
    id: 8,
    values: VALUES,
    bytes: BYTES,
    dequantise: |bytes, out| read(bytes, out, decode),
    quantise: |values, out| write(values, out, encode),
};

fn decode([d0, d1, codes @ ..]: &[u8; BYTES], out: &mut [f32; VALUES]) {
    let scale = half::read([*d0, *d1]);
    for (value, &code) in out.iter_mut().zip(codes) {
        *value = scale * f32::from(code.cast_signed());
    }
}

fn encode(values: &[f32; VALUES], block: &mut [u8; BYTES]) {
    let most = values.iter().fold(0.0f32, |most, value| most.max(value.abs()));
    let scale = most / 127.0;
    let inverse = inverse(scale);
    block[..2].copy_from_slice(&half::write(scale));
    for (code, value) in block[2..].iter_mut().zip(values) {
        // Half away from zero.
        *code = ((value * inverse).round() as i8).cast_unsigned();
    }
}
