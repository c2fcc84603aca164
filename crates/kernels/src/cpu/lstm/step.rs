//! One position of each sequence, in place.

use super::{Shape, Weights, position_of};
use crate::cpu::recurrent::Carried;
use crate::cpu::vectors::add_scaled;
use crate::memory::Buffer;
use crate::parallel::{self, Shared, block};
use crate::simd::{Simd, dispatch};

/// Columns of the recurrent product that a task does.
const COLUMNS: usize = 256;

/// As [`forward`](super::forward) of one position of each sequence, which changes what is carried in place. Its product
/// reads the weights where they lie, in `f32`, once for all sequences.
///
/// # Panics
/// If there are more positions, or the lengths do not agree.
pub fn step(shape: Shape, weights: Weights, projected: &[f32], carried: &mut Carried, output: &mut [f32]) {
    shape.check(&weights, projected);
    assert_eq!(shape.length, 1, "positions of a step");
    assert_eq!(output.len(), shape.rows() * shape.inner, "outputs");
    carried.check(shape.batch * shape.inner, shape.batch * shape.inner);
    let columns = shape.columns();
    let mut gates = Buffer::copy_of(projected);
    {
        let (gates, work) = (Shared::new(&mut gates), 2 * shape.batch * weights.recurrent.len());
        parallel::for_each(columns.div_ceil(COLUMNS), work, |index| {
            let mine = block(index, COLUMNS, columns);
            let parts = (0..shape.batch).map(|sequence| {
                let start = sequence * columns;
                // SAFETY: each task has columns of its own.
                unsafe { gates.part(start + mine.start..start + mine.end) }
            });
            let mut parts: Vec<&mut [f32]> = parts.collect();
            let rows = weights
                .recurrent
                .chunks_exact(columns)
                .map(|row| &row[mine.clone()]);
            for (channel, row) in rows.enumerate() {
                dispatch!(add_row(row, channel, &carried.window, &mut parts));
            }
        });
    }
    let sequences = gates
        .chunks_exact_mut(columns)
        .zip(carried.state.chunks_exact_mut(shape.inner));
    let hidden = carried.window.chunks_exact_mut(shape.inner);
    for ((gates, cell), hidden) in sequences.zip(hidden) {
        dispatch!(position_of(weights, gates, cell, hidden));
    }
    output.copy_from_slice(&carried.window);
}

/// Adds to the gates of each sequence what they see of a channel of `h`.
#[inline(always)]
fn add_row<S: Simd>(simd: S, row: &[f32], channel: usize, hidden: &[f32], gates: &mut [&mut [f32]]) {
    let inner = hidden.len() / gates.len();
    for (sequence, gates) in gates.iter_mut().enumerate() {
        add_scaled(simd, row, hidden[sequence * inner + channel], gates);
    }
}
