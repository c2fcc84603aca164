//! A linear map that adds to its rows: `y = residual + x × weight`.

use super::matrix::{Matrix, Target};
use super::product::{DepthLeft, Left, Right};
use super::rows::for_each_block;
use crate::Precision;
use crate::parallel::Shared;

/// Writes `residual + x × weight` into `y`: `rows × columns`, from `x` and `weight` as they are shaped.
///
/// # Panics
/// If the lengths do not agree.
pub fn forward(precision: Precision, residual: &[f32], x: Matrix, weight: Matrix, y: &mut [f32]) {
    let (rows, depth, columns) = (x.rows(), x.columns(), weight.columns());
    assert!(
        weight.rows() == depth && residual.len() == rows * columns && y.len() == residual.len(),
        "{rows} rows"
    );
    let right = Right::new(precision, weight);
    let y = Shared::new(y);
    for_each_block(rows, 2 * rows * depth * columns, |mine| {
        let values = mine.start * columns..mine.end * columns;
        // SAFETY: blocks of rows do not overlap.
        let y = unsafe { y.part(values.clone()) };
        y.copy_from_slice(&residual[values]);
        let left = Left::of(precision, x.part(mine.start, mine.len(), 0, depth));
        right.multiply_left(&left, Target::new(y, columns), true);
    });
}

/// From the gradient of `y`, which is that of the residual, writes those of `x` and of the weight.
///
/// # Panics
/// As [`forward`].
pub fn backward(
    precision: Precision,
    [x, weight]: [Matrix; 2],
    dy: Matrix,
    dx: &mut [f32],
    dweight: &mut [f32],
) {
    let (rows, depth, columns) = (x.rows(), x.columns(), weight.columns());
    assert!(
        weight.rows() == depth && dy.rows() == rows && dy.columns() == columns && dx.len() == rows * depth,
        "{rows} rows"
    );
    let turned = Right::new(precision, weight.transposed());
    let mut right = Right::any(precision, rows, columns);
    {
        let (right, dx) = (right.packing(), Target::new(dx, depth));
        for_each_block(rows, 2 * rows * depth * columns, |mine| {
            let dy = dy.part(mine.start, mine.len(), 0, columns);
            // SAFETY: each task has rows of its own.
            let left = unsafe { Left::and_depth(precision, dy, right, mine.start) };
            turned.multiply_left(&left, dx.from(mine.start, 0), false);
        });
    }
    right.multiply_depth(&DepthLeft::of(precision, x), dweight);
}
