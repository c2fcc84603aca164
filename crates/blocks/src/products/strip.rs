//! How eight rows lie beside one another, and what a group of their codes is.

use crate::lanes::{BYTES, Lanes, ROWS};

/// Inputs of a group: those that a vector of activations has a scale for.
pub(crate) const GROUP: usize = 32;

/// Vectors of a group's codes, each of four inputs.
pub(crate) const VECTORS: usize = GROUP / 4;

/// Bytes of a group's codes, one each.
pub(crate) const CODES: usize = VECTORS * BYTES;

/// How eight rows of a format lie in a strip.
pub(crate) trait Layout {
    /// Bytes of a strip of so many groups.
    fn bytes(groups: usize) -> usize;

    /// Writes rows, blocks as they are stored, side by side; those that are missing are left as they are, which is zero.
    fn pack(rows: &[&[u8]], groups: usize, strip: &mut [u8]);
}

/// Eight rows of a format in quantised blocks: a strip. Byte `4 row + input % 4` of a vector is of that row and input.
///
/// # Safety of its methods
/// Strips must be as long as [`bytes`](Layout::bytes) of their groups says, and groups among them.
pub(crate) trait Strip: Layout {
    /// Parts of a group that have scales of their own: 1 or 2.
    const PARTS: usize;
    /// Vectors whose products are added in 16 bits, as [`Lanes::unsigned`] says; 0 of signed codes.
    const TOGETHER: usize;
    /// Panels of columns up to which it costs less to unpack a strip for each than to take it apart once for all.
    const DIRECT: usize;
    /// Whether something is added to codes times scales.
    const MINIMA: bool;

    /// The codes of a group.
    unsafe fn codes<L: Lanes>(lanes: L, strip: *const u8, group: usize, groups: usize)
    -> [L::Codes; VECTORS];

    /// What the codes of a part of a group are multiplied by.
    unsafe fn scale<L: Lanes>(
        lanes: L,
        strip: *const u8,
        group: usize,
        groups: usize,
        part: usize,
    ) -> L::Eight;

    /// What is added to them then, for formats of [`MINIMA`](Self::MINIMA).
    unsafe fn minimum<L: Lanes>(
        lanes: L,
        strip: *const u8,
        group: usize,
        groups: usize,
        part: usize,
        scale: L::Eight,
    ) -> L::Eight;
}

/// Where the byte of a row and an input of a group stands among [`CODES`].
pub(crate) fn place(row: usize, input: usize) -> usize {
    input / 4 * BYTES + 4 * row + input % 4
}

/// Puts the four bits of a row's inputs where [`Lanes::low`] and [`Lanes::high`] find those of the first and the second
/// half of a group.
pub(crate) fn put_nibble(codes: &mut [u8], row: usize, input: usize, code: u8) {
    let half = GROUP / 2;
    let shift = if input < half { 0 } else { 4 };
    codes[place(row, input % half)] |= (code & 15) << shift;
}

/// The codes of a group of nibbles.
///
/// # Safety
/// Half of [`CODES`] bytes must be readable.
#[inline(always)]
pub(crate) unsafe fn nibbles<L: Lanes>(lanes: L, from: *const u8) -> [L::Codes; VECTORS] {
    // SAFETY: the caller promises four vectors.
    let [a, b, c, d] = unsafe {
        [
            lanes.codes(from),
            lanes.codes(from.add(BYTES)),
            lanes.codes(from.add(2 * BYTES)),
            lanes.codes(from.add(3 * BYTES)),
        ]
    };
    [
        lanes.low(a),
        lanes.low(b),
        lanes.low(c),
        lanes.low(d),
        lanes.high(a),
        lanes.high(b),
        lanes.high(c),
        lanes.high(d),
    ]
}

/// Puts a bit of a row's input where [`with_fifth`] finds it: bit `vector` of the byte of its place in a vector.
pub(crate) fn put_fifth(bits: &mut [u8], row: usize, input: usize, bit: u8) {
    bits[4 * row + input % 4] |= (bit & 1) << (input / 4);
}

/// Codes of four bits with a fifth one above them.
///
/// # Safety
/// [`BYTES`] bytes must be readable.
#[inline(always)]
pub(crate) unsafe fn with_fifth<L: Lanes>(
    lanes: L,
    codes: [L::Codes; VECTORS],
    bits: *const u8,
) -> [L::Codes; VECTORS] {
    // SAFETY: the caller promises as many bytes.
    let bits = unsafe { lanes.codes(bits) };
    let [a, b, c, d, e, f, g, h] = codes;
    [
        lanes.above::<0, 1, 4>(a, bits),
        lanes.above::<1, 1, 4>(b, bits),
        lanes.above::<2, 1, 4>(c, bits),
        lanes.above::<3, 1, 4>(d, bits),
        lanes.above::<4, 1, 4>(e, bits),
        lanes.above::<5, 1, 4>(f, bits),
        lanes.above::<6, 1, 4>(g, bits),
        lanes.above::<7, 1, 4>(h, bits),
    ]
}

/// Puts the two bytes of a row's number in half precision among those of eight.
pub(crate) fn put_half(halves: &mut [u8], row: usize, half: &[u8]) {
    halves[2 * row..2 * row + 2].copy_from_slice(&half[..2]);
}

/// Bytes of eight numbers in half precision.
pub(crate) const HALVES: usize = 2 * ROWS;
