//! What super-blocks of 256 share that have eight parts of 32, each with a scale and a minimum of six bits.

use crate::half;
use crate::search::{affine, nearest};

/// Numbers of a super-block.
pub(super) const VALUES: usize = 256;

/// Numbers of a part.
pub(crate) const PART: usize = 32;

/// Parts.
const PARTS: usize = VALUES / PART;

/// Bytes of the scale, of the scale of minima, and of eight of each in six bits.
pub(crate) const HEAD: usize = 4 + PACKED;

/// Bytes of eight scales and eight minima.
const PACKED: usize = 12;

/// The largest scale or minimum of a part.
const MOST: u8 = 63;

/// Reads a super-block: `code` gives the code of a part's number. Each is d s q - e m by the part's scale s and minimum m.
pub(super) fn decode(head: &[u8; HEAD], out: &mut [f32; VALUES], code: impl Fn(usize, usize) -> u8) {
    let [d0, d1, e0, e1, packed @ ..] = head;
    let [scale, minimum] = [[*d0, *d1], [*e0, *e1]].map(half::read);
    for (part, out) in out.as_chunks_mut::<PART>().0.iter_mut().enumerate() {
        let [own_scale, own_minimum] = unpack(packed, part).map(f32::from);
        let (scale, minimum) = (scale * own_scale, minimum * own_minimum);
        for (lane, value) in out.iter_mut().enumerate() {
            *value = scale * f32::from(code(part, lane)) - minimum;
        }
    }
}

/// The head and the codes, up to `most`, of numbers; `offsets` are what the search adds to `most`.
pub(super) fn encode(
    values: &[f32; VALUES],
    most: u8,
    offsets: impl Iterator<Item = f32> + Clone,
) -> ([u8; HEAD], [u8; VALUES]) {
    let mut codes = [0; VALUES];
    let (mut scales, mut minima) = ([0.0; PARTS], [0.0; PARTS]);
    let parts = values.as_chunks::<PART>().0.iter();
    for (part, (values, codes)) in parts.zip(codes.as_chunks_mut().0).enumerate() {
        let found = affine(values, most, offsets.clone());
        (scales[part], minima[part], *codes) = (found.scale, -found.least, found.codes);
    }
    let head = head(&scales, &minima);
    recode(values, &head, most, &mut codes);
    (head, codes)
}

/// Codes numbers anew with the scales as they are rounded; those of a part without a scale stay.
fn recode(values: &[f32; VALUES], head: &[u8; HEAD], most: u8, codes: &mut [u8; VALUES]) {
    let [d0, d1, e0, e1, packed @ ..] = head;
    let [scale, minimum] = [[*d0, *d1], [*e0, *e1]].map(half::read);
    let parts = values.as_chunks::<PART>().0.iter();
    for (part, (values, codes)) in parts.zip(codes.as_chunks_mut::<PART>().0).enumerate() {
        let [own_scale, own_minimum] = unpack(packed, part).map(f32::from);
        let (scale, minimum) = (scale * own_scale, minimum * own_minimum);
        if scale != 0.0 {
            let code = |value: f32| nearest((value + minimum) / scale).clamp(0, i32::from(most)) as u8;
            *codes = values.map(code);
        }
    }
}

/// Scales and minima of parts, as shares of the largest of each.
fn head(scales: &[f32; PARTS], minima: &[f32; PARTS]) -> [u8; HEAD] {
    let largest = |of: &[f32; PARTS]| of.iter().fold(0.0f32, |most, &value| most.max(value));
    let shares = |of: &[f32; PARTS], largest: f32| {
        let inverse = if largest > 0.0 {
            f32::from(MOST) / largest
        } else {
            0.0
        };
        of.map(|value| (nearest(inverse * value) as u8).min(MOST))
    };
    let (scale, minimum) = (largest(scales), largest(minima));
    let mut head = [0; HEAD];
    head[..2].copy_from_slice(&half::write(scale / f32::from(MOST)));
    head[2..4].copy_from_slice(&half::write(minimum / f32::from(MOST)));
    let (scales, minima) = (shares(scales, scale), shares(minima, minimum));
    pack(&scales, &minima, &mut head[4..]);
    head
}

/// The scale and the minimum of a part of a block, which begins with its head.
pub(crate) fn unpack_head(block: &[u8], part: usize) -> [u8; 2] {
    let packed = block[4..HEAD].first_chunk().expect("a head is as long");
    unpack(packed, part)
}

/// The scale and the minimum of a part: of the first four in the lower six bits of eight bytes; of the others the lower
/// four bits in four more bytes, the upper two above those of the first four.
fn unpack(packed: &[u8; PACKED], part: usize) -> [u8; 2] {
    match part < 4 {
        true => [packed[part] & 63, packed[part + 4] & 63],
        false => [
            packed[part + 4] & 15 | packed[part - 4] >> 6 << 4,
            packed[part + 4] >> 4 | packed[part] >> 6 << 4,
        ],
    }
}

fn pack(scales: &[u8; PARTS], minima: &[u8; PARTS], packed: &mut [u8]) {
    for part in 0..4 {
        packed[part] = scales[part] | scales[part + 4] >> 4 << 6;
        packed[part + 4] = minima[part] | minima[part + 4] >> 4 << 6;
        packed[part + 8] = scales[part + 4] & 15 | minima[part + 4] << 4;
    }
}
