//! Matrix products on all threads, in either precision.

use super::bf16::Blocks;
use super::matmul::Panels;
use super::matrix::{Matrix, Target};
use crate::Precision;
use crate::parallel;

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
            None => Self::Float32(Panels::new(b)),
        }
    }

    /// `target = a × b`, or `target += a × b`, on this thread.
    pub(super) fn multiply(&self, a: Matrix, target: Target, accumulate: bool) {
        match self {
            Self::Float32(panels) => panels.multiply(a, target, accumulate),
            Self::BFloat16(blocks) => blocks.multiply(a, target, accumulate),
        }
    }

    /// The number of rows to cut the left-hand side by.
    fn strip(&self) -> usize {
        match self {
            Self::Float32(_) => 14,
            Self::BFloat16(_) => 32,
        }
    }
}

impl Precision {
    /// `c = a × b`, or `c += a × b`, with the rows of `c` `stride` values apart, on all threads.
    ///
    /// In [`Precision::BFloat16`] the operands are rounded; sums are `f32`. A result depends neither on the
    /// number of threads nor on the rows beside it.
    ///
    /// # Panics
    /// If the shapes do not agree or `c` is too short.
    pub fn multiply(self, a: Matrix, b: Matrix, c: &mut [f32], stride: usize, accumulate: bool) {
        let (rows, depth, columns) = check(a, b, c, stride);
        if rows == 0 || columns == 0 {
            return;
        }
        let right = Right::new(self, b);
        let target = Target::new(c, stride);
        let work = 2 * rows * depth * columns;
        let threads = if parallel::worthwhile(rows, work) {
            rayon::current_num_threads()
        } else {
            1
        };
        let tall = rows.div_ceil(threads).next_multiple_of(right.strip());
        parallel::for_each(rows.div_ceil(tall), work, |task| {
            let mine = parallel::block(task, tall, rows);
            let a = a.part(mine.start, mine.len(), 0, depth);
            right.multiply(a, target.from(mine.start, 0), accumulate);
        });
    }
}

/// The rows, depth and columns of a product.
fn check(a: Matrix, b: Matrix, c: &[f32], stride: usize) -> (usize, usize, usize) {
    let (rows, columns) = (a.rows(), b.columns());
    assert_eq!(a.columns(), b.rows(), "the inner dimensions of a matrix product");
    let end = if rows == 0 || columns == 0 {
        0
    } else {
        (rows - 1) * stride + columns
    };
    assert!(
        stride >= columns && end <= c.len(),
        "the result of a matrix product"
    );
    (rows, a.columns(), columns)
}
