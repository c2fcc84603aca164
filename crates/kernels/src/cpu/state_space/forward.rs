//! The forward pass.

use super::{Inputs, Part, Shape};
use crate::cpu::chunks::{Space, decay_row};
use crate::cpu::matrix::{Matrix, Target};
use crate::cpu::vectors::{add_scaled, scale, scale_in_place};
use crate::memory::Buffer;
use crate::parallel::Shared;
use crate::simd::{Simd, dispatch, each_vector};

/// Writes `y` of every head into `output` (`rows × inner`), and the states at the beginning of each chunk and after the
/// last one into `states` (`batch × (chunks + 1) × heads × state × dimension`), whose first is there already.
pub(in crate::cpu) fn forward(inputs: Inputs, output: &mut [f32], states: &mut [f32]) {
    let (output, states) = (Target::new(output, inputs.shape.inner()), Shared::new(states));
    inputs.shape.for_each(1, |part| {
        dispatch!(heads(inputs, part.clone(), output, states));
    });
}

/// The state of a head before a chunk, and after it.
///
/// # Safety
/// Nothing else may touch those of this head.
unsafe fn states_of<'a>(
    shape: Shape,
    states: Shared<'a>,
    sequence: usize,
    chunk: usize,
    head: usize,
) -> [&'a mut [f32]; 2] {
    let each = shape.state * shape.dimension;
    [chunk, chunk + 1].map(|chunk| {
        let start = shape.state_start(sequence, chunk, head);
        // SAFETY: the caller's promise; the two do not overlap.
        unsafe { states.part(start..start + each) }
    })
}

#[inline(always)]
fn heads<S: Simd>(simd: S, inputs: Inputs, part: Part, output: Target, states: Shared) {
    let shape = inputs.shape;
    let Shape { dimension, chunk, .. } = shape;
    let mut space = Space::of(chunk, [shape.state, dimension]);
    let [mut scores, mut weights] = [chunk * chunk; 2].map(Buffer::any);
    let [mut values, mut mixed] = [chunk * dimension; 2].map(Buffer::any);
    let [mut steps, mut sums] = [chunk; 2].map(Buffer::any);
    for index in 0..shape.chunks() {
        let rows = inputs.chunk(part.sequence, index);
        let count = rows.count;
        let (b, c) = (inputs.b(rows, part.group), inputs.c(rows, part.group));
        space.multiply(simd, c, b.transposed(), Target::new(&mut scores, chunk), false);
        for head in part.heads.clone() {
            // SAFETY: only this task touches this head of this sequence.
            let [before, after] = unsafe { states_of(shape, states, part.sequence, index, head) };
            let x = inputs.x(rows, head);
            inputs.decays(rows, head, &mut steps, &mut sums);
            let (steps, sums) = (&steps[..count], &sums[..count]);
            for (row, &step) in steps.iter().enumerate() {
                scale(
                    simd,
                    x.row(row),
                    step,
                    &mut values[row * dimension..][..dimension],
                );
            }
            weigh(simd, sums, &scores, chunk, &mut weights);
            // Of the positions of the chunk.
            let within = Matrix::strided(&weights, count, count, chunk);
            let of_steps = Matrix::new(&values, count, dimension);
            let to = output.from(rows.first, head * dimension);
            space.multiply(simd, within, of_steps, to, false);
            // Of those before it.
            let before_it = Matrix::new(before, shape.state, dimension);
            space.multiply(simd, c, before_it, Target::new(&mut mixed, dimension), false);
            for (row, sum) in sums.iter().enumerate() {
                let start = to.start + row * to.stride;
                // SAFETY: only this task writes this head of this sequence.
                let y = unsafe { to.shared.part(start..start + dimension) };
                add_scaled(simd, &mixed[row * dimension..][..dimension], sum.exp(), y);
                add_scaled(simd, x.row(row), inputs.skip[head], y);
            }
            // The state after it.
            let last = sums[count - 1];
            scale(simd, before, last.exp(), after);
            for (row, sum) in sums.iter().enumerate() {
                scale_in_place(
                    simd,
                    &mut values[row * dimension..][..dimension],
                    (last - sum).exp(),
                );
            }
            let kept = Matrix::new(&values, count, dimension);
            space.multiply(simd, b.transposed(), kept, Target::new(after, dimension), true);
        }
    }
}

/// The scores with their decays.
#[inline(always)]
fn weigh<S: Simd>(simd: S, sums: &[f32], scores: &[f32], stride: usize, weights: &mut [f32]) {
    for row in 0..sums.len() {
        let weights = &mut weights[row * stride..][..sums.len()];
        decay_row(simd, sums, row, weights);
        each_vector(
            simd,
            [&scores[row * stride..][..=row]],
            [&mut weights[..=row]],
            0.0,
            #[inline(always)]
            |[score], [weight]| [simd.mul(score, weight)],
        );
    }
}
