//! One position of each sequence: the recurrence as it is written, in place.

use super::{Inputs, Prepared};
use crate::cpu::vectors::{add_scaled, scale_in_place};
use crate::memory::Buffer;
use crate::parallel::{self, Shared};
use crate::simd::{Simd, dispatch, each_vector};

/// Writes `o` of every head into `output` (`batch × heads × value`), and changes `states` (`batch × heads × key ×
/// value`) to those after the position.
pub(in crate::cpu) fn step(inputs: Inputs, output: &mut [f32], states: &mut [f32]) {
    let shape = inputs.shape;
    let (each, work) = (shape.key * shape.value, 8 * states.len());
    let (output, states) = (Shared::new(output), Shared::new(states));
    parallel::for_each(shape.batch * shape.heads, work, |task| {
        let place = |size: usize| task * size..(task + 1) * size;
        // SAFETY: each head of each sequence is one task's.
        let (o, state) = unsafe { (output.part(place(shape.value)), states.part(place(each))) };
        dispatch!(head_of(inputs, task, o, state));
    });
}

#[inline(always)]
fn head_of<S: Simd>(simd: S, inputs: Inputs, task: usize, o: &mut [f32], state: &mut [f32]) {
    let shape = inputs.shape;
    let (sequence, head) = (task / shape.heads, task % shape.heads);
    let position = inputs.chunk(sequence, 0);
    let mut prepared = Prepared::of(shape);
    prepared.fill(simd, inputs, position, head);
    let (rate, decay) = (prepared.rates[0], prepared.sums[0].exp());
    let mut written = Buffer::zeros(shape.value);
    for (state, &key) in state.chunks_exact(shape.value).zip(prepared.keys.iter()) {
        add_scaled(simd, state, key, &mut written);
    }
    scale_in_place(simd, &mut written, -rate * decay);
    add_scaled(simd, inputs.values(position, head).row(0), rate, &mut written);
    o.fill(0.0);
    let decay = simd.splat(decay);
    for (row, state) in state.chunks_exact_mut(shape.value).enumerate() {
        let (key, query) = (simd.splat(prepared.keys[row]), simd.splat(prepared.queries[row]));
        each_vector(
            simd,
            [&written],
            [state, &mut *o],
            0.0,
            #[inline(always)]
            |[written], [state, o]| {
                let state = simd.mul_add(key, written, simd.mul(state, decay));
                [state, simd.mul_add(state, query, o)]
            },
        );
    }
}
