//! A linear map that adds to its rows, in bf16: `y = residual + x × weight`.

use super::bf16::{Blocks, Left, SIDE, Work};
use super::matrix::{Matrix, Target};
use super::norm_linear::{ROWS, unit};
use crate::parallel::{self, Shared, block};

/// Writes `residual + x × weight` into `y`: `rows × columns`, from `x` and `weight` as they are shaped.
///
/// # Panics
/// If the lengths do not agree, or the processor does not multiply in bf16.
pub fn forward(residual: &[f32], x: Matrix, weight: Matrix, y: &mut [f32]) {
    let (unit, rows, depth, columns) = (unit(), x.rows(), x.columns(), weight.columns());
    assert!(
        weight.rows() == depth && residual.len() == rows * columns && y.len() == residual.len(),
        "{rows} rows"
    );
    let right = Blocks::of(unit, weight);
    let y = Shared::new(y);
    parallel::for_each(rows.div_ceil(ROWS), 2 * rows * depth * columns, |task| {
        let mine = block(task, ROWS, rows);
        let values = mine.start * columns..mine.end * columns;
        // SAFETY: blocks of rows do not overlap.
        let y = unsafe { y.part(values.clone()) };
        y.copy_from_slice(&residual[values]);
        let mut left = Left::new(unit, mine.len(), depth);
        for strip in 0..mine.len().div_ceil(SIDE) {
            let part = block(strip, SIDE, mine.len());
            left.pack(strip, x.part(mine.start + part.start, part.len(), 0, depth));
        }
        Work::start(unit).multiply_rows(&left, mine.len(), &right, Target::new(y, columns), true);
    });
}

/// From the gradient of `y`, which is that of the residual, writes those of `x` and of the weight.
///
/// # Panics
/// As [`forward`].
pub fn backward(x: Matrix, weight: Matrix, dy: Matrix, dx: &mut [f32], dweight: &mut [f32]) {
    let (unit, rows, depth, columns) = (unit(), x.rows(), x.columns(), weight.columns());
    assert!(
        weight.rows() == depth && dy.rows() == rows && dy.columns() == columns && dx.len() == rows * depth,
        "{rows} rows"
    );
    let turned = Blocks::of(unit, weight.transposed());
    let (mut left, mut right) = (
        Blocks::left(unit, depth, rows),
        Blocks::right(unit, columns, rows),
    );
    {
        let (left, right, dx) = (left.packing(), right.packing(), Target::new(dx, depth));
        parallel::for_each(rows.div_ceil(ROWS), 2 * rows * depth * columns, |task| {
            let mine = block(task, ROWS, rows);
            let mut dleft = Left::new(unit, mine.len(), columns);
            for strip in 0..mine.len().div_ceil(SIDE) {
                let part = block(strip, SIDE, mine.len());
                let first = mine.start + part.start;
                let dy = dy.part(first, part.len(), 0, columns);
                dleft.pack(strip, dy);
                // SAFETY: each task has rows of its own, and packs them as depth.
                unsafe {
                    left.pack(first / SIDE, 0, x.part(first, part.len(), 0, depth));
                    right.pack(first / SIDE, 0, dy);
                }
            }
            Work::start(unit).multiply_rows(&dleft, mine.len(), &turned, dx.from(mine.start, 0), false);
        });
    }
    right.multiply_blocks(&left, dweight, false);
}
