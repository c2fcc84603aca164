//! What an LSTM does between its two products (Hochreiter and Schmidhuber 1997; with the forget gate of Gers et al. 2000):
//! `c[t] = f c[t-1] + i g` and `h[t] = o tanh(c[t])`, where all of `f`, `i`, `o` (after `σ`) and `g` (after `tanh`) see
//! `h[t-1]` by a product that each position waits for.
//!
//! A projected row holds `f`, `i`, `o` and `g` of all channels, `inner` each, before what they see of `h` and their
//! nonlinearities. What a sequence carries is `h` as its window and `c` as its state.

mod backward;
mod step;

pub use backward::{Gradients, backward};
pub use step::step;

use super::matrix::{Matrix, Target};
use super::product::Right;
use super::recurrent::Carried;
use crate::Precision;
use crate::memory::Buffer;
use crate::parallel::{self, Shared};
use crate::simd::{Simd, dispatch, each_vector};

/// Sequences that a task takes through time: no other waits for it.
const SEQUENCES: usize = 4;

/// The sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Sequences.
    pub batch: usize,
    /// Positions of each.
    pub length: usize,
    /// Channels of the state.
    pub inner: usize,
}

impl Shape {
    /// Columns of the projection.
    pub fn columns(&self) -> usize {
        4 * self.inner
    }

    fn rows(&self) -> usize {
        self.batch * self.length
    }

    fn check(&self, weights: &Weights, projected: &[f32]) {
        assert!(![self.length, self.inner].contains(&0), "{self:?} is empty");
        let lengths = [
            (weights.recurrent.len(), self.inner * self.columns()),
            (weights.forget_bias.len(), self.inner),
            (weights.gate_bias.len(), 3 * self.inner),
            (projected.len(), self.rows() * self.columns()),
        ];
        assert!(
            lengths.iter().all(|(found, wanted)| found == wanted),
            "lengths and what {self:?} wants: {lengths:?}"
        );
    }

    /// Calls `task` with the first of each few sequences, and how many they are.
    fn for_each(&self, task: impl Fn(usize, usize) + Sync + Send) {
        let work = 2 * self.rows() * self.inner * self.columns();
        parallel::for_each(self.batch.div_ceil(SEQUENCES), work, |index| {
            let sequences = parallel::block(index, SEQUENCES, self.batch);
            task(sequences.start, sequences.len());
        });
    }
}

/// The weights.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    /// What the gates see of `h`, `inner × columns`.
    pub recurrent: &'a [f32],
    /// Added to the forget gate, `inner`.
    pub forget_bias: &'a [f32],
    /// Added to the others, `3 inner`.
    pub gate_bias: &'a [f32],
}

impl<'a> Weights<'a> {
    fn recurrent(&self, shape: Shape) -> Matrix<'a> {
        Matrix::new(self.recurrent, shape.inner, shape.columns())
    }
}

/// What the backward pass needs besides the inputs.
#[derive(Debug)]
pub struct Saved {
    precision: Precision,
    /// After their nonlinearities, `rows × columns`.
    gates: Buffer,
    /// `c` of every position.
    cells: Buffer,
    /// `h` before every position.
    before: Buffer,
    /// What is carried on.
    after: Carried,
}

/// Writes `h` of every position into `output` (`rows × inner`). The sequences go on from `before`, or begin.
///
/// # Panics
/// If the lengths do not agree.
pub fn forward(
    shape: Shape,
    weights: Weights,
    projected: &[f32],
    before: Option<&Carried>,
    output: &mut [f32],
) -> Saved {
    shape.check(&weights, projected);
    assert_eq!(output.len(), shape.rows() * shape.inner, "outputs");
    let precision = Precision::current();
    let start = |of: fn(&Carried) -> &[f32]| match before {
        Some(before) => Buffer::copy_of(of(before)),
        None => Buffer::zeros(shape.batch * shape.inner),
    };
    let mut saved = Saved {
        precision,
        gates: Buffer::copy_of(projected),
        cells: Buffer::any(output.len()),
        before: Buffer::any(output.len()),
        after: Carried {
            window: start(|before| &before.window),
            state: start(|before| &before.state),
        },
    };
    {
        let right = Right::new(precision, weights.recurrent(shape));
        let [gates, cells, hidden] =
            [&mut saved.gates, &mut saved.cells, &mut saved.before].map(|of| Shared::new(of));
        let [window, state, output] =
            [&mut saved.after.window, &mut saved.after.state, output].map(Shared::new);
        shape.for_each(|first, count| {
            // SAFETY: each task has sequences of its own.
            let of = |shared, each| unsafe { Shared::part(shared, first * each..(first + count) * each) };
            let each = shape.length * shape.inner;
            let mut run = Run {
                shape,
                weights,
                count,
                gates: of(gates, 4 * each),
                cells: of(cells, each),
                before: of(hidden, each),
                output: of(output, each),
                window: of(window, shape.inner),
                state: of(state, shape.inner),
            };
            run.all(&right);
        });
    }
    saved
}

impl Saved {
    /// What the next piece of the sequences goes on from.
    pub fn carried(&self) -> Carried {
        Carried {
            window: Buffer::copy_of(&self.after.window),
            state: Buffer::copy_of(&self.after.state),
        }
    }
}

/// Some sequences on their way through time.
struct Run<'a> {
    shape: Shape,
    weights: Weights<'a>,
    count: usize,
    gates: &'a mut [f32],
    cells: &'a mut [f32],
    before: &'a mut [f32],
    output: &'a mut [f32],
    window: &'a mut [f32],
    state: &'a mut [f32],
}

impl Run<'_> {
    fn all(&mut self, right: &Right) {
        let Shape { length, inner, .. } = self.shape;
        let columns = self.shape.columns();
        for position in 0..length {
            let gates = Target::new(self.gates, length * columns).from(0, position * columns);
            right.multiply(Matrix::new(self.window, self.count, inner), gates, true);
            for sequence in 0..self.count {
                let row = sequence * length + position;
                let (at, own) = (
                    row * inner..(row + 1) * inner,
                    sequence * inner..(sequence + 1) * inner,
                );
                let (hidden, cell) = (&mut self.window[own.clone()], &mut self.state[own]);
                self.before[at.clone()].copy_from_slice(hidden);
                let gates = &mut self.gates[row * columns..(row + 1) * columns];
                dispatch!(position_of(self.weights, gates, cell, hidden));
                self.cells[at.clone()].copy_from_slice(cell);
                self.output[at].copy_from_slice(hidden);
            }
        }
    }
}

/// One position of a sequence: the gates after their nonlinearities, `c` and `h` in place of what they were.
#[inline(always)]
fn position_of<S: Simd>(simd: S, weights: Weights, gates: &mut [f32], cell: &mut [f32], hidden: &mut [f32]) {
    let [forget, input, output, candidate] = quarters(gates);
    let (of_input, rest) = weights.gate_bias.split_at(cell.len());
    let (of_output, of_candidate) = rest.split_at(cell.len());
    each_vector(
        simd,
        [weights.forget_bias, of_input, of_output, of_candidate],
        [forget, input, output, candidate, cell, hidden],
        0.0,
        #[inline(always)]
        |biases, [forget, input, output, candidate, cell, _]| {
            let forget = simd.sigmoid(simd.add(forget, biases[0]));
            let input = simd.sigmoid(simd.add(input, biases[1]));
            let output = simd.sigmoid(simd.add(output, biases[2]));
            let candidate = simd.tanh(simd.add(candidate, biases[3]));
            let cell = simd.mul_add(forget, cell, simd.mul(input, candidate));
            let hidden = simd.mul(output, simd.tanh(cell));
            [forget, input, output, candidate, cell, hidden]
        },
    );
}

/// The parts of a row of gates.
fn quarters(gates: &mut [f32]) -> [&mut [f32]; 4] {
    let (first, second) = gates.split_at_mut(gates.len() / 2);
    let (forget, input) = first.split_at_mut(first.len() / 2);
    let (output, candidate) = second.split_at_mut(second.len() / 2);
    [forget, input, output, candidate]
}
