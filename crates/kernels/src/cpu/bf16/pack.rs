//! Rounding to bf16 and packing in blocks.

use std::arch::x86_64::*;

use super::unit::Avx512Bf16;
use super::{BLOCK, SIDE};
use crate::cpu::matrix::Matrix;
use crate::simd::{Avx512, LANES, Simd};

/// What the rows of a packed tile are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Lanes: a tile of the left-hand side.
    Lanes,
    /// Pairs of neighbours in depth: a tile of the right-hand side.
    Pairs,
}

/// Packs at most 32 lanes (the rows of `part`) and 32 of depth (its columns) into a block, filled up with
/// zeros.
///
/// # Panics
/// If the part is larger than a block, or `to` is not one.
pub(super) fn pack(avx512: Avx512Bf16, part: Matrix, form: Form, to: &mut [f32]) {
    assert!(
        part.rows() <= SIDE && part.columns() <= SIDE && to.len() == BLOCK,
        "one block"
    );
    avx512.call(
        #[inline(always)]
        || {
            let (upper, lower) = to.split_at_mut(BLOCK / 2);
            let split = part.rows().min(LANES);
            pack_tile(avx512, part.part(0, split, 0, part.columns()), form, upper);
            pack_tile(
                avx512,
                part.part(split, part.rows() - split, 0, part.columns()),
                form,
                lower,
            );
        },
    );
}

/// Packs at most 32 lanes that are stored by rows, of any depth, into tiles of lanes, block after block. It goes
/// row by row, so that the reads are one stream.
///
/// # Panics
/// If the lanes are more or stored otherwise, or `to` does not have a block for each 32 of depth.
pub(super) fn pack_rows(avx512: Avx512Bf16, part: Matrix, to: &mut [f32]) {
    assert!(
        part.rows() <= SIDE && part.is_stored_by_rows() && to.len() == part.columns().div_ceil(SIDE) * BLOCK,
        "blocks of 32 rows"
    );
    avx512.call(
        #[inline(always)]
        || {
            let simd = avx512.plain();
            for lane in 0..SIDE {
                let mut row = if lane < part.rows() { part.row(lane) } else { &[] };
                // The upper tile's sixteen rows of sixteen pairs, then the lower one's.
                let mut at = lane * LANES;
                while at < to.len() {
                    let (values, rest) = row.split_at(row.len().min(SIDE));
                    let (first, second) = halves(values);
                    let (first, second) = (simd.load_partial(first, 0.0), simd.load_partial(second, 0.0));
                    // SAFETY: `avx512` proves the instruction.
                    let rounded = unsafe { as_floats(_mm512_cvtne2ps_pbh(second, first)) };
                    simd.store_partial(rounded, &mut to[at..at + LANES]);
                    (row, at) = (rest, at + BLOCK);
                }
            }
        },
    );
}

/// Packs at most sixteen lanes and 32 of depth.
#[inline(always)]
fn pack_tile(avx512: Avx512Bf16, part: Matrix, form: Form, tile: &mut [f32]) {
    let simd = avx512.plain();
    let mut vectors = [simd.splat(0.0); LANES];
    let natural = if part.is_stored_by_rows() {
        for (lane, vector) in vectors.iter_mut().enumerate().take(part.rows()) {
            let (first, second) = halves(part.row(lane));
            let (first, second) = (simd.load_partial(first, 0.0), simd.load_partial(second, 0.0));
            // SAFETY: `avx512` proves the instruction.
            *vector = unsafe { as_floats(_mm512_cvtne2ps_pbh(second, first)) };
        }
        Form::Lanes
    } else {
        let depth = part.transposed();
        for (pair, vector) in vectors.iter_mut().enumerate().take(part.columns().div_ceil(2)) {
            let first = simd.load_partial(depth.row(2 * pair), 0.0);
            let odd = 2 * pair + 1;
            let second = if odd < depth.rows() {
                simd.load_partial(depth.row(odd), 0.0)
            } else {
                simd.splat(0.0)
            };
            *vector = interleave(avx512, first, second);
        }
        Form::Pairs
    };
    let vectors = if natural == form {
        vectors
    } else {
        simd.transpose(vectors)
    };
    for (vector, to) in vectors.iter().zip(tile.chunks_exact_mut(LANES)) {
        simd.store_partial(*vector, to);
    }
}

#[inline(always)]
fn halves(row: &[f32]) -> (&[f32], &[f32]) {
    row.split_at(row.len().min(LANES))
}

/// Rounds both and puts the values side by side: first 0, second 0, first 1, second 1, …
#[inline(always)]
fn interleave(_: Avx512Bf16, first: <Avx512 as Simd>::Floats, second: <Avx512 as Simd>::Floats) -> __m512 {
    const ORDER: [u16; 32] = {
        let mut order = [0; 32];
        let mut index = 0;
        while index < 32 {
            order[index] = (index / 2 + index % 2 * 16) as u16;
            index += 1;
        }
        order
    };
    // SAFETY: the proof is the first argument; the order is 64 bytes.
    unsafe {
        let order = _mm512_loadu_si512(ORDER.as_ptr().cast());
        let both = as_floats(_mm512_cvtne2ps_pbh(second, first));
        _mm512_castsi512_ps(_mm512_permutexvar_epi16(order, _mm512_castps_si512(both)))
    }
}

/// The same bits as a vector of floats.
///
/// # Safety
/// The processor must have AVX-512 BF16.
#[inline(always)]
unsafe fn as_floats(bits: __m512bh) -> __m512 {
    // SAFETY: both types are 64 bytes that hold any bits.
    unsafe { std::mem::transmute(bits) }
}
