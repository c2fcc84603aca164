use super::k::VALUES;
use super::{Coding, read, write};
use crate::half;
use crate::search::{nearest, symmetric};

/// Numbers of a part.
const PART: usize = 16;
const PARTS: usize = VALUES / PART;
const LOW: usize = VALUES / 2;
const HIGH: usize = VALUES / 4;
pub(crate) const BYTES: usize = LOW + HIGH + PARTS + 2;

/// The code of 0.
const ZERO: i32 = 32;

/// Sixteen parts of 16, each with a scale s of eight bits, and codes q of six: d s (q - 32). A half of a block has its lower
/// four bits in 64 bytes, its upper two in 32.
pub(crate) const CODING: Coding = Coding {
    name: "Q6_K",
    id: 14,
    values: VALUES,
    bytes: BYTES,
    dequantise: |bytes, out| read(bytes, out, decode),
    quantise: |values, out| write(values, out, encode),
};

/// Where the code of a number is: the byte of its lower bits and their shift, the byte of its upper bits and theirs.
pub(crate) fn place(index: usize) -> [(usize, usize); 2] {
    let (half, quarter, lane) = (index / 128, index / 32 % 4, index % 32);
    [
        (64 * half + 32 * (quarter % 2) + lane, quarter / 2 * 4),
        (LOW + 32 * half + lane, quarter * 2),
    ]
}

/// The code of a number of a block, from 0 to 63.
fn code(block: &[u8; BYTES], index: usize) -> u8 {
    let [(low, low_shift), (high, high_shift)] = place(index);
    block[low] >> low_shift & 15 | (block[high] >> high_shift & 3) << 4
}

/// The scales of a block's parts, and its own in half precision.
pub(crate) fn scales(block: &[u8; BYTES]) -> (&[u8], &[u8]) {
    block[LOW + HIGH..].split_at(PARTS)
}

fn decode(block: &[u8; BYTES], out: &mut [f32; VALUES]) {
    let (scales, scale) = scales(block);
    let scale = half::read([scale[0], scale[1]]);
    for (part, out) in out.as_chunks_mut::<PART>().0.iter_mut().enumerate() {
        let scale = scale * f32::from(scales[part].cast_signed());
        for (lane, value) in out.iter_mut().enumerate() {
            *value = scale * (f32::from(code(block, part * PART + lane)) - ZERO as f32);
        }
    }
}

fn encode(values: &[f32; VALUES], block: &mut [u8; BYTES]) {
    let mut codes = [0; VALUES];
    let mut scales = [0.0f32; PARTS];
    let parts = || values.as_chunks::<PART>().0.iter();
    for ((values, codes), scale) in parts().zip(codes.as_chunks_mut().0).zip(&mut scales) {
        (*scale, *codes) = symmetric(values, ZERO);
    }
    let larger = |most: f32, &scale: &f32| if scale.abs() > most.abs() { scale } else { most };
    let most = scales.iter().fold(0.0, larger);
    if most.abs() < crate::search::NOTHING {
        return;
    }
    let inverse = -128.0 / most;
    let scale = half::write(1.0 / inverse);
    let own = scales.map(|scale| nearest(inverse * scale).min(127) as i8);
    for ((values, codes), own) in parts().zip(codes.as_chunks_mut::<PART>().0).zip(own) {
        let scale = half::read(scale) * f32::from(own);
        if scale != 0.0 {
            let code = |value: f32| (nearest(value / scale).clamp(-ZERO, ZERO - 1) + ZERO) as u8;
            *codes = values.map(code);
        }
    }
    for (index, code) in codes.iter().enumerate() {
        let [(low, low_shift), (high, high_shift)] = place(index);
        block[low] |= (code & 15) << low_shift;
        block[high] |= code >> 4 << high_shift;
    }
    block[LOW + HIGH..BYTES - 2].copy_from_slice(&own.map(i8::cast_unsigned));
    block[BYTES - 2..].copy_from_slice(&scale);
}
