use super::k::{HEAD, PART, VALUES, decode as decode_parts, encode as encode_parts};
use super::{Coding, read, write};

const FIFTHS: usize = VALUES / 8;
const BYTES: usize = HEAD + FIFTHS + VALUES / 2;

/// Eight parts of 32, each with a scale and a minimum, and codes of five bits: a byte a lane of fifth bits, a bit a part;
/// then the others, of two parts in the halves of 32 bytes.
pub(crate) const CODING: Coding = Coding {
    name: "Q5_K",
    id: 13,
    values: VALUES,
    bytes: BYTES,
    dequantise: |bytes, out| read(bytes, out, decode),
    quantise: |values, out| write(values, out, encode),
};

fn decode(block: &[u8; BYTES], out: &mut [f32; VALUES]) {
    let (head, rest) = block.split_first_chunk().expect("a block begins with its head");
    let (fifths, nibbles) = rest.split_at(FIFTHS);
    let code = |part: usize, lane: usize| {
        let low = nibbles[part / 2 * PART + lane] >> (part % 2 * 4) & 15;
        low | (fifths[lane] >> part & 1) << 4
    };
    decode_parts(head, out, code);
}

fn encode(values: &[f32; VALUES], block: &mut [u8; BYTES]) {
    // From -0.5 to 1 in tenths.
    let offsets = (0u8..=15).map(|step| -0.5 + 0.1 * f32::from(step));
    let (head, codes) = encode_parts(values, 31, offsets);
    block[..HEAD].copy_from_slice(&head);
    let (fifths, nibbles) = block[HEAD..].split_at_mut(FIFTHS);
    for (place, code) in codes.iter().enumerate() {
        let (part, lane) = (place / PART, place % PART);
        fifths[lane] |= code >> 4 << part;
        nibbles[part / 2 * PART + lane] |= (code & 15) << (part % 2 * 4);
    }
}
