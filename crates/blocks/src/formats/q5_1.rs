use super::simple::{VALUES, fifths, five, pack, ranged};
use super::{Coding, read, write};
use crate::half;

const BYTES: usize = 24;

/// A scale d, a least number m, and codes q of five bits, the fifth ones first: d q + m.
pub(crate) const CODING: Coding = Coding {
    name: "Q5_1",
    id: 7,
    values: VALUES,
    bytes: BYTES,
    dequantise: |bytes, out| read(bytes, out, decode),
    quantise: |values, out| write(values, out, encode),
};

fn decode(block: &[u8; BYTES], out: &mut [f32; VALUES]) {
    let [d0, d1, m0, m1, h0, h1, h2, h3, nibbles @ ..] = block;
    let (scale, least) = (half::read([*d0, *d1]), half::read([*m0, *m1]));
    let fifth = [*h0, *h1, *h2, *h3];
    for (place, value) in out.iter_mut().enumerate() {
        *value = scale * f32::from(five(nibbles, fifth, place)) + least;
    }
}

fn encode(values: &[f32; VALUES], block: &mut [u8; BYTES]) {
    let (scale, least, codes) = ranged(values, 31);
    block[..2].copy_from_slice(&scale);
    block[2..4].copy_from_slice(&least);
    block[4..8].copy_from_slice(&fifths(&codes));
    pack(&codes, &mut block[8..]);
}
