//! One position of each sequence: the recurrence as it is written, in place.

use super::Inputs;
use crate::cpu::vectors::scale;
use crate::parallel::{self, Shared};
use crate::simd::{Simd, dispatch, each_vector};

/// Writes `y` of every head into `output` (`batch × inner`), and changes `states` (`batch × heads × state × dimension`)
/// to those after the position.
pub(in crate::cpu) fn step(inputs: Inputs, output: &mut [f32], states: &mut [f32]) {
    let shape = inputs.shape;
    let (each, work) = (shape.state * shape.dimension, 4 * states.len());
    let (output, states) = (Shared::new(output), Shared::new(states));
    parallel::for_each(shape.batch * shape.heads, work, |task| {
        let place = |size: usize| task * size..(task + 1) * size;
        // SAFETY: each head of each sequence is one task's.
        let (y, state) = unsafe { (output.part(place(shape.dimension)), states.part(place(each))) };
        dispatch!(head_of(inputs, task, y, state));
    });
}

#[inline(always)]
fn head_of<S: Simd>(simd: S, inputs: Inputs, task: usize, y: &mut [f32], state: &mut [f32]) {
    let shape = inputs.shape;
    let (sequence, head) = (task / shape.heads, task % shape.heads);
    let position = inputs.chunk(sequence, 0);
    let group = head / (shape.heads / shape.groups);
    let (x, b, c) = (
        inputs.x(position, head).row(0),
        inputs.b(position, group).row(0),
        inputs.c(position, group).row(0),
    );
    let step = inputs.step(sequence, head);
    let decay = simd.splat((step * inputs.decay(head)).exp());
    scale(simd, x, inputs.skip[head], y);
    for (row, state) in state.chunks_exact_mut(shape.dimension).enumerate() {
        let (b, c) = (simd.splat(step * b[row]), simd.splat(c[row]));
        each_vector(
            simd,
            [x],
            [state, &mut *y],
            0.0,
            #[inline(always)]
            |[x], [state, y]| {
                let state = simd.mul_add(x, b, simd.mul(state, decay));
                [state, simd.mul_add(state, c, y)]
            },
        );
    }
}
