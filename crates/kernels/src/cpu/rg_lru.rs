//! What Griffin's recurrent block does between its two products (De et al. 2024, arXiv 2402.19427, section 2.4): a short
//! convolution, the real-gated linear recurrent unit (RG-LRU), and a gate by GELU.
//!
//! Of what is convolved, `x`, two products a head make the gates `r` and `i` (after `σ`); then `a = e^(-8 r rate)` with
//! `rate = softplus(decay)`, and `h[t] = a h[t-1] + √(1 - a²) i x`, where the root is one at the first position.
//!
//! A projected row holds the outer gate and what is convolved, `inner` each, before a bias. A sequence carries `h`, and
//! behind it a one, which a sequence that begins has not.

mod gates;

use self::gates::RgLru;
use super::chunks::softplus;
use super::gelu_gate::GeluGate;
use super::linear_recurrence::{self, Before, Inputs};
use super::matrix::{Matrix, Target};
use super::recurrent::{Carried, Projection, carried};
use super::row_gate;
use super::rows::{for_each_block, sum_over_blocks};
use super::short_convolution::{self, Filter};
use super::vectors::add_scaled;
use crate::Precision;
use crate::memory::Buffer;
use crate::parallel::Shared;
use crate::simd::dispatch;

/// What the logarithm of the decay is multiplied by, the paper's `c`.
pub const SHARPNESS: f32 = 8.0;

/// The sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Sequences.
    pub batch: usize,
    /// Positions of each.
    pub length: usize,
    /// Channels of the state.
    pub inner: usize,
    /// Blocks of channels whose gates see each other: a divisor of `inner`.
    pub heads: usize,
    /// Positions of the convolution.
    pub taps: usize,
}

impl Shape {
    /// Columns of the projection.
    pub fn columns(&self) -> usize {
        2 * self.inner
    }

    /// Channels of a head.
    pub fn head(&self) -> usize {
        self.inner / self.heads
    }

    /// Values of the rows that the convolution looks back on.
    pub fn window_size(&self) -> usize {
        (self.taps - 1) * self.inner
    }

    /// Values of the state of a sequence.
    pub fn state_size(&self) -> usize {
        self.inner + 1
    }

    fn rows(&self) -> usize {
        self.batch * self.length
    }

    fn projection<'a>(&self, values: &'a [f32]) -> Projection<'a> {
        Projection {
            values,
            rows: self.rows(),
            columns: self.columns(),
            length: self.length,
            inner: self.inner,
            channels: self.inner,
        }
    }

    fn check(&self, weights: &Weights, projected: &[f32]) {
        let sizes = [self.length, self.inner, self.heads, self.taps];
        assert!(
            !sizes.contains(&0) && self.inner.is_multiple_of(self.heads),
            "{self:?} is empty, or its channels do not divide into heads"
        );
        let (inner, gate) = (self.inner, self.inner * self.head());
        let lengths = [
            (weights.projection_bias.len(), self.columns()),
            (weights.filter.len(), self.taps * inner),
            (weights.filter_bias.len(), inner),
            (weights.gates[0].len(), gate),
            (weights.gates[1].len(), gate),
            (weights.gate_biases[0].len(), inner),
            (weights.gate_biases[1].len(), inner),
            (weights.decay.len(), inner),
            (projected.len(), self.rows() * self.columns()),
        ];
        assert!(
            lengths.iter().all(|(found, wanted)| found == wanted),
            "lengths and what {self:?} wants: {lengths:?}"
        );
    }

    /// The columns of a head, of `rows × inner`.
    fn of_head<'a>(&self, values: &'a [f32], head: usize) -> Matrix<'a> {
        let start = head * self.head();
        Matrix::strided(&values[start..], self.rows(), self.head(), self.inner)
    }

    /// The matrix of a head, of one of the gates.
    fn gate<'a>(&self, gate: &'a [f32], head: usize) -> Matrix<'a> {
        let size = self.head() * self.head();
        Matrix::new(&gate[head * size..][..size], self.head(), self.head())
    }
}

/// The weights.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    /// Added to the projected rows, `columns`.
    pub projection_bias: &'a [f32],
    /// `taps × inner`
    pub filter: &'a [f32],
    /// `inner`
    pub filter_bias: &'a [f32],
    /// The matrices of `r` and of `i`, a square one a head each: `heads × head × head`.
    pub gates: [&'a [f32]; 2],
    /// Added to them, `inner` each.
    pub gate_biases: [&'a [f32]; 2],
    /// What the rate of decay is the softplus of, `inner`.
    pub decay: &'a [f32],
}

impl<'a> Weights<'a> {
    fn filter(&self, shape: Shape) -> Filter<'a> {
        Filter {
            taps: self.filter,
            count: shape.taps,
            bias: Some(self.filter_bias),
        }
    }

    /// [`SHARPNESS`] times the rates of decay.
    fn rates(&self) -> Vec<f32> {
        let rate = |&decay: &f32| SHARPNESS * softplus(decay);
        self.decay.iter().map(rate).collect()
    }
}

/// What the backward pass needs besides the inputs.
#[derive(Debug)]
pub struct Saved {
    precision: Precision,
    /// The projected rows with their bias.
    biased: Buffer,
    convolved: Buffer,
    /// What the gates are made of, less their biases.
    gates: [Buffer; 2],
    states: Buffer,
}

impl Saved {
    /// All but the states, which go on from `before`.
    fn new(shape: Shape, weights: Weights, projected: &[f32], before: Option<&Carried>) -> Self {
        let precision = Precision::current();
        let mut biased = Buffer::copy_of(projected);
        add_to_rows(weights.projection_bias, &mut biased);
        let rows = shape.projection(&biased).convolved(before);
        let convolved = short_convolution::forward_linear(weights.filter(shape), rows);
        let gates = weights.gates.map(|gate| {
            let mut made = Buffer::any(convolved.len());
            for head in 0..shape.heads {
                let to = &mut made[head * shape.head()..];
                let (x, gate) = (shape.of_head(&convolved, head), shape.gate(gate, head));
                precision.multiply(x, gate, to, shape.inner, false);
            }
            made
        });
        let mut saved = Self {
            precision,
            biased,
            states: Buffer::any(convolved.len()),
            convolved,
            gates,
        };
        let before = before.map(|before| Before {
            states: Matrix::new(&before.state, shape.batch, shape.state_size()),
            is_told: true,
        });
        let rates = weights.rates();
        let mut states = std::mem::replace(&mut saved.states, Buffer::any(0));
        linear_recurrence::forward(RgLru, saved.scan(shape, weights, &rates), before, &mut states);
        saved.states = states;
        saved
    }

    fn scan<'a>(&'a self, shape: Shape, weights: Weights<'a>, rates: &'a [f32]) -> Inputs<'a, 3, 3> {
        let [recurrence, input] = weights.gate_biases;
        let of = |values| Matrix::new(values, shape.rows(), shape.inner);
        Inputs {
            length: shape.length,
            inputs: [of(&self.gates[0]), of(&self.gates[1]), of(&self.convolved)],
            weights: [recurrence, input, rates],
        }
    }

    /// What the next piece of the sequences goes on from.
    ///
    /// # Panics
    /// If `before` is not what [`forward`] got.
    pub fn carried(&self, shape: Shape, before: Option<&Carried>) -> Carried {
        let rows = shape.projection(&self.biased).convolved(before);
        let Carried { window, state } = carried(rows, shape.taps - 1, &self.states, shape.inner);
        let mut told = Buffer::any(shape.batch * shape.state_size());
        tell(&state, shape.inner, &mut told);
        Carried { window, state: told }
    }
}

/// Writes states with a one behind each.
fn tell(states: &[f32], inner: usize, to: &mut [f32]) {
    for (to, state) in to.chunks_exact_mut(inner + 1).zip(states.chunks_exact(inner)) {
        to[..inner].copy_from_slice(state);
        to[inner] = 1.0;
    }
}

/// Adds a row to each.
fn add_to_rows(row: &[f32], values: &mut [f32]) {
    let (columns, rows) = (row.len(), values.len() / row.len());
    let values = Shared::new(values);
    for_each_block(rows, values_of(rows, columns), |mine| {
        for at in mine {
            // SAFETY: each row is one task's.
            let values = unsafe { values.part(at * columns..(at + 1) * columns) };
            dispatch!(add_scaled(row, 1.0, values));
        }
    });
}

fn values_of(rows: usize, columns: usize) -> usize {
    2 * rows * columns
}

/// Writes the result into `output` (`rows × inner`). The sequences go on from `before`, or begin.
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
    let saved = Saved::new(shape, weights, projected, before);
    let gate = shape.projection(&saved.biased).gate();
    row_gate::forward(GeluGate, &saved.states, gate, output);
    saved
}

/// As [`forward`] of one position of each sequence, which changes what is carried in place.
///
/// # Panics
/// If there are more positions, or the lengths do not agree.
pub fn step(shape: Shape, weights: Weights, projected: &[f32], carried: &mut Carried, output: &mut [f32]) {
    assert_eq!(shape.length, 1, "positions of a step");
    carried.check(
        shape.batch * shape.window_size(),
        shape.batch * shape.state_size(),
    );
    let saved = forward(shape, weights, projected, Some(carried), output);
    carried.shift(shape.projection(&saved.biased), shape.taps - 1);
    tell(&saved.states, shape.inner, &mut carried.state);
}

/// The gradients that [`backward`] writes, shaped as what they are of.
#[derive(Debug)]
pub struct Gradients<'a> {
    /// Of the projected rows.
    pub projected: &'a mut [f32],
    /// Of what is added to them.
    pub projection_bias: &'a mut [f32],
    /// Of the filter.
    pub filter: &'a mut [f32],
    /// Of what is added to it.
    pub filter_bias: &'a mut [f32],
    /// Of the gates' matrices.
    pub gates: [&'a mut [f32]; 2],
    /// Of what is added to them.
    pub gate_biases: [&'a mut [f32]; 2],
    /// Of what the rate of decay is the softplus of.
    pub decay: &'a mut [f32],
}

/// From the gradient of the output of sequences that begin, writes those of the inputs.
///
/// # Panics
/// As [`forward`].
pub fn backward(shape: Shape, weights: Weights, saved: &Saved, doutput: &[f32], gradients: Gradients) {
    shape.check(&weights, &saved.biased);
    let (inner, columns) = (shape.inner, shape.columns());
    assert!(
        [doutput.len(), gradients.projected.len()] == [shape.rows() * inner, saved.biased.len()],
        "a gradient for each output and for each projected value"
    );
    let dprojected = Target::new(gradients.projected, columns);
    let mut dstates = Buffer::any(doutput.len());
    let projection = shape.projection(&saved.biased);
    row_gate::backward(
        GeluGate,
        &saved.states,
        projection.gate(),
        doutput,
        &mut dstates,
        dprojected,
        &mut [],
    );
    // Of the gates before their nonlinearities, and of `x` beside them.
    let mut parts = [0; 3].map(|_| Buffer::any(doutput.len()));
    {
        let rates = weights.rates();
        let [recurrence, input] = gradients.gate_biases;
        let targets = parts.each_mut().map(|part| Target::new(part, inner));
        let sums = [recurrence, input, &mut *gradients.decay];
        let scan = saved.scan(shape, weights, &rates);
        linear_recurrence::backward(RgLru, scan, &saved.states, &dstates, targets, sums);
    }
    for (gradient, decay) in gradients.decay.iter_mut().zip(weights.decay) {
        *gradient *= SHARPNESS / (1.0 + (-decay).exp());
    }
    let [recurrence, input, mut dconvolved] = parts;
    let of_gates = weights.gates.into_iter().zip([recurrence, input]);
    for ((gate, dmade), dgate) in of_gates.zip(gradients.gates) {
        for head in 0..shape.heads {
            let (x, dmade) = (shape.of_head(&saved.convolved, head), shape.of_head(&dmade, head));
            let turned = shape.gate(gate, head).transposed();
            let to = &mut dconvolved[head * shape.head()..];
            saved.precision.multiply(dmade, turned, to, inner, true);
            let size = shape.head() * shape.head();
            let dgate = &mut dgate[head * size..][..size];
            saved
                .precision
                .multiply(x.transposed(), dmade, dgate, shape.head(), false);
        }
    }
    short_convolution::backward_linear(
        weights.filter(shape),
        projection.convolved(None),
        &dconvolved,
        dprojected.from(0, inner),
        gradients.filter,
        Some(gradients.filter_bias),
    );
    sum_rows(gradients.projected, gradients.projection_bias);
}

/// Writes the sums of all rows.
fn sum_rows(values: &[f32], sums: &mut [f32]) {
    let (columns, rows) = (sums.len(), values.len() / sums.len());
    sum_over_blocks(rows, values_of(rows, columns), sums, |rows, sums| {
        for row in rows {
            dispatch!(add_scaled(&values[row * columns..][..columns], 1.0, sums));
        }
    });
}
