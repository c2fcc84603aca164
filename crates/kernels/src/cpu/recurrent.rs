//! What a recurrent mixer carries from one piece of a sequence to the next.

use super::matrix::Matrix;
use super::short_convolution::{self, Filter, Rows};
use crate::memory::Buffer;

/// Projected rows, whose first columns are the gate of all heads, and whose next are convolved.
#[derive(Clone, Copy)]
pub(super) struct Projection<'a> {
    pub(super) values: &'a [f32],
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Positions of a sequence.
    pub(super) length: usize,
    /// Columns of the gate.
    pub(super) inner: usize,
    /// Columns that are convolved.
    pub(super) channels: usize,
}

impl<'a> Projection<'a> {
    /// Columns from `start` on.
    fn part(self, start: usize, columns: usize) -> Matrix<'a> {
        let values = self.values.get(start..).unwrap_or(&[]);
        Matrix::strided(values, self.rows, columns, self.columns)
    }

    pub(super) fn gate(self) -> Matrix<'a> {
        self.part(0, self.inner)
    }

    /// The convolved columns.
    pub(super) fn convolve(self, filter: Filter, before: Option<&Carried>) -> Buffer {
        short_convolution::forward(filter, self.convolved(before))
    }

    /// What is convolved, after what it looks back on, if that is carried.
    pub(super) fn convolved(self, before: Option<&'a Carried>) -> Rows<'a> {
        Rows {
            x: self.part(self.inner, self.channels),
            length: self.length,
            before: before.map(|before| &*before.window),
        }
    }

    /// Columns behind those, from the `start`th on.
    pub(super) fn behind(self, start: usize, columns: usize) -> Matrix<'a> {
        self.part(self.inner + self.channels + start, columns)
    }
}

/// What is carried of all sequences.
#[derive(Debug)]
pub struct Carried {
    /// The last rows of what is convolved, `batch × (taps - 1) × channels`.
    pub window: Buffer,
    /// The states of all heads, `batch × state`.
    pub state: Buffer,
}

impl Carried {
    /// # Panics
    /// If it has other sizes.
    pub(super) fn check(&self, window: usize, state: usize) {
        assert!(
            self.window.len() == window && self.state.len() == state,
            "{} values of rows and {} of states are carried, not {window} and {state}",
            self.window.len(),
            self.state.len()
        );
    }

    /// Puts a row of each sequence behind the `most` rows that the convolution looks back on, and drops the first.
    pub(super) fn shift(&mut self, projection: Projection, most: usize) {
        let (rows, channels) = (projection.convolved(None).x, projection.channels);
        if most == 0 {
            return;
        }
        for (sequence, window) in self.window.chunks_exact_mut(most * channels).enumerate() {
            window.copy_within(channels.., 0);
            window[(most - 1) * channels..].copy_from_slice(rows.row(sequence));
        }
    }
}

/// States at the beginning of each chunk of some sequences and after the last one, `batch × (chunks + 1) × size`: the
/// first of each as it was carried, or zeros, the others of any content.
pub(super) fn first_states(before: Option<&Carried>, batch: usize, chunks: usize, size: usize) -> Buffer {
    let mut states = Buffer::any(batch * (chunks + 1) * size);
    for (sequence, states) in states.chunks_exact_mut((chunks + 1) * size).enumerate() {
        match before {
            Some(before) => states[..size].copy_from_slice(&before.state[sequence * size..][..size]),
            None => states[..size].fill(0.0),
        }
    }
    states
}

/// What is carried after the rows, of which the convolution looks back on `most`.
pub(super) fn carried(rows: Rows, most: usize, states: &[f32], size: usize) -> Carried {
    let (channels, batch) = (rows.x.columns(), rows.x.rows() / rows.length);
    let mut window = Buffer::zeros(batch * most * channels);
    for (index, to) in window.chunks_exact_mut(channels).enumerate() {
        let (sequence, place) = (index / most, index % most + rows.length);
        // The rows come after those before them.
        match (place.checked_sub(most), rows.before) {
            (Some(position), _) => to.copy_from_slice(rows.x.row(sequence * rows.length + position)),
            (None, Some(before)) => {
                to.copy_from_slice(&before[(sequence * most + place) * channels..][..channels]);
            }
            (None, None) => {}
        }
    }
    let state = carried_states(states, batch, size);
    Carried { window, state }
}

/// The last states of some sequences, of those that [`first_states`] has room for.
pub(super) fn carried_states(states: &[f32], batch: usize, size: usize) -> Buffer {
    let mut state = Buffer::any(batch * size);
    let each = states.len() / batch;
    for (to, states) in state.chunks_exact_mut(size).zip(states.chunks_exact(each)) {
        to.copy_from_slice(&states[each - size..]);
    }
    state
}
