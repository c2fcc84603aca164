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

    /// A vector of the codes of a group.
    unsafe fn codes<L: Lanes>(
        lanes: L,
        strip: *const u8,
        group: usize,
        groups: usize,
        vector: usize,
    ) -> L::Codes;

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

/// The lower four bits of four bytes, and the lowest one.
pub(crate) const NIBBLES: u32 = 0x0f0f_0f0f;
pub(crate) const ONES: u32 = 0x0101_0101;

/// Bytes of four inputs of a row, as its lane of a vector has them: those from the fourfold `index` on.
pub(crate) fn four(bytes: &[u8], index: usize) -> u32 {
    u32::from_le_bytes(bytes.as_chunks().0[index])
}

/// Adds bits of four inputs to a row's lane of a vector.
pub(crate) fn put_four(vectors: &mut [u8], vector: usize, row: usize, four: u32) {
    let lane = &mut vectors.as_chunks_mut().0[vector * ROWS + row];
    *lane = (u32::from_le_bytes(*lane) | four).to_le_bytes();
}

/// Puts the four bits of a row's four inputs of a vector where [`Lanes::low`] and [`Lanes::high`] find those of the first and
/// the second half of a group.
pub(crate) fn put_nibbles(codes: &mut [u8], vector: usize, row: usize, four: u32) {
    let half = VECTORS / 2;
    put_four(codes, vector % half, row, four << (vector / half * 4));
}

/// A vector of the codes of a group of nibbles.
///
/// # Safety
/// Half of [`CODES`] bytes must be readable, and the vector one of [`VECTORS`].
#[inline(always)]
pub(crate) unsafe fn nibbles<L: Lanes>(lanes: L, from: *const u8, vector: usize) -> L::Codes {
    // SAFETY: the caller promises four vectors.
    let both = unsafe { lanes.codes(from.add(vector % (VECTORS / 2) * BYTES)) };
    match vector < VECTORS / 2 {
        true => lanes.low(both),
        false => lanes.high(both),
    }
}

/// Puts a bit of a row's four inputs of a vector, the lowest of each byte, where [`with_fifth`] finds it: bit `vector`.
pub(crate) fn put_fifths(bits: &mut [u8], vector: usize, row: usize, four: u32) {
    put_four(bits, 0, row, four << vector);
}

/// A vector of codes of four bits with a fifth one above them.
///
/// # Safety
/// [`BYTES`] bytes must be readable.
#[inline(always)]
pub(crate) unsafe fn with_fifth<L: Lanes>(
    lanes: L,
    codes: L::Codes,
    bits: *const u8,
    vector: usize,
) -> L::Codes {
    // SAFETY: the caller promises as many bytes.
    let bits = unsafe { lanes.codes(bits) };
    match vector {
        0 => lanes.above::<0, 1, 4>(codes, bits),
        1 => lanes.above::<1, 1, 4>(codes, bits),
        2 => lanes.above::<2, 1, 4>(codes, bits),
        3 => lanes.above::<3, 1, 4>(codes, bits),
        4 => lanes.above::<4, 1, 4>(codes, bits),
        5 => lanes.above::<5, 1, 4>(codes, bits),
        6 => lanes.above::<6, 1, 4>(codes, bits),
        _ => lanes.above::<7, 1, 4>(codes, bits),
    }
}

/// Puts the two bytes of a row's number in half precision among those of eight.
pub(crate) fn put_half(halves: &mut [u8], row: usize, half: &[u8]) {
    halves[2 * row..2 * row + 2].copy_from_slice(&half[..2]);
}

/// Bytes of eight numbers in half precision.
pub(crate) const HALVES: usize = 2 * ROWS;
