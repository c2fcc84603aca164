//! The scan of a state-space model with one decay a head, in chunks (Dao and Gu 2024, arXiv 2405.21060, section 6):
//! `S[t] = exp(Δ[t] A) S[t-1] + Δ[t] B[t] x[t]ᵀ` and `y[t] = S[t]ᵀ C[t] + D x[t]`, with `Δ = softplus(step + bias)` and
//! `A = -exp(decay_log)`.
//!
//! Within a chunk, what position i takes from j is `C[i]·B[j] exp(s[i] - s[j]) Δ[j] x[j]`, `s` being the sum of `Δ A`
//! from the chunk's beginning: a matrix of scores with decays. What lies before the chunk comes by the state. It is
//! linear in the length, and all is in `f32`.

mod backward;
mod forward;
mod step;

pub(super) use backward::{Gradients, backward};
pub(super) use forward::forward;
pub(super) use step::step;

use std::ops::Range;

use super::chunks::{Chunk, softplus};
use super::matrix::Matrix;
use crate::parallel::{self, block};

/// Heads of a task, which share the scores of their group.
const HEADS: usize = 8;

/// The sizes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) batch: usize,
    pub(super) length: usize,
    pub(super) heads: usize,
    /// Groups of heads that share `B` and `C`: a divisor of the heads.
    pub(super) groups: usize,
    /// Values of a head.
    pub(super) dimension: usize,
    /// Rows of a head's state.
    pub(super) state: usize,
    /// Positions of a chunk.
    pub(super) chunk: usize,
    /// What steps below it are raised to.
    pub(super) least_step: f32,
}

impl Shape {
    pub(super) fn inner(&self) -> usize {
        self.heads * self.dimension
    }

    /// Columns of `x`, `B` and `C` side by side.
    pub(super) fn channels(&self) -> usize {
        self.inner() + 2 * self.groups * self.state
    }

    pub(super) fn chunks(&self) -> usize {
        self.length.div_ceil(self.chunk)
    }

    /// Values of the states of all heads at one position of one sequence.
    pub(super) fn state_size(&self) -> usize {
        self.heads * self.state * self.dimension
    }

    /// Where the state of a head before a chunk is.
    fn state_start(&self, sequence: usize, chunk: usize, head: usize) -> usize {
        (sequence * (self.chunks() + 1) + chunk) * self.state_size() + head * self.state * self.dimension
    }

    /// Blocks of heads in a group.
    fn blocks(&self) -> usize {
        (self.heads / self.groups).div_ceil(HEADS)
    }

    fn work(&self) -> usize {
        let products = 2 * self.state + self.chunk;
        2 * self.batch * self.length * self.inner() * products
    }

    /// Calls `task` with each sequence and block of heads of a group.
    fn for_each(&self, passes: usize, task: impl Fn(Part) + Sync + Send) {
        let (blocks, in_group) = (self.blocks(), self.heads / self.groups);
        parallel::for_each(self.batch * self.groups * blocks, passes * self.work(), |index| {
            let (sequence, rest) = (index / (self.groups * blocks), index % (self.groups * blocks));
            let (group, block_of_group) = (rest / blocks, rest % blocks);
            let heads = block(block_of_group, HEADS, in_group);
            task(Part {
                sequence,
                group,
                block: block_of_group,
                heads: group * in_group + heads.start..group * in_group + heads.end,
            });
        });
    }
}

/// What a task does.
#[derive(Clone)]
struct Part {
    sequence: usize,
    group: usize,
    /// Of its group.
    block: usize,
    heads: Range<usize>,
}

/// What the scan is of.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a> {
    pub(super) shape: Shape,
    /// `x` of all heads, `B` of all groups, `C` of all groups: `rows × channels`.
    pub(super) mixed: &'a [f32],
    /// `rows × heads`
    pub(super) steps: Matrix<'a>,
    pub(super) step_bias: &'a [f32],
    pub(super) decay_log: &'a [f32],
    pub(super) skip: &'a [f32],
}

impl<'a> Inputs<'a> {
    fn chunk(&self, sequence: usize, chunk: usize) -> Chunk {
        Chunk::of(sequence, self.shape.length, chunk, self.shape.chunk)
    }

    fn columns(&self, chunk: Chunk, start: usize, columns: usize) -> Matrix<'a> {
        chunk.columns(self.mixed, self.shape.channels(), start, columns)
    }

    fn x(&self, chunk: Chunk, head: usize) -> Matrix<'a> {
        self.columns(chunk, head * self.shape.dimension, self.shape.dimension)
    }

    fn b(&self, chunk: Chunk, group: usize) -> Matrix<'a> {
        self.columns(
            chunk,
            self.shape.inner() + group * self.shape.state,
            self.shape.state,
        )
    }

    fn c(&self, chunk: Chunk, group: usize) -> Matrix<'a> {
        let start = self.shape.inner() + (self.shape.groups + group) * self.shape.state;
        self.columns(chunk, start, self.shape.state)
    }

    fn decay(&self, head: usize) -> f32 {
        -self.decay_log[head].exp()
    }

    /// `Δ` at a row.
    fn step(&self, row: usize, head: usize) -> f32 {
        let step = softplus(self.steps.at(row, head) + self.step_bias[head]);
        // What is no number stays so, which `max` would hide.
        if step < self.shape.least_step {
            self.shape.least_step
        } else {
            step
        }
    }

    /// Writes `Δ` of each position of a chunk, and the sum of `Δ A` up to and with it.
    fn decays(&self, chunk: Chunk, head: usize, steps: &mut [f32], sums: &mut [f32]) {
        let (decay, mut sum) = (self.decay(head), 0.0);
        for (index, (step, to)) in steps.iter_mut().zip(sums).take(chunk.count).enumerate() {
            *step = self.step(chunk.first + index, head);
            sum += *step * decay;
            *to = sum;
        }
    }
}
