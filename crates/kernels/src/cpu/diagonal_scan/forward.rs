//! The forward pass.

use super::{Decays, Inputs, KEYS, Packed, Part, Tile, at};
use crate::cpu::chunks::Chunk;
use crate::cpu::matrix::Target;
use crate::parallel::Shared;
use crate::simd::{Simd, dispatch};

/// Adds what is read to `output` (`rows × heads × value`), and writes the states at the beginning of each chunk and after
/// the last one into `states` (`batch × (chunks + 1) × heads × key × value`), whose first is there already.
pub(in crate::cpu) fn forward<D: Decays>(inputs: Inputs<D>, output: &mut [f32], states: &mut [f32]) {
    let shape = inputs.shape;
    let output = Target::new(output, shape.heads * shape.value);
    let states = Shared::new(states);
    shape.for_each(24, |part| {
        dispatch!(values_of(&inputs, &part, output, states));
    });
}

#[inline(always)]
fn values_of<S: Simd, D: Decays>(simd: S, inputs: &Inputs<D>, part: &Part, output: Target, states: Shared) {
    let shape = inputs.shape;
    let mut packed = Packed::of(shape.chunk);
    for index in 0..shape.chunks() {
        let chunk = Chunk::of(part.sequence, shape.length, index, shape.chunk);
        let [before, after] = [index, index + 1]
            .map(|index| (part.sequence * (shape.chunks() + 1) + index) * shape.state_size());
        for keys in 0..shape.key.div_ceil(KEYS) {
            packed.fill(inputs, chunk, part.head, keys);
            for tile in shape.tiles(part, keys) {
                let mut state = [simd.splat(0.0); KEYS];
                for (state, line) in state.iter_mut().zip(tile.lines()) {
                    // SAFETY: only this task touches these values of this head of this sequence.
                    let from = unsafe { states.part(before + line.start..before + line.end) };
                    *state = simd.load_partial(from, 0.0);
                }
                positions(simd, inputs, &packed, chunk, &tile, output, &mut state);
                for (state, line) in state.iter().zip(tile.lines()) {
                    // SAFETY: as above.
                    let to = unsafe { states.part(after + line.start..after + line.end) };
                    simd.store_partial(*state, to);
                }
            }
        }
    }
}

/// A tile over the positions of a chunk.
#[inline(always)]
fn positions<S: Simd, D: Decays>(
    simd: S,
    inputs: &Inputs<D>,
    packed: &Packed,
    chunk: Chunk,
    tile: &Tile,
    output: Target,
    state: &mut [S::Floats; KEYS],
) {
    let held = inputs.decays.held(simd, tile);
    for position in 0..chunk.count {
        let row = chunk.first + position;
        let start = output.start + row * output.stride;
        let columns = tile.columns();
        // SAFETY: only this task touches these values of this head of this sequence.
        let y = unsafe { output.shared.part(start + columns.start..start + columns.end) };
        let value = simd.load_partial(&inputs.values.row(row)[columns], 0.0);
        let decays = inputs
            .decays
            .at(simd, &held, at(&packed.decays, position), row, tile);
        let (queries, keys) = (at(&packed.queries, position), at(&packed.keys, position));
        let mut sums = [simd.load_partial(y, 0.0), simd.splat(0.0)];
        for key in 0..KEYS {
            let kept = simd.mul(decays[key], state[key]);
            state[key] = simd.mul_add(simd.splat(keys[key]), value, kept);
            sums[key % 2] = simd.mul_add(simd.splat(queries[key]), state[key], sums[key % 2]);
        }
        simd.store_partial(simd.add(sums[0], sums[1]), y);
    }
}
