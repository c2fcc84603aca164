//! Columns whose numbers lie in strips of eight: `[strips, columns, 8]`, as products leave them.

use std::ops::Range;

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

    /// Copies the numbers of some columns that follow one another, one column after the other.
    ///
    /// Strip by strip: neighbours lie in the same lines of a cache, which far apart ones push out of it.
    pub(super) fn gather_all(&self, columns: Range<usize>, to: &mut [f32]) {
        let count = columns.len().max(1);
        let width = to.len() / count;
        for strip in 0..width.div_ceil(STRIP) {
            let first = (strip * self.columns + columns.start) * STRIP;
            let from = self.values[first..first + columns.len() * STRIP].chunks_exact(STRIP);
            for (from, to) in from.zip(to.chunks_exact_mut(width)) {
                match to[strip * STRIP..].first_chunk_mut::<STRIP>() {
                    Some(to) => to.copy_from_slice(from),
                    None => to[strip * STRIP..].copy_from_slice(&from[..width % STRIP]),
                }
            }
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
