use super::simple::{VALUES, low, pack, ranged};
use super::{Coding, read, write};
use crate::half;

const BYTES: usize = 20;

/// A scale d, a least number m, and codes q of four bits: d q + m.
pub(crate) const CODING: Coding = Coding {
    name: "Q4_1",
    id: 3,
    values: VALUES,
    bytes: BYTES,
    dequantise: |bytes, out| read(bytes, out, decode),
    quantise: |values, out| write(values, out, encode),
};

fn decode(block: &[u8; BYTES], out: &mut [f32; VALUES]) {
    let [d0, d1, m0, m1, nibbles @ ..] = block;
    let (scale, least) = (half::read([*d0, *d1]), half::read([*m0, *m1]));
    for (place, value) in out.iter_mut().enumerate() {
        *value = scale * f32::from(low(nibbles, place)) + least;
    }
}

fn encode(values: &[f32; VALUES], block: &mut [u8; BYTES]) {
    let (scale, least, codes) = ranged(values, 15);
    block[..2].copy_from_slice(&scale);
    block[2..4].copy_from_slice(&least);
    pack(&codes, &mut block[4..]);
}
