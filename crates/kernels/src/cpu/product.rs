//! Products of matrices in either precision, and their operands: right-hand sides for any number of products, rows
//! of a left-hand side that a thread makes and multiplies while they are in the cache, and rows that are kept as
//! the depth of a later product.

mod depth;
mod left;

pub(super) use depth::{DepthLeft, Packing};
pub(super) use left::Left;

use super::bf16::{Blocks, SIDE, Work};
use super::matmul::Panels;
use super::matrix::{Matrix, Target, extent};
use crate::Precision;
use crate::parallel;

/// Rows that are packed at a time.
pub(super) const STRIP: usize = SIDE;

/// A right-hand side packed for one precision, for any number of left-hand sides.
pub(super) enum Right {
    Float32(Panels),
    BFloat16(Blocks),
}

impl Right {
    /// Packs a right-hand side, on all threads.
    pub(super) fn new(precision: Precision, b: Matrix) -> Self {
        match precision.rounding() {
            Some(unit) => Self::BFloat16(Blocks::of(unit, b)),
            None => Self::Float32(Panels::of(b)),
        }
    }

    /// A right-hand side that is to be packed a few rows at a time.
    pub(super) fn any(precision: Precision, depth: usize, columns: usize) -> Self {
        match precision.rounding() {
            Some(unit) => Self::BFloat16(Blocks::right(unit, columns, depth)),
            None => Self::Float32(Panels::any(depth, columns)),
        }
    }

    /// Its rows, for several threads to pack.
    pub(super) fn packing(&mut self) -> Packing<'_> {
        match self {
            Self::Float32(panels) => Packing::Panels(panels.packing()),
            Self::BFloat16(blocks) => Packing::Blocks(blocks.packing()),
        }
    }

    /// `target = a × b`, or `target += a × b`, on this thread.
    pub(super) fn multiply(&self, a: Matrix, target: Target, accumulate: bool) {
        match self {
            Self::Float32(panels) => panels.multiply(a, target, accumulate),
            Self::BFloat16(blocks) => blocks.multiply(a, target, accumulate),
        }
    }

    /// The same for rows that are packed.
    ///
    /// # Panics
    /// If the precisions or the inner dimensions differ.
    pub(super) fn multiply_left(&self, left: &Left, target: Target, accumulate: bool) {
        match (self, left) {
            (Self::Float32(panels), Left::Float32(rows)) => {
                let a = rows.matrix();
                assert_eq!(a.columns(), panels.depth(), "the inner dimensions of a product");
                panels.multiply(a, target, accumulate);
            }
            (Self::BFloat16(blocks), Left::BFloat16(left)) => {
                Work::start(left.unit()).multiply_rows(left, blocks, target, accumulate);
            }
            _ => unreachable!("operands of one precision"),
        }
    }

    /// `product = leftᵀ × right`, summed over the rows of both, on all threads.
    ///
    /// # Panics
    /// If the precisions, the rows or the length of the product do not agree.
    pub(super) fn multiply_depth(&self, left: &DepthLeft, product: &mut [f32]) {
        match (self, left) {
            (Self::Float32(panels), DepthLeft::Float32(rows)) => {
                let (a, columns) = (rows.matrix().transposed(), panels.columns());
                assert!(
                    a.columns() == panels.depth() && product.len() == a.rows() * columns,
                    "the sizes of a product"
                );
                self.multiply_all(a, Target::new(product, columns), false);
            }
            (Self::BFloat16(blocks), DepthLeft::BFloat16(left)) => {
                blocks.multiply_blocks(left, product, false);
            }
            _ => unreachable!("operands of one precision"),
        }
    }

    /// `target = a × b`, or `target += a × b`, on all threads.
    fn multiply_all(&self, a: Matrix, target: Target, accumulate: bool) {
        let (rows, depth) = (a.rows(), a.columns());
        let work = 2 * rows * depth * self.columns();
        let threads = if parallel::worthwhile(rows, work) {
            rayon::current_num_threads()
        } else {
            1
        };
        let tall = rows.div_ceil(threads).next_multiple_of(self.strip()).max(1);
        parallel::for_each(rows.div_ceil(tall), work, |task| {
            let mine = parallel::block(task, tall, rows);
            let a = a.part(mine.start, mine.len(), 0, depth);
            self.multiply(a, target.from(mine.start, 0), accumulate);
        });
    }

    fn columns(&self) -> usize {
        match self {
            Self::Float32(panels) => panels.columns(),
            Self::BFloat16(blocks) => blocks.lanes(),
        }
    }

    /// The number of rows to cut the left-hand side by.
    fn strip(&self) -> usize {
        match self {
            Self::Float32(panels) => panels.tile_rows(),
            Self::BFloat16(_) => STRIP,
        }
    }
}

impl Precision {
    /// `c = a × b`, or `c += a × b`, with the rows of `c` `stride` values apart, on all threads.
    ///
    /// In [`Precision::BFloat16`] the operands are rounded; sums are `f32`. The number of threads changes no bit.
    /// Nor do the rows beside one in `f32`. On AMX they may, where sums are added to (by `accumulate`, or beyond a
    /// depth of 1,024): 32 rows go on from what is there, fewer add to it what they have summed from zero.
    ///
    /// # Panics
    /// If the shapes do not agree or `c` is too short.
    pub fn multiply(self, a: Matrix, b: Matrix, c: &mut [f32], stride: usize, accumulate: bool) {
        check(a, b, c, stride);
        if a.rows() > 0 && b.columns() > 0 {
            Right::new(self, b).multiply_all(a, Target::new(c, stride), accumulate);
        }
    }
}

fn check(a: Matrix, b: Matrix, c: &[f32], stride: usize) {
    let (rows, columns) = (a.rows(), b.columns());
    assert_eq!(a.columns(), b.rows(), "the inner dimensions of a matrix product");
    assert!(
        stride >= columns && extent(rows, columns, stride).is_some_and(|end| end <= c.len()),
        "{} values are too few for a product of {rows} rows of {columns}, {stride} apart",
        c.len()
    );
}
