//! The backward pass, chunk by chunk from the last to the first.

use super::{Decays, Inputs, KEYS, Packed, Part, Shape, Tile, at};
use crate::cpu::chunks::Chunk;
use crate::cpu::matrix::{Matrix, Target};
use crate::cpu::rows::add_up;
use crate::memory::Buffer;
use crate::parallel::{self, Shared, block};
use crate::simd::{LANES, Simd, dispatch};

/// The gradients that [`backward`] writes.
pub(in crate::cpu) struct Gradients<'a> {
    /// Of queries, keys and the logarithms of the keys' decays, `rows × heads × key` each: the last where decays are
    /// of keys.
    pub(in crate::cpu) of_keys: [Option<Target<'a>>; 3],
    /// Of the values, `rows × heads × value`.
    pub(in crate::cpu) values: Target<'a>,
    /// Of the steps of values, as many, and of the rates, `heads × key × value`, where decays are of columns.
    pub(in crate::cpu) by_column: Option<[&'a mut [f32]; 2]>,
}

/// What tasks write to.
#[derive(Clone, Copy)]
struct Outputs<'a> {
    /// Of each block of values: `blocks × rows × 3 × heads × key`.
    of_keys: Shared<'a>,
    values: Target<'a>,
    /// Of steps, and of the rates of each sequence: `batch × heads × key × value`.
    by_column: Option<(Target<'a>, Shared<'a>)>,
}

/// From the gradient of what is read, and the states that [`forward`](super::forward) left, writes those of the inputs.
/// The first states are no inputs.
pub(in crate::cpu) fn backward<D: Decays>(
    inputs: Inputs<D>,
    states: &[f32],
    dy: &[f32],
    gradients: Gradients,
) {
    let shape = inputs.shape;
    let (rows, width, each) = (shape.rows(), shape.heads * shape.value, shape.heads * shape.key);
    let mut of_keys = Buffer::any(shape.blocks() * rows * 3 * each);
    let [steps, to_rates] = match gradients.by_column {
        Some(both) => both.map(Some),
        None => [None, None],
    };
    let mut rates = Buffer::any(to_rates.as_ref().map_or(0, |to| shape.batch * to.len()));
    {
        let rates = Shared::new(&mut rates);
        let outputs = Outputs {
            of_keys: Shared::new(&mut of_keys),
            values: gradients.values,
            by_column: steps.map(|steps| (Target::new(steps, width), rates)),
        };
        let dy = Matrix::new(dy, rows, width);
        shape.for_each(64, |part| {
            dispatch!(values_of(&inputs, &part, dy, states, outputs));
        });
    }
    parallel::for_each(rows, 2 * of_keys.len(), |row| {
        for (which, target) in gradients.of_keys.iter().enumerate() {
            let Some(target) = target else { continue };
            let start = target.start + row * target.stride;
            // SAFETY: each row is one task's, and the targets do not overlap.
            let to = unsafe { target.shared.part(start..start + each) };
            to.fill(0.0);
            for block in of_keys.chunks_exact(rows * 3 * each) {
                let from = &block[(row * 3 + which) * each..][..each];
                to.iter_mut().zip(from).for_each(|(sum, value)| *sum += value);
            }
        }
    });
    if let Some(to) = to_rates {
        add_up(&rates, to);
    }
}

/// What a task works in, tile by tile.
struct Room {
    packed: Packed,
    /// States before each position of a chunk, and after the last.
    states: Buffer,
    decays: Buffer,
    /// Of queries, keys and decays at each position, lane by lane.
    lanes: [Buffer; 3],
}

impl Room {
    fn of(chunk: usize) -> Self {
        let any = || Buffer::any(chunk * KEYS * LANES);
        Self {
            packed: Packed::of(chunk),
            states: Buffer::any((chunk + 1) * KEYS * LANES),
            decays: any(),
            lanes: [any(), any(), any()],
        }
    }
}

/// Vectors of the keys of a tile, kept in a slice.
#[inline(always)]
fn load_all<S: Simd>(simd: S, from: &[f32], index: usize) -> [S::Floats; KEYS] {
    let mut vectors = [simd.splat(0.0); KEYS];
    for (key, vector) in vectors.iter_mut().enumerate() {
        *vector = simd.load_partial(&from[(index * KEYS + key) * LANES..][..LANES], 0.0);
    }
    vectors
}

#[inline(always)]
fn store_all<S: Simd>(simd: S, vectors: &[S::Floats; KEYS], to: &mut [f32], index: usize) {
    for (key, vector) in vectors.iter().enumerate() {
        simd.store_partial(*vector, &mut to[(index * KEYS + key) * LANES..][..LANES]);
    }
}

#[inline(always)]
fn values_of<S: Simd, D: Decays>(
    simd: S,
    inputs: &Inputs<D>,
    part: &Part,
    dy: Matrix,
    states: &[f32],
    outputs: Outputs,
) {
    let shape = inputs.shape;
    let key_blocks = shape.key.div_ceil(KEYS);
    let vectors = part.values.len().div_ceil(LANES);
    let mut room = Room::of(shape.chunk);
    // Of each tile: what comes back to its state, and the sums of its rates.
    let [mut dstates, mut totals] = [(); 2].map(|()| Buffer::zeros(key_blocks * vectors * KEYS * LANES));
    for index in (0..shape.chunks()).rev() {
        let chunk = Chunk::of(part.sequence, shape.length, index, shape.chunk);
        let before = (part.sequence * (shape.chunks() + 1) + index) * shape.state_size();
        clear(shape, part, chunk, outputs);
        for keys in 0..key_blocks {
            room.packed.fill(inputs, chunk, part.head, keys);
            room.lanes.iter_mut().for_each(|lanes| lanes.fill(0.0));
            for (vector, tile) in shape.tiles(part, keys).enumerate() {
                let place = keys * vectors + vector;
                again(simd, inputs, &mut room, chunk, &tile, &states[before..]);
                let mut dstate = load_all(simd, &dstates, place);
                let mut total = load_all(simd, &totals, place);
                let of = [&mut dstate, &mut total];
                positions(simd, inputs, &mut room, chunk, &tile, (dy, outputs), of);
                store_all(simd, &dstate, &mut dstates, place);
                store_all(simd, &total, &mut totals, place);
            }
            sum_lanes(simd, shape, &room, part, chunk, keys, outputs);
        }
    }
    let Some((_, rates)) = outputs.by_column else {
        return;
    };
    let start = part.sequence * shape.state_size();
    for keys in 0..key_blocks {
        for (vector, tile) in shape.tiles(part, keys).enumerate() {
            let total = load_all(simd, &totals, keys * vectors + vector);
            for (total, line) in total.iter().zip(tile.lines()) {
                // SAFETY: only this task touches these values of this head of this sequence.
                let to = unsafe { rates.part(start + line.start..start + line.end) };
                simd.store_partial(*total, to);
            }
        }
    }
}

/// Makes zeros of what tiles add to.
fn clear(shape: Shape, part: &Part, chunk: Chunk, outputs: Outputs) {
    let first = part.head * shape.value;
    for row in chunk.first..chunk.first + chunk.count {
        let steps = outputs.by_column.map(|(steps, _)| steps);
        for target in [Some(outputs.values), steps].into_iter().flatten() {
            let start = target.start + row * target.stride + first;
            // SAFETY: only this task touches these values of this head of this sequence.
            unsafe {
                target
                    .shared
                    .part(start + part.values.start..start + part.values.end)
            }
            .fill(0.0);
        }
    }
}

/// The states of a tile within a chunk, and their decays.
#[inline(always)]
fn again<S: Simd, D: Decays>(
    simd: S,
    inputs: &Inputs<D>,
    room: &mut Room,
    chunk: Chunk,
    tile: &Tile,
    before: &[f32],
) {
    let mut state = [simd.splat(0.0); KEYS];
    for (state, line) in state.iter_mut().zip(tile.lines()) {
        *state = simd.load_partial(&before[line], 0.0);
    }
    let held = inputs.decays.held(simd, tile);
    for position in 0..chunk.count {
        store_all(simd, &state, &mut room.states, position);
        let row = chunk.first + position;
        let value = simd.load_partial(&inputs.values.row(row)[tile.columns()], 0.0);
        let packed = at(&room.packed.decays, position);
        let decays = inputs.decays.at(simd, &held, packed, row, tile);
        store_all(simd, &decays, &mut room.decays, position);
        let keys = at(&room.packed.keys, position);
        for key in 0..KEYS {
            let kept = simd.mul(decays[key], state[key]);
            state[key] = simd.mul_add(simd.splat(keys[key]), value, kept);
        }
    }
    store_all(simd, &state, &mut room.states, chunk.count);
}

/// A tile over the positions of a chunk, from the last to the first.
#[inline(always)]
fn positions<S: Simd, D: Decays>(
    simd: S,
    inputs: &Inputs<D>,
    room: &mut Room,
    chunk: Chunk,
    tile: &Tile,
    (dy, outputs): (Matrix, Outputs),
    [dstate, totals]: [&mut [S::Floats; KEYS]; 2],
) {
    let held = inputs.decays.held(simd, tile);
    let columns = tile.columns();
    for position in (0..chunk.count).rev() {
        let row = chunk.first + position;
        let part_of = |target: Target<'_>| {
            let start = target.start + row * target.stride;
            start + columns.start..start + columns.end
        };
        let dy = simd.load_partial(&dy.row(row)[columns.clone()], 0.0);
        let value = simd.load_partial(&inputs.values.row(row)[columns.clone()], 0.0);
        let before = load_all(simd, &room.states, position);
        let after = load_all(simd, &room.states, position + 1);
        let decays = load_all(simd, &room.decays, position);
        let queries = at(&room.packed.queries, position);
        let keys = at(&room.packed.keys, position);
        let [of_queries, of_keys, of_decays] = &mut room.lanes;
        let mut dqueries = load_all(simd, of_queries, position);
        let mut dkeys = load_all(simd, of_keys, position);
        // SAFETY: only this task touches these values of this head of this sequence.
        let dvalue = unsafe { outputs.values.shared.part(part_of(outputs.values)) };
        let mut sum = simd.load_partial(dvalue, 0.0);
        let mut logarithms = [simd.splat(0.0); KEYS];
        for key in 0..KEYS {
            let back = simd.mul_add(simd.splat(queries[key]), dy, dstate[key]);
            dqueries[key] = simd.mul_add(dy, after[key], dqueries[key]);
            dkeys[key] = simd.mul_add(back, value, dkeys[key]);
            sum = simd.mul_add(simd.splat(keys[key]), back, sum);
            dstate[key] = simd.mul(back, decays[key]);
            logarithms[key] = simd.mul(dstate[key], before[key]);
        }
        simd.store_partial(sum, dvalue);
        store_all(simd, &dqueries, of_queries, position);
        store_all(simd, &dkeys, of_keys, position);
        match outputs.by_column {
            Some((steps, _)) => {
                let change = inputs
                    .decays
                    .gradient(simd, &held, row, tile, &logarithms, totals);
                // SAFETY: as above.
                let to = unsafe { steps.shared.part(part_of(steps)) };
                let sum = simd.add(simd.load_partial(to, 0.0), change);
                simd.store_partial(sum, to);
            }
            None => {
                let mut ddecays = load_all(simd, of_decays, position);
                for (sum, logarithm) in ddecays.iter_mut().zip(logarithms) {
                    *sum = simd.add(*sum, logarithm);
                }
                store_all(simd, &ddecays, of_decays, position);
            }
        }
    }
}

/// The sums over the lanes of what keys get at each position of a chunk.
#[inline(always)]
fn sum_lanes<S: Simd>(
    simd: S,
    shape: Shape,
    room: &Room,
    part: &Part,
    chunk: Chunk,
    index: usize,
    outputs: Outputs,
) {
    let (keys, each) = (block(index, KEYS, shape.key), shape.heads * shape.key);
    let [queries, of_keys, decays] = &room.lanes;
    let mut sums = [0.0; LANES];
    for position in 0..chunk.count {
        let row = part.block * shape.rows() + chunk.first + position;
        let write = |which: usize, sums: &[f32]| {
            let start = (row * 3 + which) * each + part.head * shape.key + keys.start;
            // SAFETY: each task has sums of its own.
            let to = unsafe { outputs.of_keys.part(start..start + keys.len()) };
            to.copy_from_slice(&sums[..keys.len()]);
        };
        let mut vectors = [simd.splat(0.0); LANES];
        vectors[..KEYS].copy_from_slice(&load_all(simd, queries, position));
        vectors[KEYS..].copy_from_slice(&load_all(simd, of_keys, position));
        simd.store(simd.sum_each(vectors), &mut sums);
        write(0, &sums[..KEYS]);
        write(1, &sums[KEYS..]);
        if outputs.by_column.is_none() {
            vectors[..KEYS].copy_from_slice(&load_all(simd, decays, position));
            simd.store(simd.sum_each(vectors), &mut sums);
            write(2, &sums[..KEYS]);
        }
    }
}
