//! What the tiles are multiplied by.

use crate::cpu::bf16::{self, Work, blocks_length};
use crate::cpu::matmul::{self, multiply_packed, panels_length};
use crate::cpu::matrix::{Matrix, Target};
use crate::simd::Simd;

/// Products on one thread. Right-hand sides are packed once, for many left-hand sides.
pub(super) trait Products: Copy {
    /// A packed right-hand side.
    type Packed<'a>: Copy;

    /// Rows of the left-hand side that fill the unit: the queries of a tile.
    const ROWS: usize;

    /// The values that packing needs.
    fn space(depth: usize, columns: usize) -> usize;

    /// Packs a right-hand side.
    fn pack<'a>(self, b: Matrix, space: &'a mut [f32]) -> Self::Packed<'a>;

    /// `target = a × b`, or `target += a × b`, with the first `columns` columns and the first `a.columns`
    /// rows of `b`.
    fn multiply(self, a: Matrix, b: Self::Packed<'_>, columns: usize, target: Target, accumulate: bool);
}

/// Products in `f32`.
#[derive(Clone, Copy)]
pub(super) struct Float32<S>(pub(super) S);

impl<S: Simd> Products for Float32<S> {
    type Packed<'a> = matmul::Packed<'a>;

    const ROWS: usize = 56;

    fn space(depth: usize, columns: usize) -> usize {
        panels_length(depth, columns)
    }

    #[inline(always)]
    fn pack<'a>(self, b: Matrix, space: &'a mut [f32]) -> Self::Packed<'a> {
        matmul::pack(self.0, b, space)
    }

    #[inline(always)]
    fn multiply(self, a: Matrix, b: Self::Packed<'_>, columns: usize, target: Target, accumulate: bool) {
        multiply_packed(self.0, a, b, columns, target, accumulate);
    }
}

impl Products for &Work {
    type Packed<'a> = bf16::Packed<'a>;

    const ROWS: usize = 64;

    fn space(depth: usize, columns: usize) -> usize {
        blocks_length(depth, columns)
    }

    fn pack<'a>(self, b: Matrix, space: &'a mut [f32]) -> Self::Packed<'a> {
        Work::pack(self, b, space)
    }

    fn multiply(self, a: Matrix, b: Self::Packed<'_>, columns: usize, target: Target, accumulate: bool) {
        Work::multiply(self, a, b, columns, target, accumulate);
    }
}
