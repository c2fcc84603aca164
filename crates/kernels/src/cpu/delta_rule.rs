//! The gated delta rule in chunks (Yang, Kautz and Hatamizadeh 2024, arXiv 2412.06464, section 3.3):
//! `u[t] = β[t] (v[t] - e^g[t] S[t-1]ᵀ k[t])`, `S[t] = e^g[t] S[t-1] + k[t] u[t]ᵀ` and `o[t] = S[t]ᵀ q[t]`.
//!
//! Within a chunk that begins with state S, with `s` the sum of `g` from its beginning and
//! `Γ[i,j] = exp(s[i] - s[j])`, the `u` solve a triangular system (the WY form of Yang et al. 2024, arXiv 2406.06484,
//! equation 10): `u[i] + β[i] Σ_{j<i} Γ[i,j] (k[i]·k[j]) u[j] = β[i] (v[i] - e^s[i] Sᵀ k[i])`. It is linear in the
//! length, and all is in `f32`.
mod backward;
mod forward;
mod step;

pub(super) use backward::{Gradients, Left, backward};
pub(super) use forward::forward;
pub(super) use step::step;

use super::chunks::{Chunk, softplus};
use super::matrix::Matrix;
use super::vectors::{add_scaled, dot, scale};
use crate::memory::Buffer;
use crate::parallel;
use crate::simd::Simd;

/// Added to the sum of squares of queries and keys before its root.
const EPSILON: f32 = 1e-6;

/// The sizes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) batch: usize,
    pub(super) length: usize,
    pub(super) heads: usize,
    /// Values of a query or key of a head.
    pub(super) key: usize,
    /// Values of a value of a head.
    pub(super) value: usize,
    /// Positions of a chunk.
    pub(super) chunk: usize,
    /// The largest rate of writing: beyond one, what a state holds along a key can change its sign.
    pub(super) rate: f32,
}

impl Shape {
    /// Columns of queries, keys and values side by side.
    pub(super) fn channels(&self) -> usize {
        self.heads * (2 * self.key + self.value)
    }

    pub(super) fn chunks(&self) -> usize {
        self.length.div_ceil(self.chunk)
    }

    /// Values of the states of all heads at one position of one sequence.
    pub(super) fn state_size(&self) -> usize {
        self.heads * self.key * self.value
    }

    /// Where the state of a head before a chunk is.
    fn state_start(&self, sequence: usize, chunk: usize, head: usize) -> usize {
        (sequence * (self.chunks() + 1) + chunk) * self.state_size() + head * self.key * self.value
    }

    /// Calls `task` with each sequence and head.
    fn for_each(&self, passes: usize, task: impl Fn(usize, usize) + Sync + Send) {
        let products = 3 * self.key * self.value + self.chunk * (2 * self.key + 2 * self.value);
        let work = 2 * passes * self.batch * self.length * self.heads * products;
        parallel::for_each(self.batch * self.heads, work, |index| {
            task(index / self.heads, index % self.heads);
        });
    }
}

/// What the rule is applied to.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a> {
    pub(super) shape: Shape,
    /// Queries, keys and values of all heads: `rows × channels`.
    pub(super) mixed: &'a [f32],
    /// What makes the decays, `rows × heads`.
    pub(super) steps: Matrix<'a>,
    /// What makes the rates of writing, `rows × heads`.
    pub(super) rates: Matrix<'a>,
    pub(super) step_bias: &'a [f32],
    pub(super) decay_log: &'a [f32],
}

/// A head of a chunk, as the products take it.
struct Prepared {
    /// Of length one, the queries over the root of their dimension.
    queries: Buffer,
    keys: Buffer,
    /// What they were multiplied by.
    query_scales: Buffer,
    key_scales: Buffer,
    /// `softplus(step + bias)`, and the sums of the logarithms of decay.
    steps: Buffer,
    sums: Buffer,
    /// The rates of writing.
    rates: Buffer,
}

impl Prepared {
    fn of(shape: Shape) -> Self {
        let any = Buffer::any;
        let Shape { key, chunk, .. } = shape;
        Self {
            queries: any(chunk * key),
            keys: any(chunk * key),
            query_scales: any(chunk),
            key_scales: any(chunk),
            steps: any(chunk),
            sums: any(chunk),
            rates: any(chunk),
        }
    }

    #[inline(always)]
    fn fill<S: Simd>(&mut self, simd: S, inputs: Inputs, chunk: Chunk, head: usize) {
        let (key, decay) = (inputs.shape.key, inputs.decay(head));
        let root = (key as f32).sqrt().recip();
        let (queries, keys) = (inputs.queries(chunk, head), inputs.keys(chunk, head));
        let mut sum = 0.0;
        for row in 0..chunk.count {
            let range = row * key..(row + 1) * key;
            self.query_scales[row] =
                normalise(simd, queries.row(row), root, &mut self.queries[range.clone()]);
            self.key_scales[row] = normalise(simd, keys.row(row), 1.0, &mut self.keys[range]);
            let step = softplus(inputs.steps.at(chunk.first + row, head) + inputs.step_bias[head]);
            sum += step * decay;
            (self.steps[row], self.sums[row]) = (step, sum);
            let rate = inputs.rates.at(chunk.first + row, head);
            self.rates[row] = inputs.shape.rate / (1.0 + (-rate).exp());
        }
    }

    fn queries(&self, shape: Shape, count: usize) -> Matrix<'_> {
        Matrix::new(&self.queries, count, shape.key)
    }

    fn keys(&self, shape: Shape, count: usize) -> Matrix<'_> {
        Matrix::new(&self.keys, count, shape.key)
    }
}

impl<'a> Inputs<'a> {
    fn chunk(&self, sequence: usize, chunk: usize) -> Chunk {
        Chunk::of(sequence, self.shape.length, chunk, self.shape.chunk)
    }

    fn columns(&self, chunk: Chunk, start: usize, columns: usize) -> Matrix<'a> {
        chunk.columns(self.mixed, self.shape.channels(), start, columns)
    }

    fn queries(&self, chunk: Chunk, head: usize) -> Matrix<'a> {
        self.columns(chunk, head * self.shape.key, self.shape.key)
    }

    fn keys(&self, chunk: Chunk, head: usize) -> Matrix<'a> {
        self.columns(chunk, (self.shape.heads + head) * self.shape.key, self.shape.key)
    }

    fn values(&self, chunk: Chunk, head: usize) -> Matrix<'a> {
        let Shape {
            heads, key, value, ..
        } = self.shape;
        self.columns(chunk, 2 * heads * key + head * value, value)
    }

    fn decay(&self, head: usize) -> f32 {
        -self.decay_log[head].exp()
    }
}

/// Writes the row over its length, times `factor`, and returns what it was multiplied by.
#[inline(always)]
fn normalise<S: Simd>(simd: S, row: &[f32], factor: f32, to: &mut [f32]) -> f32 {
    let multiplier = factor / (dot(simd, row, row) + EPSILON).sqrt();
    scale(simd, row, multiplier, to);
    multiplier
}

/// A unit lower triangular system: each row of `lower`, `stride` apart, times its rate.
#[derive(Clone, Copy)]
struct System<'a> {
    lower: &'a [f32],
    stride: usize,
    rates: &'a [f32],
}

impl System<'_> {
    /// Puts the solution in place of the right-hand side, rows of `width`.
    #[inline(always)]
    fn solve<S: Simd>(self, simd: S, width: usize, rows: &mut [f32]) {
        for (row, &rate) in self.rates.iter().enumerate() {
            let (before, rest) = rows.split_at_mut(row * width);
            let lower = &self.lower[row * self.stride..];
            for (before, weight) in before.chunks_exact(width).zip(lower) {
                add_scaled(simd, before, -rate * weight, &mut rest[..width]);
            }
        }
    }

    /// The same of the transposed system.
    #[inline(always)]
    fn solve_transposed<S: Simd>(self, simd: S, width: usize, rows: &mut [f32]) {
        for (row, &rate) in self.rates.iter().enumerate().rev() {
            let (before, rest) = rows.split_at_mut(row * width);
            let lower = &self.lower[row * self.stride..];
            for (before, weight) in before.chunks_exact_mut(width).zip(lower) {
                add_scaled(simd, &rest[..width], -rate * weight, before);
            }
        }
    }
}
