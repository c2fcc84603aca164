use super::k::{HEAD, PART, VALUES, decode as decode_parts, encode as encode_parts};
use super::{Coding, read, write};

const BYTES: usize = HEAD + VALUES / 2;

/// Eight parts of 32, each with a scale and a minimum, and codes of four bits: of two parts in the halves of 32 bytes.
pub(crate) const CODING: Coding = Coding {
    name: "Q4_K",
    id: 12,
    values: VALUES,
    bytes: BYTES,
    dequantise: |bytes, out| read(bytes, out, decode),
    quantise: |values, out| write(values, out, encode),
};

fn decode(block: &[u8; BYTES], out: &mut [f32; VALUES]) {
    let (head, nibbles) = block.split_first_chunk().expect("a block begins with its head");
    let code = |part: usize, lane: usize| nibbles[part / 2 * PART + lane] >> (part % 2 * 4) & 15;
    decode_parts(head, out, code);
}

fn encode(values: &[f32; VALUES], block: &mut [u8; BYTES]) {
    // From -1 to 1 in tenths.
    let offsets = (0u8..=20).map(|step| -1.0 + 0.1 * f32::from(step));
    let (head, codes) = encode_parts(values, 15, offsets);
    block[..HEAD].copy_from_slice(&head);
    let pairs = codes.chunks_exact(2 * PART);
    for (nibbles, pair) in block[HEAD..].chunks_exact_mut(PART).zip(pairs) {
        for (lane, nibble) in nibbles.iter_mut().enumerate() {
            *nibble = pair[lane] | pair[lane + PART] << 4;
        }
    }
}
