use super::simple::{VALUES, fifths, five, pack, signed};
use super::{Coding, read, write};
use crate::half;

const BYTES: usize = 22;

/// A scale d, and codes q of five bits, the fifth ones first: d (q - 16).
pub(crate) const CODING: Coding = Coding {
    name: "Q5_0",
    id: 6,
    values: VALUES,
    bytes: BYTES,
    dequantise: |bytes, out| read(bytes, out, decode),
    quantise: |values, out| write(values, out, encode),
};

fn decode(block: &[u8; BYTES], out: &mut [f32; VALUES]) {
    let [d0, d1, h0, h1, h2, h3, nibbles @ ..] = block;
    let (scale, fifth) = (half::read([*d0, *d1]), [*h0, *h1, *h2, *h3]);
    for (place, value) in out.iter_mut().enumerate() {
        *value = scale * (f32::from(five(nibbles, fifth, place)) - 16.0);
    }
}

fn encode(values: &[f32; VALUES], block: &mut [u8; BYTES]) {
    let (scale, codes) = signed(values, 16);
    block[..2].copy_from_slice(&scale);
    block[2..6].copy_from_slice(&fifths(&codes));
    pack(&codes, &mut block[6..]);
}
