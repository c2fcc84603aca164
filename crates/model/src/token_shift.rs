//! Rows beside those of the position before.

use burn::tensor::Tensor;

use crate::memory::Remembered;

/// The rows of the positions before, zeros before the first: `x [batch × length, width]` to the same.
pub(crate) fn of_sequences(x: &Tensor<2>, length: usize) -> Tensor<2> {
    let [rows, width] = x.dims();
    let first = Tensor::zeros([rows / length, 1, width], (&x.device(), x.dtype()));
    after(x, first).0
}

/// The same of the positions that follow those remembered, whose last rows are then remembered under that name.
pub(crate) fn of_steps(x: &Tensor<2>, name: &'static str, sequences: &mut [Remembered<'_>]) -> Tensor<2> {
    let (count, width) = (sequences.len(), x.dims()[1]);
    let [before] = Remembered::take(sequences, [name], [[1, 1, 1, width]], x);
    let (shifted, last) = after(x, before.reshape([count, 1, width]));
    Remembered::put(sequences, [name], [last.reshape([count, 1, 1, width])]);
    shifted
}

/// Of sequences after a row each, `[batch, 1, width]`; and their last rows.
fn after(x: &Tensor<2>, first: Tensor<3>) -> (Tensor<2>, Tensor<3>) {
    let ([rows, width], batch) = (x.dims(), first.dims()[0]);
    let length = rows / batch;
    let all = Tensor::cat(vec![first, x.clone().reshape([batch, length, width])], 1);
    let shifted = all.clone().slice_dim(1, 0..length).reshape([rows, width]);
    (shifted, all.slice_dim(1, length..length + 1))
}
