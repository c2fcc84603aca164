//! The backward pass, chunk by chunk from the last to the first.

use super::{Chunk, Inputs, Part, Shape};
use crate::cpu::chunks::{Space, decay_row};
use crate::cpu::matrix::{Matrix, Target};
use crate::cpu::rows::add_up;
use crate::cpu::vectors::{add_scaled, dot, scale, scale_in_place};
use crate::memory::Buffer;
use crate::parallel::{self, Shared};
use crate::simd::{Simd, dispatch, each_vector};

/// The gradients that [`backward`] writes.
pub(in crate::cpu) struct Gradients<'a> {
    /// Of `x`, `B` and `C`, `rows × channels`.
    pub(in crate::cpu) mixed: &'a mut [f32],
    /// Of the steps, `rows × heads`.
    pub(in crate::cpu) steps: Target<'a>,
    pub(in crate::cpu) step_bias: &'a mut [f32],
    pub(in crate::cpu) decay_log: &'a mut [f32],
    pub(in crate::cpu) skip: &'a mut [f32],
}

/// What tasks write to.
#[derive(Clone, Copy)]
struct Outputs<'a> {
    mixed: Target<'a>,
    steps: Target<'a>,
    /// Of `B` and `C` of each block of heads: `blocks × rows × 2 groups × state`.
    shared: Shared<'a>,
    /// Of bias, decay and skip of each sequence: `batch × 3 × heads`.
    heads: Shared<'a>,
}

/// From the gradient of `y`, and the states that [`forward`](super::forward) left, writes those of the inputs. The first
/// states are no inputs.
pub(in crate::cpu) fn backward(inputs: Inputs, states: &[f32], dy: &[f32], gradients: Gradients) {
    let shape = inputs.shape;
    let (rows, both) = (shape.batch * shape.length, 2 * shape.groups * shape.state);
    let mut shared = Buffer::any(shape.blocks() * rows * both);
    let mut heads = Buffer::zeros(shape.batch * 3 * shape.heads);
    {
        let outputs = Outputs {
            mixed: Target::new(gradients.mixed, shape.channels()),
            steps: gradients.steps,
            shared: Shared::new(&mut shared),
            heads: Shared::new(&mut heads),
        };
        let dy = Matrix::new(dy, rows, shape.inner());
        shape.for_each(3, |part| {
            dispatch!(heads_of(inputs, part.clone(), dy, states, outputs));
        });
    }
    let mixed = Target::new(gradients.mixed, shape.channels()).from(0, shape.inner());
    parallel::for_each(rows, 2 * shared.len(), |row| {
        let start = mixed.start + row * mixed.stride;
        // SAFETY: each row is one task's.
        let to = unsafe { mixed.shared.part(start..start + both) };
        to.fill(0.0);
        for block in shared.chunks_exact(rows * both) {
            let from = &block[row * both..][..both];
            to.iter_mut().zip(from).for_each(|(sum, value)| *sum += value);
        }
    });
    let mut sums = Buffer::any(3 * shape.heads);
    add_up(&heads, &mut sums);
    let (bias, rest) = sums.split_at(shape.heads);
    let (decay, skip) = rest.split_at(shape.heads);
    gradients.step_bias.copy_from_slice(bias);
    gradients.decay_log.copy_from_slice(decay);
    gradients.skip.copy_from_slice(skip);
}

/// What a task works in.
struct Room {
    space: Space,
    scores: Buffer,
    /// Gradients of the scores, of all heads together.
    dscores: Buffer,
    /// Scores with decays, then the gradient of their product.
    weights: Buffer,
    dweights: Buffer,
    decays: Buffer,
    /// `Δ x`, and its gradient.
    values: Buffer,
    dvalues: Buffer,
    /// The gradient of what the state gives, and what comes of it.
    dmixed: Buffer,
    of_state: Buffer,
    steps: Buffer,
    sums: Buffer,
    dsums: Buffer,
}

impl Room {
    fn of(shape: Shape) -> Self {
        let Shape {
            dimension,
            state,
            chunk,
            ..
        } = shape;
        let any = Buffer::any;
        Self {
            space: Space::of(chunk, [state, dimension]),
            scores: any(chunk * chunk),
            dscores: any(chunk * chunk),
            weights: any(chunk * chunk),
            dweights: any(chunk * chunk),
            decays: any(chunk),
            values: any(chunk * dimension),
            dvalues: any(chunk * dimension),
            dmixed: any(chunk * dimension),
            of_state: any(chunk * state.max(dimension)),
            steps: any(chunk),
            sums: any(chunk),
            dsums: any(chunk),
        }
    }
}

/// The gradients of `B` and `C` of a chunk.
#[derive(Clone, Copy)]
struct SharedGradients<'a> {
    b: Target<'a>,
    c: Target<'a>,
}

#[inline(always)]
fn heads_of<S: Simd>(simd: S, inputs: Inputs, part: Part, dy: Matrix, states: &[f32], outputs: Outputs) {
    let shape = inputs.shape;
    let Shape {
        dimension,
        state,
        chunk,
        ..
    } = shape;
    let mut room = Room::of(shape);
    let mut dstates: Vec<Buffer> = part
        .heads
        .clone()
        .map(|_| Buffer::zeros(state * dimension))
        .collect();
    let mut totals = vec![[0.0f64; 3]; part.heads.len()];
    let rows_in_all = shape.batch * shape.length;
    for index in (0..shape.chunks()).rev() {
        let rows = inputs.chunk(part.sequence, index);
        let (b, c) = (inputs.b(rows, part.group), inputs.c(rows, part.group));
        let scores = Target::new(&mut room.scores, chunk);
        room.space.multiply(simd, c, b.transposed(), scores, false);
        room.dscores.fill(0.0);
        let target = |which: usize| {
            let stride = 2 * shape.groups * state;
            Target {
                shared: outputs.shared,
                start: (part.block * rows_in_all + rows.first) * stride
                    + (which * shape.groups + part.group) * state,
                stride,
            }
        };
        let shared = SharedGradients {
            b: target(0),
            c: target(1),
        };
        for row in 0..rows.count {
            for target in [shared.b, shared.c] {
                let start = target.start + row * target.stride;
                // SAFETY: each task has sums of its own.
                unsafe { target.shared.part(start..start + state) }.fill(0.0);
            }
        }
        for ((head, dstate), totals) in part.heads.clone().zip(&mut dstates).zip(&mut totals) {
            let before = &states[shape.state_start(part.sequence, index, head)..][..state * dimension];
            let dy = dy.part(rows.first, rows.count, head * dimension, dimension);
            let of = Head {
                inputs,
                rows,
                head,
                group: part.group,
                dy,
            };
            of.chunk(simd, &mut room, before, dstate, shared);
            of.steps(simd, &room, outputs, totals);
        }
        let dscores = Matrix::strided(&room.dscores, rows.count, rows.count, chunk);
        room.space.multiply(simd, dscores, b, shared.c, true);
        room.space.multiply(simd, dscores.transposed(), c, shared.b, true);
    }
    for (head, totals) in part.heads.clone().zip(&totals) {
        for (which, &total) in totals.iter().enumerate() {
            let place = (part.sequence * 3 + which) * shape.heads + head;
            // SAFETY: each task has sums of its own.
            let to = unsafe { outputs.heads.part(place..place + 1) };
            to[0] = total as f32;
        }
    }
}

/// One head of a chunk.
struct Head<'a> {
    inputs: Inputs<'a>,
    rows: Chunk,
    head: usize,
    group: usize,
    dy: Matrix<'a>,
}

impl Head<'_> {
    /// The gradients of `Δ x`, of the sums of `Δ A`, of scores, `B` and `C`, and of the state before.
    #[inline(always)]
    fn chunk<S: Simd>(
        &self,
        simd: S,
        room: &mut Room,
        before: &[f32],
        dstate: &mut [f32],
        shared: SharedGradients,
    ) {
        let Shape {
            dimension,
            state,
            chunk,
            ..
        } = self.inputs.shape;
        let (count, x) = (self.rows.count, self.inputs.x(self.rows, self.head));
        let (b, c) = (
            self.inputs.b(self.rows, self.group),
            self.inputs.c(self.rows, self.group),
        );
        self.inputs
            .decays(self.rows, self.head, &mut room.steps, &mut room.sums);
        room.dsums.fill(0.0);
        for row in 0..count {
            let value = &mut room.values[row * dimension..][..dimension];
            scale(simd, x.row(row), room.steps[row], value);
        }
        let values = Matrix::new(&room.values, count, dimension);
        let to = Target::new(&mut room.dweights, chunk);
        room.space.multiply(simd, self.dy, values.transposed(), to, false);
        weigh(simd, room, count, chunk);
        let weights = Matrix::strided(&room.weights, count, count, chunk);
        let to = Target::new(&mut room.dvalues, dimension);
        room.space
            .multiply(simd, weights.transposed(), self.dy, to, false);

        // What the state after the chunk takes from its positions.
        let last = room.sums[count - 1];
        let after = Matrix::new(dstate, state, dimension);
        let to = Target::new(&mut room.of_state, dimension);
        room.space.multiply(simd, b, after, to, false);
        for row in 0..count {
            let (decay, range) = (
                (last - room.sums[row]).exp(),
                row * dimension..(row + 1) * dimension,
            );
            add_scaled(
                simd,
                &room.of_state[range.clone()],
                decay,
                &mut room.dvalues[range.clone()],
            );
            scale_in_place(simd, &mut room.values[range], decay);
        }
        let values = Matrix::new(&room.values, count, dimension);
        let to = Target::new(&mut room.of_state, state);
        room.space.multiply(simd, values, after.transposed(), to, false);
        for row in 0..count {
            let of_state = &room.of_state[row * state..][..state];
            let change = dot(simd, of_state, b.row(row));
            room.dsums[row] -= change;
            room.dsums[count - 1] += change;
            add_row(simd, of_state, shared.b, row);
        }

        // What its positions take from the state before it.
        for row in 0..count {
            let to = &mut room.dmixed[row * dimension..][..dimension];
            scale(simd, self.dy.row(row), room.sums[row].exp(), to);
        }
        let dmixed = Matrix::new(&room.dmixed, count, dimension);
        let state_before = Matrix::new(before, state, dimension);
        let to = Target::new(&mut room.of_state, state);
        room.space
            .multiply(simd, dmixed, state_before.transposed(), to, false);
        for row in 0..count {
            let of_state = &room.of_state[row * state..][..state];
            room.dsums[row] += dot(simd, of_state, c.row(row));
            add_row(simd, of_state, shared.c, row);
        }
        room.dsums[count - 1] += last.exp() * dot(simd, before, dstate);
        scale_in_place(simd, dstate, last.exp());
        let to = Target::new(dstate, dimension);
        room.space.multiply(simd, c.transposed(), dmixed, to, true);
    }

    /// The gradients of `x` and of what makes `Δ` and `A`, from those of `Δ x` and of the sums.
    #[inline(always)]
    fn steps<S: Simd>(&self, simd: S, room: &Room, outputs: Outputs, totals: &mut [f64; 3]) {
        let dimension = self.inputs.shape.dimension;
        let (decay, skip) = (self.inputs.decay(self.head), self.inputs.skip[self.head]);
        let x = self.inputs.x(self.rows, self.head);
        let mut ddecayed = 0.0;
        for row in (0..self.rows.count).rev() {
            let (step, dvalue) = (room.steps[row], &room.dvalues[row * dimension..][..dimension]);
            ddecayed += room.dsums[row];
            let dstep = decay * ddecayed + dot(simd, dvalue, x.row(row));
            // The slope of softplus: 1 - e^-Δ; where a step was raised, none.
            let dstep = if step <= self.inputs.shape.least_step {
                0.0
            } else {
                -(-step).exp_m1() * dstep
            };
            let place = outputs.steps.start + (self.rows.first + row) * outputs.steps.stride + self.head;
            let to = outputs
                .mixed
                .from(self.rows.first + row, self.head * dimension)
                .start;
            // SAFETY: only this task writes this head of this sequence.
            let (to_step, dx) = unsafe {
                (
                    outputs.steps.shared.part(place..place + 1),
                    outputs.mixed.shared.part(to..to + dimension),
                )
            };
            to_step[0] = dstep;
            scale(simd, dvalue, step, dx);
            add_scaled(simd, self.dy.row(row), skip, dx);
            let [bias, decay_log, of_skip] = totals;
            *bias += f64::from(dstep);
            *decay_log += f64::from(step * ddecayed * decay);
            *of_skip += f64::from(dot(simd, self.dy.row(row), x.row(row)));
        }
    }
}

/// The scores with their decays, and from the gradient of these those of the scores and of the sums of `Δ A`.
#[inline(always)]
fn weigh<S: Simd>(simd: S, room: &mut Room, count: usize, stride: usize) {
    for row in 0..count {
        let range = row * stride..row * stride + count;
        let decays = &mut room.decays[..count];
        decay_row(simd, &room.sums[..count], row, decays);
        let mut sum = simd.splat(0.0);
        each_vector(
            simd,
            [decays, &room.scores[range.clone()], &room.dweights[range.clone()]],
            [
                &mut room.weights[range.clone()],
                &mut room.dscores[range],
                &mut room.dsums[..count],
            ],
            0.0,
            #[inline(always)]
            |[decay, score, dweight], [_, dscore, dsum]| {
                let (weight, gradient) = (simd.mul(decay, score), simd.mul(decay, dweight));
                let change = simd.mul(weight, dweight);
                sum = simd.add(sum, change);
                [weight, simd.add(dscore, gradient), simd.sub(dsum, change)]
            },
        );
        room.dsums[row] += simd.sum(sum);
    }
}

/// Adds to a row of a target of this task's.
#[inline(always)]
fn add_row<S: Simd>(simd: S, values: &[f32], target: Target, row: usize) {
    let start = target.start + row * target.stride;
    // SAFETY: each task has sums of its own.
    let to = unsafe { target.shared.part(start..start + values.len()) };
    add_scaled(simd, values, 1.0, to);
}
