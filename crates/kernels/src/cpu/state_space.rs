//! The scan of a state-space model with one decay a head, in chunks (Dao and Gu 2024, arXiv 2405.21060, section 6):
//! `S[t] = exp(Δ[t] A) S[t-1] + Δ[t] B[t] x[t]ᵀ` and `y[t] = S[t]ᵀ C[t] + D x[t]`, with `Δ = softplus(step + bias)` and
//! `A = -exp(decay_log)`.
//!
//! Within a chunk, what position i takes from j is `C[i]·B[j] exp(s[i] - s[j]) Δ[j] x[j]`, `s` being the sum of `Δ A`
//! from the chunk's beginning: a matrix of scores with decays. What lies before the chunk comes by the state. It is
//! linear in the length, and all is in `f32`.

mod backward;
mod forward;

pub(super) use backward::{Gradients, backward};
pub(super) use forward::forward;

use std::ops::Range;

use super::matmul::{multiply_packed, pack, panels_length};
use super::matrix::{Matrix, Target};
use crate::memory::Buffer;
use crate::parallel::{self, block};
use crate::simd::{LANES, Simd, each_vector, fold_vectors};

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

/// Some positions of a chunk: the first row, counted over all sequences, and how many.
#[derive(Clone, Copy)]
struct Chunk {
    first: usize,
    count: usize,
}

impl<'a> Inputs<'a> {
    fn chunk(&self, sequence: usize, chunk: usize) -> Chunk {
        let positions = block(chunk, self.shape.chunk, self.shape.length);
        Chunk {
            first: sequence * self.shape.length + positions.start,
            count: positions.len(),
        }
    }

    fn columns(&self, chunk: Chunk, start: usize, columns: usize) -> Matrix<'a> {
        let channels = self.shape.channels();
        Matrix::strided(
            &self.mixed[chunk.first * channels + start..],
            chunk.count,
            columns,
            channels,
        )
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

    /// Writes `Δ` of each position of a chunk, and the sum of `Δ A` up to and with it.
    fn decays(&self, chunk: Chunk, head: usize, steps: &mut [f32], sums: &mut [f32]) {
        let (decay, mut sum) = (self.decay(head), 0.0);
        for (index, (step, to)) in steps.iter_mut().zip(sums).take(chunk.count).enumerate() {
            *step = softplus(self.steps.at(chunk.first + index, head) + self.step_bias[head]);
            sum += *step * decay;
            *to = sum;
        }
    }
}

/// `ln(1 + e^x)`
fn softplus(x: f32) -> f32 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// Room for packed right-hand sides.
struct Space(Buffer);

impl Space {
    fn of(shape: Shape) -> Self {
        let most = |depth: usize, columns: usize| panels_length(depth, columns);
        let Shape {
            dimension,
            state,
            chunk,
            ..
        } = shape;
        let sizes = [
            most(state, chunk),
            most(chunk, state),
            most(dimension, chunk),
            most(chunk, dimension),
            most(state, dimension),
            most(dimension, state),
        ];
        Self(Buffer::any(sizes.into_iter().max().unwrap_or(0)))
    }

    /// `target = a × b`, or `target += a × b`.
    #[inline(always)]
    fn multiply<S: Simd>(&mut self, simd: S, a: Matrix, b: Matrix, target: Target, accumulate: bool) {
        let packed = pack(simd, b, &mut self.0);
        multiply_packed(simd, a, packed, b.columns(), target, accumulate);
    }
}

/// `exp(sums[row] - sums[j])` for each j up to the row, and zeros after it.
#[inline(always)]
fn decay_row<S: Simd>(simd: S, sums: &[f32], row: usize, to: &mut [f32]) {
    // Whole vectors, of which what lies beyond the row is written over.
    let whole = (row + 1).next_multiple_of(LANES).min(sums.len());
    let sum = simd.splat(sums[row]);
    each_vector(
        simd,
        [&sums[..whole]],
        [&mut to[..whole]],
        0.0,
        #[inline(always)]
        |[other], _| [simd.exp(simd.sub(sum, other))],
    );
    to[row + 1..].fill(0.0);
}

/// `to = x × factor`
#[inline(always)]
fn scale<S: Simd>(simd: S, x: &[f32], factor: f32, to: &mut [f32]) {
    let factor = simd.splat(factor);
    each_vector(
        simd,
        [x],
        [to],
        0.0,
        #[inline(always)]
        |[x], _| [simd.mul(x, factor)],
    );
}

/// `to += x × factor`
#[inline(always)]
fn add_scaled<S: Simd>(simd: S, x: &[f32], factor: f32, to: &mut [f32]) {
    let factor = simd.splat(factor);
    each_vector(
        simd,
        [x],
        [to],
        0.0,
        #[inline(always)]
        |[x], [sum]| [simd.mul_add(x, factor, sum)],
    );
}

#[inline(always)]
fn dot<S: Simd>(simd: S, x: &[f32], y: &[f32]) -> f32 {
    let sum = fold_vectors(
        simd,
        [x, y],
        0.0,
        0.0,
        #[inline(always)]
        |sum, [x, y]| simd.mul_add(x, y, sum),
    );
    simd.sum(sum)
}
