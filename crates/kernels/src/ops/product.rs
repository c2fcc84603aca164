//! The matrix product of the compositions.

use std::cell::Cell;

use burn::tensor::Tensor;

thread_local! {
    static OPERATIONS: Cell<f64> = const { Cell::new(0.0) };
}

/// Runs `work` and returns its result with the multiplications and additions of the matrix products that
/// compositions ran on this thread, counted as they ran. Kernels are not counted.
pub fn count_products<R>(work: impl FnOnce() -> R) -> (R, f64) {
    let before = OPERATIONS.get();
    let result = work();
    (result, OPERATIONS.get() - before)
}

/// A product a matrix of the batch, `[batch, rows, inner] × [batch, inner, columns]`, as a composition on every device.
///
/// # Panics
/// If the sizes do not agree.
pub fn products(left: Tensor<3>, right: Tensor<3>) -> Tensor<3> {
    product(left, right)
}

/// `[…, rows, inner] × […, inner, columns]`
pub(crate) fn product<const D: usize>(left: Tensor<D>, right: Tensor<D>) -> Tensor<D> {
    let inner = left.dims()[D - 1];
    let result = left.matmul(right);
    let outputs: f64 = result.dims().iter().map(|&size| size as f64).product();
    OPERATIONS.set(OPERATIONS.get() + 2.0 * outputs * inner as f64);
    result
}
