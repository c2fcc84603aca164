//! What scans in chunks of positions are made of.

use super::matmul::{multiply_packed, pack, panels_length};
use super::matrix::{Matrix, Target};
use crate::memory::Buffer;
use crate::parallel::block;
use crate::simd::{LANES, Simd, each_vector};

/// Some positions of a chunk: the first row, counted over all sequences, and how many.
#[derive(Clone, Copy)]
pub(super) struct Chunk {
    pub(super) first: usize,
    pub(super) count: usize,
}

impl Chunk {
    /// The chunk at an index, of that size, of a sequence of that length.
    pub(super) fn of(sequence: usize, length: usize, index: usize, size: usize) -> Self {
        let positions = block(index, size, length);
        Self {
            first: sequence * length + positions.start,
            count: positions.len(),
        }
    }

    /// Columns of its rows among those of all, from `start` on.
    pub(super) fn columns(self, all: &[f32], channels: usize, start: usize, columns: usize) -> Matrix<'_> {
        Matrix::strided(
            &all[self.first * channels + start..],
            self.count,
            columns,
            channels,
        )
    }
}

/// `ln(1 + e^x)`
pub(super) fn softplus(x: f32) -> f32 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// Room for packed right-hand sides.
pub(super) struct Space(Buffer);

impl Space {
    /// Room for products of matrices whose sides are a chunk's positions and the two sides of a state.
    pub(super) fn of(chunk: usize, [rows, columns]: [usize; 2]) -> Self {
        let sides = [chunk, rows, columns];
        let lengths = sides.map(|depth| sides.map(|columns| panels_length(depth, columns)));
        Self(Buffer::any(lengths.into_iter().flatten().max().unwrap_or(0)))
    }

    /// `target = a × b`, or `target += a × b`.
    #[inline(always)]
    pub(super) fn multiply<S: Simd>(
        &mut self,
        simd: S,
        a: Matrix,
        b: Matrix,
        target: Target,
        accumulate: bool,
    ) {
        let packed = pack(simd, b, &mut self.0);
        multiply_packed(simd, a, packed, b.columns(), target, accumulate);
    }
}

/// `exp(sums[row] - sums[j])` for each j up to the row, and zeros after it.
#[inline(always)]
pub(super) fn decay_row<S: Simd>(simd: S, sums: &[f32], row: usize, to: &mut [f32]) {
    // Whole vectors, of which what lies beyond the row is written over.
    let whole = (row + 1).next_multiple_of(LANES).min(sums.len());
    let sum = simd.splat(sums[row]);
    each_vector(
        simd,
        [&sums[..whole]],
        [&mut to[..whole]],
        0.0,
        #[inline(always)]
        |[other], _| [simd.exp(simd.sub(sum, other))],
    );
    to[row + 1..].fill(0.0);
}
