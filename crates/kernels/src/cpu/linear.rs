//! A linear map that adds to its rows, in bf16: `y = residual + x × weight`.

use super::bf16::{Blocks, Left, SIDE, Work, strips};
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
        let left = Left::of(unit, x.part(mine.start, mine.len(), 0, depth));
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
            let (x, dy) = (
                x.part(mine.start, mine.len(), 0, depth),
                dy.part(mine.start, mine.len(), 0, columns),
            );
            let below = mine.start / SIDE;
            // SAFETY: each task has rows of its own, and packs them as depth.
            let dleft = unsafe {
                strips(x).for_each(|(strip, x)| left.pack(below + strip, 0, x));
                Left::and_depth(unit, dy, right, (below, 0))
            };
            Work::start(unit).multiply_rows(&dleft, mine.len(), &turned, dx.from(mine.start, 0), false);
        });
    }
    right.multiply_blocks(&left, dweight, false);
}
