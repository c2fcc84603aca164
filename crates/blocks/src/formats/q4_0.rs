use super::simple::{VALUES, low, pack, signed};
use super::{Coding, read, write};
use crate::half;

const BYTES: usize = 18;

/// A scale d, and codes q of four bits: d (q - 8).
pub(crate) const CODING: Coding = Coding {
    name: "Q4_0",
    id: 2,
    values: VALUES,
    bytes: BYTES,
    dequantise: |bytes, out| read(bytes, out, decode),
    quantise: |values, out| write(values, out, encode),
};

fn decode([low_scale, high_scale, nibbles @ ..]: &[u8; BYTES], out: &mut [f32; VALUES]) {
    let scale = half::read([*low_scale, *high_scale]);
    for (place, value) in out.iter_mut().enumerate() {
        *value = scale * (f32::from(low(nibbles, place)) - 8.0);
    }
}

fn encode(values: &[f32; VALUES], block: &mut [u8; BYTES]) {
    let (scale, codes) = signed(values, 8);
    block[..2].copy_from_slice(&scale);
    pack(&codes, &mut block[2..]);
}
