//! The forward pass.

use super::{Chunk, Inputs, Prepared, Shape, System};
use crate::cpu::chunks::{Space, decay_row};
use crate::cpu::matrix::{Matrix, Target};
use crate::cpu::vectors::{add_scaled, scale, scale_in_place};
use crate::memory::Buffer;
use crate::parallel::Shared;
use crate::simd::{Simd, dispatch, each_vector};

/// Writes `o` of every head into `output` (`rows × heads × value`), what every position writes into `written` (the
/// same), and the states at the beginning of each chunk and after the last one into `states` (`batch × (chunks + 1) ×
/// heads × key × value`), whose first is there already.
pub(in crate::cpu) fn forward(inputs: Inputs, output: &mut [f32], written: &mut [f32], states: &mut [f32]) {
    let columns = inputs.shape.heads * inputs.shape.value;
    let (output, written) = (Target::new(output, columns), Target::new(written, columns));
    let states = Shared::new(states);
    inputs.shape.for_each(1, |sequence, head| {
        dispatch!(head_of(inputs, sequence, head, [output, written], states));
    });
}

/// The matrices of a chunk that both passes make.
pub(super) struct Weights {
    /// `k[i]·k[j] Γ[i,j]` below the diagonal.
    pub(super) lower: Buffer,
    /// `q[i]·k[j] Γ[i,j]` up to the diagonal.
    pub(super) mixing: Buffer,
    decays: Buffer,
}

impl Weights {
    pub(super) fn of(shape: Shape) -> Self {
        let [lower, mixing] = [shape.chunk * shape.chunk; 2].map(Buffer::any);
        Self {
            lower,
            mixing,
            decays: Buffer::any(shape.chunk),
        }
    }

    /// Both.
    #[inline(always)]
    pub(super) fn fill<S: Simd>(
        &mut self,
        simd: S,
        space: &mut Space,
        shape: Shape,
        prepared: &Prepared,
        count: usize,
    ) {
        let (queries, keys) = (prepared.queries(shape, count), prepared.keys(shape, count));
        let to = Target::new(&mut self.lower, shape.chunk);
        space.multiply(simd, keys, keys.transposed(), to, false);
        let to = Target::new(&mut self.mixing, shape.chunk);
        space.multiply(simd, queries, keys.transposed(), to, false);
        for row in 0..count {
            let decays = &mut self.decays[..count];
            decay_row(simd, &prepared.sums[..count], row, decays);
            let range = row * shape.chunk..row * shape.chunk + count;
            each_vector(
                simd,
                [&*decays],
                [&mut self.lower[range.clone()], &mut self.mixing[range]],
                0.0,
                #[inline(always)]
                |[decay], [lower, mixing]| [simd.mul(decay, lower), simd.mul(decay, mixing)],
            );
            self.lower[row * shape.chunk + row] = 0.0;
        }
    }

    /// The system that what is written solves.
    pub(super) fn system<'a>(&'a self, shape: Shape, prepared: &'a Prepared, count: usize) -> System<'a> {
        System {
            lower: &self.lower,
            stride: shape.chunk,
            rates: &prepared.rates[..count],
        }
    }
}

#[inline(always)]
fn head_of<S: Simd>(
    simd: S,
    inputs: Inputs,
    sequence: usize,
    head: usize,
    [output, written]: [Target; 2],
    states: Shared,
) {
    let shape = inputs.shape;
    let Shape {
        key, value, chunk, ..
    } = shape;
    let (mut space, mut prepared, mut weights) = (
        Space::of(chunk, [key, value]),
        Prepared::of(shape),
        Weights::of(shape),
    );
    let [mut writes, mut mixed] = [chunk * value; 2].map(Buffer::any);
    for index in 0..shape.chunks() {
        let rows = inputs.chunk(sequence, index);
        let Chunk { first, count } = rows;
        // SAFETY: only this task touches this head of this sequence; the two do not overlap.
        let [before, after] = [index, index + 1].map(|chunk| unsafe {
            let start = shape.state_start(sequence, chunk, head);
            states.part(start..start + key * value)
        });
        prepared.fill(simd, inputs, rows, head);
        weights.fill(simd, &mut space, shape, &prepared, count);
        let (queries, keys) = (prepared.queries(shape, count), prepared.keys(shape, count));
        let state = Matrix::new(before, key, value);
        space.multiply(simd, keys, state, Target::new(&mut writes, value), false);
        let values = inputs.values(rows, head);
        for row in 0..count {
            let write = &mut writes[row * value..][..value];
            let (rate, decay) = (prepared.rates[row], prepared.sums[row].exp());
            scale_in_place(simd, write, -rate * decay);
            add_scaled(simd, values.row(row), rate, write);
        }
        weights
            .system(shape, &prepared, count)
            .solve(simd, value, &mut writes);

        let to = output.from(first, head * value);
        let within = Matrix::strided(&weights.mixing, count, count, chunk);
        space.multiply(simd, within, Matrix::new(&writes, count, value), to, false);
        space.multiply(simd, queries, state, Target::new(&mut mixed, value), false);
        let last = prepared.sums[count - 1];
        for row in 0..count {
            let range = row * value..(row + 1) * value;
            let (start, kept) = (to.start + row * to.stride, first + row);
            let place = written.from(kept, head * value).start;
            // SAFETY: only this task writes this head of this sequence.
            let (o, u) = unsafe {
                (
                    to.shared.part(start..start + value),
                    written.shared.part(place..place + value),
                )
            };
            add_scaled(simd, &mixed[range.clone()], prepared.sums[row].exp(), o);
            u.copy_from_slice(&writes[range.clone()]);
            scale_in_place(simd, &mut writes[range], (last - prepared.sums[row]).exp());
        }
        scale(simd, before, last.exp(), after);
        let kept = Matrix::new(&writes, count, value);
        space.multiply(simd, keys.transposed(), kept, Target::new(after, value), true);
    }
}
