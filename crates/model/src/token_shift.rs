//! Normalised rows beside those of the position before.

use burn::tensor::Tensor;

use crate::memory::Remembered;
use crate::ops;

/// The rows of some sequences, and the row before each, if they go on from any.
pub(crate) struct Shifted {
    rows: Tensor<2>,
    length: usize,
    before: Option<Tensor<2>>,
}

impl Shifted {
    /// Of sequences of that length, which begin.
    pub(crate) fn of_sequences(rows: Tensor<2>, length: usize) -> Self {
        Self {
            rows,
            length,
            before: None,
        }
    }

    /// Of the positions that follow those remembered, whose last rows are then remembered under that name.
    pub(crate) fn of_steps(rows: Tensor<2>, name: &'static str, sequences: &mut [Remembered<'_>]) -> Self {
        let (count, [all, width]) = (sequences.len(), rows.dims());
        let length = all / count;
        let [before] = Remembered::take(sequences, [name], [[1, 1, 1, width]], &rows);
        let by_sequence = rows.clone().reshape([count, 1, length, width]);
        Remembered::put(sequences, [name], [by_sequence.slice_dim(2, length - 1..length)]);
        Self {
            rows,
            length,
            before: Some(before.reshape([count, width])),
        }
    }

    /// Between each row and the one before, by a share of each channel.
    pub(crate) fn seen(&self, share: Tensor<1>) -> Tensor<2> {
        ops::token_shift(self.rows.clone(), share, self.length, self.before.clone())
    }
}
