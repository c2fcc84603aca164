//! The backward pass, chunk by chunk from the last to the first.

use super::forward::Weights;
use super::{Chunk, Inputs, Prepared, Shape};
use crate::cpu::chunks::{Space, decay_row};
use crate::cpu::matrix::{Matrix, Target};
use crate::cpu::rows::add_up;
use crate::cpu::vectors::{add_scaled, dot, scale, scale_in_place};
use crate::memory::Buffer;
use crate::parallel::Shared;
use crate::simd::{Simd, dispatch, each_vector};

/// The gradients that [`backward`] writes.
pub(in crate::cpu) struct Gradients<'a> {
    /// Of queries, keys and values, `rows × channels`.
    pub(in crate::cpu) mixed: &'a mut [f32],
    /// Of what makes the decays, `rows × heads`.
    pub(in crate::cpu) steps: Target<'a>,
    /// Of what makes the rates, `rows × heads`.
    pub(in crate::cpu) rates: Target<'a>,
    pub(in crate::cpu) step_bias: &'a mut [f32],
    pub(in crate::cpu) decay_log: &'a mut [f32],
}

/// What tasks write to.
#[derive(Clone, Copy)]
struct Outputs<'a> {
    mixed: Target<'a>,
    steps: Target<'a>,
    rates: Target<'a>,
    /// Of bias and decay of each sequence: `batch × 2 × heads`.
    heads: Shared<'a>,
}

/// What the forward pass left: what every position wrote, and the states.
#[derive(Clone, Copy)]
pub(in crate::cpu) struct Left<'a> {
    pub(in crate::cpu) written: &'a [f32],
    pub(in crate::cpu) states: &'a [f32],
}

/// From the gradient of `o` writes those of the inputs. The first states are no inputs.
pub(in crate::cpu) fn backward(inputs: Inputs, left: Left, doutput: &[f32], gradients: Gradients) {
    let shape = inputs.shape;
    let mut heads = Buffer::zeros(shape.batch * 2 * shape.heads);
    {
        let outputs = Outputs {
            mixed: Target::new(gradients.mixed, shape.channels()),
            steps: gradients.steps,
            rates: gradients.rates,
            heads: Shared::new(&mut heads),
        };
        shape.for_each(3, |sequence, head| {
            dispatch!(head_of(inputs, left, doutput, sequence, head, outputs));
        });
    }
    let mut sums = Buffer::any(2 * shape.heads);
    add_up(&heads, &mut sums);
    let (bias, decay) = sums.split_at(shape.heads);
    gradients.step_bias.copy_from_slice(bias);
    gradients.decay_log.copy_from_slice(decay);
}

/// What a task works in.
struct Room {
    space: Space,
    prepared: Prepared,
    weights: Weights,
    /// Gradients of the two matrices of weights, then of the products they are made of.
    dlower: Buffer,
    dmixing: Buffer,
    decays: Buffer,
    /// `v - e^s Sᵀ k`, and its gradient, then that of `Sᵀ k`.
    wanted: Buffer,
    dwritten: Buffer,
    /// What is written or its gradient, with decays.
    decayed: Buffer,
    dqueries: Buffer,
    dkeys: Buffer,
    of_state: Buffer,
    dsums: Buffer,
    drates: Buffer,
}

impl Room {
    fn of(shape: Shape) -> Self {
        let Shape {
            key, value, chunk, ..
        } = shape;
        let any = Buffer::any;
        Self {
            space: Space::of(chunk, [key, value]),
            prepared: Prepared::of(shape),
            weights: Weights::of(shape),
            dlower: any(chunk * chunk),
            dmixing: any(chunk * chunk),
            decays: any(chunk),
            wanted: any(chunk * value),
            dwritten: any(chunk * value),
            decayed: any(chunk * value),
            dqueries: any(chunk * key),
            dkeys: any(chunk * key),
            of_state: any(chunk * key.max(value)),
            dsums: any(chunk),
            drates: any(chunk),
        }
    }
}

#[inline(always)]
fn head_of<S: Simd>(
    simd: S,
    inputs: Inputs,
    left: Left,
    doutput: &[f32],
    sequence: usize,
    head: usize,
    outputs: Outputs,
) {
    let shape = inputs.shape;
    let Shape { key, value, .. } = shape;
    let mut room = Room::of(shape);
    let mut dstate = Buffer::zeros(key * value);
    let mut totals = [0.0f64; 2];
    for index in (0..shape.chunks()).rev() {
        let rows = inputs.chunk(sequence, index);
        let columns = shape.heads * value;
        let at = rows.first * columns + head * value;
        let [dy, written] =
            [doutput, left.written].map(|of| Matrix::strided(&of[at..], rows.count, value, columns));
        let before = &left.states[shape.state_start(sequence, index, head)..][..key * value];
        let of = Head {
            inputs,
            rows,
            head,
            dy,
            written,
        };
        of.chunk(simd, &mut room, before, &mut dstate);
        of.finish(simd, &room, outputs, &mut totals);
    }
    for (which, &total) in totals.iter().enumerate() {
        let place = (sequence * 2 + which) * shape.heads + head;
        // SAFETY: each task has sums of its own.
        let to = unsafe { outputs.heads.part(place..place + 1) };
        to[0] = total as f32;
    }
}

/// One head of a chunk.
struct Head<'a> {
    inputs: Inputs<'a>,
    rows: Chunk,
    head: usize,
    dy: Matrix<'a>,
    written: Matrix<'a>,
}

impl Head<'_> {
    /// The gradients of queries and keys as they are normalised, of values over their rates, of the sums of decays, of
    /// the rates, and of the state before.
    #[inline(always)]
    fn chunk<S: Simd>(&self, simd: S, room: &mut Room, before: &[f32], dstate: &mut [f32]) {
        let shape = self.inputs.shape;
        let Shape {
            key, value, chunk, ..
        } = shape;
        let (count, written) = (self.rows.count, self.written);
        room.prepared.fill(simd, self.inputs, self.rows, self.head);
        let (prepared, space) = (&room.prepared, &mut room.space);
        room.weights.fill(simd, space, shape, prepared, count);
        let keys = prepared.keys(shape, count);
        let state = Matrix::new(before, key, value);
        let last = prepared.sums[count - 1];
        room.dsums.fill(0.0);

        // What is written: by the outputs within the chunk, and by the state after it.
        let mixing = Matrix::strided(&room.weights.mixing, count, count, chunk);
        let to = Target::new(&mut room.dwritten, value);
        space.multiply(simd, mixing.transposed(), self.dy, to, false);
        let after = Matrix::new(dstate, key, value);
        let to = Target::new(&mut room.decayed, value);
        space.multiply(simd, keys, after, to, false);
        for row in 0..count {
            let (range, decay) = (row * value..(row + 1) * value, (last - prepared.sums[row]).exp());
            add_scaled(
                simd,
                &room.decayed[range.clone()],
                decay,
                &mut room.dwritten[range.clone()],
            );
            scale(simd, written.row(row), decay, &mut room.decayed[range]);
        }
        let decayed = Matrix::new(&room.decayed, count, value);
        let to = Target::new(&mut room.dkeys, key);
        space.multiply(simd, decayed, after.transposed(), to, false);
        for row in 0..count {
            let change = dot(simd, &room.dkeys[row * key..][..key], keys.row(row));
            room.dsums[row] -= change;
            room.dsums[count - 1] += change;
        }
        let to = Target::new(&mut room.dmixing, chunk);
        space.multiply(simd, self.dy, written.transposed(), to, false);

        // The system that it solves.
        let system = room.weights.system(shape, prepared, count);
        system.solve_transposed(simd, value, &mut room.dwritten);
        let dwanted = Matrix::new(&room.dwritten, count, value);
        let to = Target::new(&mut room.dlower, chunk);
        space.multiply(simd, dwanted, written.transposed(), to, false);
        let to = Target::new(&mut room.wanted, value);
        space.multiply(simd, keys, state, to, false);
        let values = self.inputs.values(self.rows, self.head);
        for row in 0..count {
            let range = row * value..(row + 1) * value;
            let (wanted, dwanted) = (&mut room.wanted[range.clone()], &mut room.dwritten[range.clone()]);
            let (decay, rate) = (prepared.sums[row].exp(), prepared.rates[row]);
            scale_in_place(simd, wanted, -decay);
            add_scaled(simd, values.row(row), 1.0, wanted);
            room.drates[row] = dot(simd, dwanted, wanted);
            // From here on the gradient of the value, and of `Sᵀ k` with the decay.
            scale_in_place(simd, dwanted, rate);
            scale(simd, dwanted, -decay, &mut room.decayed[range]);
        }
        weigh(simd, room, shape, count);
        let (prepared, space) = (&room.prepared, &mut room.space);
        let (queries, keys) = (prepared.queries(shape, count), prepared.keys(shape, count));

        // Through the state before: keys by what is wanted, queries by the outputs.
        let of_keys = Matrix::new(&room.decayed, count, value);
        let to = Target::new(&mut room.of_state, key);
        space.multiply(simd, of_keys, state.transposed(), to, false);
        for row in 0..count {
            let of_state = &room.of_state[row * key..][..key];
            room.dsums[row] += dot(simd, of_state, keys.row(row));
            add_scaled(simd, of_state, 1.0, &mut room.dkeys[row * key..][..key]);
        }
        room.dsums[count - 1] += last.exp() * dot(simd, before, dstate);
        scale_in_place(simd, dstate, last.exp());
        space.multiply(simd, keys.transposed(), of_keys, Target::new(dstate, value), true);
        for row in 0..count {
            let decay = prepared.sums[row].exp();
            scale(
                simd,
                self.dy.row(row),
                decay,
                &mut room.decayed[row * value..][..value],
            );
        }
        let of_queries = Matrix::new(&room.decayed, count, value);
        let to = Target::new(&mut room.dqueries, key);
        space.multiply(simd, of_queries, state.transposed(), to, false);
        for row in 0..count {
            let of_state = &room.dqueries[row * key..][..key];
            room.dsums[row] += dot(simd, of_state, queries.row(row));
        }
        space.multiply(
            simd,
            queries.transposed(),
            of_queries,
            Target::new(dstate, value),
            true,
        );

        // Through the two matrices.
        let dmixing = Matrix::strided(&room.dmixing, count, count, chunk);
        let dlower = Matrix::strided(&room.dlower, count, count, chunk);
        space.multiply(simd, dmixing, keys, Target::new(&mut room.dqueries, key), true);
        space.multiply(
            simd,
            dmixing.transposed(),
            queries,
            Target::new(&mut room.dkeys, key),
            true,
        );
        space.multiply(simd, dlower, keys, Target::new(&mut room.dkeys, key), true);
        space.multiply(
            simd,
            dlower.transposed(),
            keys,
            Target::new(&mut room.dkeys, key),
            true,
        );
    }

    /// The gradients of what queries, keys, values, decays and rates are made of.
    #[inline(always)]
    fn finish<S: Simd>(&self, simd: S, room: &Room, outputs: Outputs, totals: &mut [f64; 2]) {
        let Shape {
            heads, key, value, ..
        } = self.inputs.shape;
        let (decay, limit) = (self.inputs.decay(self.head), self.inputs.shape.rate);
        let prepared = &room.prepared;
        let mut ddecayed = 0.0;
        for row in (0..self.rows.count).rev() {
            let at = self.rows.first + row;
            let place = |target: Target, column: usize| target.start + at * target.stride + column;
            let columns = [
                self.head * key,
                (heads + self.head) * key,
                2 * heads * key + self.head * value,
            ];
            let [query, keys, values] = columns.map(|column| place(outputs.mixed, column));
            let [step, rate] = [outputs.steps, outputs.rates].map(|target| place(target, self.head));
            // SAFETY: only this task writes this head of this sequence.
            let ([dquery, dkey, dvalue], [dstep, drate]) = unsafe {
                let part = |start: usize, length: usize| outputs.mixed.shared.part(start..start + length);
                (
                    [part(query, key), part(keys, key), part(values, value)],
                    [
                        outputs.steps.shared.part(step..step + 1),
                        outputs.rates.shared.part(rate..rate + 1),
                    ],
                )
            };
            let normed = row * key..(row + 1) * key;
            let gradient = &room.dqueries[normed.clone()];
            // Their length is the root of one over the dimension.
            denormalise(
                simd,
                &prepared.queries[normed.clone()],
                gradient,
                prepared.query_scales[row],
                key as f32,
                dquery,
            );
            let gradient = &room.dkeys[normed.clone()];
            denormalise(
                simd,
                &prepared.keys[normed],
                gradient,
                prepared.key_scales[row],
                1.0,
                dkey,
            );
            dvalue.copy_from_slice(&room.dwritten[row * value..][..value]);
            let rate = prepared.rates[row];
            drate[0] = room.drates[row] * rate * (1.0 - rate / limit);
            ddecayed += room.dsums[row];
            let step = prepared.steps[row];
            // The slope of softplus: 1 - e^-step.
            dstep[0] = -(-step).exp_m1() * decay * ddecayed;
            totals[0] += f64::from(dstep[0]);
            totals[1] += f64::from(step * ddecayed * decay);
        }
    }
}

/// The gradient of a row from that of `n = row × multiplier`, whose squares sum to one over `squared`:
/// `multiplier (d - n squared (d·n))`, the multiplier being itself a function of the row.
#[inline(always)]
fn denormalise<S: Simd>(
    simd: S,
    normed: &[f32],
    gradient: &[f32],
    multiplier: f32,
    squared: f32,
    to: &mut [f32],
) {
    let along = dot(simd, normed, gradient) * squared;
    scale(simd, gradient, multiplier, to);
    add_scaled(simd, normed, -along * multiplier, to);
}

/// From the gradients of the matrices with decays and rates, those of the products of queries and keys; the changes of
/// the sums of decays, and of the rates.
#[inline(always)]
fn weigh<S: Simd>(simd: S, room: &mut Room, shape: Shape, count: usize) {
    for row in 0..count {
        let range = row * shape.chunk..row * shape.chunk + count;
        let decays = &mut room.decays[..count];
        decay_row(simd, &room.prepared.sums[..count], row, decays);
        // The lower matrix counts negatively, and ends before the diagonal.
        room.dlower[range.start + row..range.end].fill(0.0);
        let rate = room.prepared.rates[row];
        let (minus, zero) = (simd.splat(-rate), simd.splat(0.0));
        let (mut sum, mut written) = (zero, zero);
        each_vector(
            simd,
            [
                &*decays,
                &room.weights.mixing[range.clone()],
                &room.weights.lower[range.clone()],
            ],
            [
                &mut room.dmixing[range.clone()],
                &mut room.dlower[range],
                &mut room.dsums[..count],
            ],
            0.0,
            #[inline(always)]
            |[decay, mixing, lower], [dmixing, dlower, dsum]| {
                let of_lower = simd.mul(lower, dlower);
                written = simd.add(written, of_lower);
                let change = simd.mul_add(of_lower, minus, simd.mul(mixing, dmixing));
                sum = simd.add(sum, change);
                let dlower = simd.mul(simd.mul(decay, minus), dlower);
                [simd.mul(decay, dmixing), dlower, simd.sub(dsum, change)]
            },
        );
        room.dsums[row] += simd.sum(sum);
        room.drates[row] -= simd.sum(written);
    }
}
