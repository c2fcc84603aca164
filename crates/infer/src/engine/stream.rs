//! Columns whose numbers lie in strips of eight: `[strips, columns, 8]`, as products leave them.

use triaxis_blocks::STRIP;

/// Columns of some numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Stream {
    pub(super) values: Vec<f32>,
    columns: usize,
}

impl Stream {
    /// Room for so many columns of so many strips, of any content.
    pub(super) fn resize(&mut self, strips: usize, columns: usize) {
        self.columns = columns;
        self.values.resize(strips * columns * STRIP, 0.0);
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Copies numbers of a column from the `first` on.
    pub(super) fn gather(&self, column: usize, first: usize, to: &mut [f32]) {
        let strip = |strip: usize| &self.values[(strip * self.columns + column) * STRIP..][..STRIP];
        // To the end of the strip that the first is in, then strip by strip.
        let within = first % STRIP;
        let before = if within == 0 {
            0
        } else {
            (STRIP - within).min(to.len())
        };
        let (start, rest) = to.split_at_mut(before);
        start.copy_from_slice(&strip(first / STRIP)[within..within + before]);
        let next = first.div_ceil(STRIP);
        let (whole, last) = rest.as_chunks_mut::<STRIP>();
        for (index, to) in whole.iter_mut().enumerate() {
            to.copy_from_slice(strip(next + index));
        }
        if !last.is_empty() {
            last.copy_from_slice(&strip(next + whole.len())[..last.len()]);
        }
    }

    /// Writes a column from its first number on.
    pub(super) fn scatter(&mut self, column: usize, from: &[f32]) {
        for (strip, from) in from.chunks(STRIP).enumerate() {
            let place = (strip * self.columns + column) * STRIP;
            self.values[place..place + from.len()].copy_from_slice(from);
        }
    }

    /// Adds the same numbers to every column.
    pub(super) fn add(&mut self, numbers: &[f32]) {
        let strips = self.values.chunks_exact_mut((self.columns * STRIP).max(1));
        for (strip, numbers) in strips.zip(numbers.chunks(STRIP)) {
            for column in strip.chunks_exact_mut(STRIP) {
                column
                    .iter_mut()
                    .zip(numbers)
                    .for_each(|(value, number)| *value += number);
            }
        }
    }
}
