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

    /// A row as products take it, in `space` where that is another one.
    fn taken<'a>(self, row: &'a [f32], space: &'a mut [f32]) -> &'a [f32];
}

/// Products in `f32`.
#[derive(Clone, Copy)]
pub(super) struct Float32<S>(pub(super) S);

impl<S: Simd> Products for Float32<S> {
    type Packed<'a> = matmul::Packed<'a>;

    // Few, for of their keys those that come later are multiplied in vain.
    const ROWS: usize = 4 * S::TILE.rows;

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

    #[inline(always)]
    fn taken<'a>(self, row: &'a [f32], _: &'a mut [f32]) -> &'a [f32] {
        row
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

    #[inline(always)]
    fn taken<'a>(self, row: &'a [f32], space: &'a mut [f32]) -> &'a [f32] {
        space
            .iter_mut()
            .zip(row)
            .for_each(|(rounded, &exact)| *rounded = bf16::round(exact));
        space
    }
}

/// A right-hand side to be multiplied by rows with zeros where something is hidden.
pub(super) struct Guarded<'a, P: Products> {
    packed: P::Packed<'a>,
    plain: Matrix<'a>,
    /// Whether it holds no infinity and no not-a-number: zero times these is not zero.
    pub(super) finite: bool,
}

impl<'a, P: Products> Guarded<'a, P> {
    /// Packs rows.
    #[inline(always)]
    pub(super) fn new(products: P, rows: Matrix<'a>, space: &'a mut [f32], finite: bool) -> Self {
        Self {
            packed: products.pack(rows, space),
            plain: rows,
            finite,
        }
    }

    /// `sums = a × b`, or `sums += a × b`, with the first `a.columns` rows of `b`. Element (i, k) of `a` is zero
    /// where not `seen(i, k)`, and then row k of `b` leaves row i of the sums as it is.
    #[inline(always)]
    pub(super) fn multiply(
        &self,
        products: P,
        a: Matrix,
        columns: usize,
        sums: &mut [f32],
        accumulate: bool,
        seen: impl Fn(usize, usize) -> bool,
    ) {
        if self.finite {
            products.multiply(a, self.packed, columns, Target::new(sums, columns), accumulate);
        } else {
            multiply_seen(a, self.plain, sums, accumulate, seen);
        }
    }
}

#[cold]
#[inline(never)]
fn multiply_seen(
    a: Matrix,
    b: Matrix,
    sums: &mut [f32],
    accumulate: bool,
    seen: impl Fn(usize, usize) -> bool,
) {
    for (i, sums) in sums.chunks_exact_mut(b.columns()).take(a.rows()).enumerate() {
        if !accumulate {
            sums.fill(0.0);
        }
        for k in (0..a.columns()).filter(|&k| seen(i, k)) {
            let factor = a.at(i, k);
            sums.iter_mut()
                .zip(b.row(k))
                .for_each(|(sum, b)| *sum += factor * b);
        }
    }
}
