//! What minGRU and minLSTM do between their two products (Feng et al. 2024, arXiv 2410.01201, sections 3.1 and 3.2): a
//! short convolution, gates that see the present alone, and a linear recurrence.
//!
//! A projected row holds, `inner` each, minGRU's gate and candidate, or minLSTM's forget gate, input gate and candidate.

use super::linear_recurrence::{self, Before, Gates, Inputs};
use super::matrix::{Matrix, Target};
use super::recurrent::{Carried, Projection, carried};
use super::short_convolution::{self, Filter};
use crate::memory::Buffer;
use crate::simd::Simd;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `h[t] = (1 - z) h[t-1] + z c`, with `z = σ(gate)` and `c` the candidate.
    Gru,
    /// `h[t] = (f h[t-1] + i c) ÷ (f + i)`, with `f` and `i` the gates after `σ`.
    Lstm,
}

/// The sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Sequences.
    pub batch: usize,
    /// Positions of each.
    pub length: usize,
    /// Channels of the state.
    pub inner: usize,
    /// Positions of the convolution.
    pub taps: usize,
    /// Which of the two.
    pub kind: Kind,
}

impl Shape {
    /// Gates and the candidate.
    pub fn parts(&self) -> usize {
        match self.kind {
            Kind::Gru => 2,
            Kind::Lstm => 3,
        }
    }

    /// Columns of the projection, all of which are convolved.
    pub fn columns(&self) -> usize {
        self.parts() * self.inner
    }

    /// Values of the rows that the convolution looks back on.
    pub fn window_size(&self) -> usize {
        (self.taps - 1) * self.columns()
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
            inner: 0,
            channels: self.columns(),
        }
    }

    fn check(&self, weights: &Weights, projected: &[f32]) {
        assert!(
            ![self.length, self.inner, self.taps].contains(&0),
            "{self:?} is empty"
        );
        let lengths = [
            (weights.filter.len(), self.taps * self.columns()),
            (weights.filter_bias.len(), self.columns()),
            (projected.len(), self.rows() * self.columns()),
        ];
        assert!(
            lengths.iter().all(|(found, wanted)| found == wanted),
            "lengths and what {self:?} wants: {lengths:?}"
        );
    }

    /// Columns of the convolved rows.
    fn part<'a>(&self, convolved: &'a [f32], index: usize) -> Matrix<'a> {
        let values = &convolved[index * self.inner..];
        Matrix::strided(values, self.rows(), self.inner, self.columns())
    }

    fn scan<'a, const N: usize>(&self, convolved: &'a [f32]) -> Inputs<'a, N, 0> {
        Inputs {
            length: self.length,
            inputs: std::array::from_fn(|index| self.part(convolved, index)),
            weights: [],
        }
    }

    /// Writes the states of all positions.
    fn states(&self, convolved: &[f32], before: Option<&[f32]>, states: &mut [f32]) {
        let before = before.map(|states| Before {
            states: Matrix::new(states, self.batch, self.inner),
            is_told: false,
        });
        match self.kind {
            Kind::Gru => linear_recurrence::forward(MinGru, self.scan(convolved), before, states),
            Kind::Lstm => linear_recurrence::forward(MinLstm, self.scan(convolved), before, states),
        }
    }
}

/// The weights.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    /// `taps × columns`
    pub filter: &'a [f32],
    /// `columns`
    pub filter_bias: &'a [f32],
}

impl<'a> Weights<'a> {
    fn filter(&self, shape: Shape) -> Filter<'a> {
        Filter {
            taps: self.filter,
            count: shape.taps,
            bias: Some(self.filter_bias),
        }
    }
}

/// What the backward pass needs besides the inputs.
#[derive(Debug)]
pub struct Saved {
    convolved: Buffer,
    states: Buffer,
}

/// Writes the states into `output` (`rows × inner`). The sequences go on from `before`, or begin.
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
    let rows = shape.projection(projected).convolved(before);
    let convolved = short_convolution::forward_linear(weights.filter(shape), rows);
    shape.states(&convolved, before.map(|before| &*before.state), output);
    Saved {
        convolved,
        states: Buffer::copy_of(output),
    }
}

impl Saved {
    /// What the next piece of the sequences goes on from.
    ///
    /// # Panics
    /// If the inputs are not those that [`forward`] got.
    pub fn carried(&self, shape: Shape, projected: &[f32], before: Option<&Carried>) -> Carried {
        let rows = shape.projection(projected).convolved(before);
        carried(rows, shape.taps - 1, &self.states, shape.inner)
    }
}

/// As [`forward`] of one position of each sequence, which changes what is carried in place.
///
/// # Panics
/// If there are more positions, or the lengths do not agree.
pub fn step(shape: Shape, weights: Weights, projected: &[f32], carried: &mut Carried, output: &mut [f32]) {
    shape.check(&weights, projected);
    assert_eq!(shape.length, 1, "positions of a step");
    assert_eq!(output.len(), shape.rows() * shape.inner, "outputs");
    carried.check(shape.batch * shape.window_size(), shape.batch * shape.inner);
    let projection = shape.projection(projected);
    let rows = projection.convolved(Some(carried));
    let convolved = short_convolution::forward_linear(weights.filter(shape), rows);
    carried.shift(projection, shape.taps - 1);
    shape.states(&convolved, Some(&carried.state), output);
    carried.state.copy_from_slice(output);
}

/// The gradients that [`backward`] writes, shaped as what they are of.
#[derive(Debug)]
pub struct Gradients<'a> {
    /// Of the projected rows.
    pub projected: &'a mut [f32],
    /// Of the filter.
    pub filter: &'a mut [f32],
    /// Of what is added to it.
    pub filter_bias: &'a mut [f32],
}

/// From the gradient of the states of sequences that begin, writes those of the inputs.
///
/// # Panics
/// As [`forward`].
pub fn backward(
    shape: Shape,
    weights: Weights,
    projected: &[f32],
    saved: &Saved,
    doutput: &[f32],
    gradients: Gradients,
) {
    shape.check(&weights, projected);
    assert!(
        [doutput.len(), gradients.projected.len()] == [shape.rows() * shape.inner, projected.len()],
        "a gradient for each output and for each projected value"
    );
    let mut dconvolved = Buffer::any(projected.len());
    let target = Target::new(&mut dconvolved, shape.columns());
    let (convolved, states) = (&saved.convolved, &saved.states);
    match shape.kind {
        Kind::Gru => {
            let targets = std::array::from_fn(|index| target.from(0, index * shape.inner));
            let scan = shape.scan(convolved);
            linear_recurrence::backward(MinGru, scan, states, doutput, targets, []);
        }
        Kind::Lstm => {
            let targets = std::array::from_fn(|index| target.from(0, index * shape.inner));
            let scan = shape.scan(convolved);
            linear_recurrence::backward(MinLstm, scan, states, doutput, targets, []);
        }
    }
    short_convolution::backward_linear(
        weights.filter(shape),
        shape.projection(projected).convolved(None),
        &dconvolved,
        Target::new(gradients.projected, shape.columns()),
        gradients.filter,
        Some(gradients.filter_bias),
    );
}

/// `a = 1 - z` and `b = z c` with `z = σ(gate)`.
#[derive(Clone, Copy)]
struct MinGru;

impl Gates<2, 0> for MinGru {
    #[inline(always)]
    fn forward<S: Simd>(
        self,
        simd: S,
        [gate, candidate]: [S::Floats; 2],
        _: [S::Floats; 0],
        _: bool,
    ) -> [S::Floats; 2] {
        let open = simd.sigmoid(gate);
        [simd.sub(simd.splat(1.0), open), simd.mul(open, candidate)]
    }

    #[inline(always)]
    fn backward<S: Simd>(
        self,
        simd: S,
        [gate, candidate]: [S::Floats; 2],
        _: [S::Floats; 0],
        _: bool,
        [da, db]: [S::Floats; 2],
    ) -> ([S::Floats; 2], [S::Floats; 0]) {
        let open = simd.sigmoid(gate);
        let slope = simd.mul(open, simd.sub(simd.splat(1.0), open));
        let dopen = simd.sub(simd.mul(db, candidate), da);
        ([simd.mul(dopen, slope), simd.mul(db, open)], [])
    }
}

/// `a = f ÷ (f + i)` and `b = i c ÷ (f + i)`, the gates after `σ`.
#[derive(Clone, Copy)]
struct MinLstm;

/// `[a, 1 - a, 1 - f, 1 - i]`. With `m` the largest of zero and the gates' negatives, `1 ÷ f` is `e^m` times
/// `e^-m + e^(-forget - m)`, of which no exponent is above zero.
#[inline(always)]
fn shares<S: Simd>(simd: S, forget: S::Floats, input: S::Floats) -> [S::Floats; 4] {
    let zero = simd.splat(0.0);
    let (forget, input) = (simd.sub(zero, forget), simd.sub(zero, input));
    let most = simd.maximum(zero, simd.maximum(forget, input));
    let one = simd.exp(simd.sub(zero, most));
    let (forget, input) = (simd.exp(simd.sub(forget, most)), simd.exp(simd.sub(input, most)));
    let (of_forget, of_input) = (simd.add(one, forget), simd.add(one, input));
    let sum = simd.add(of_forget, of_input);
    [
        simd.div(of_input, sum),
        simd.div(of_forget, sum),
        simd.div(forget, of_forget),
        simd.div(input, of_input),
    ]
}

impl Gates<3, 0> for MinLstm {
    #[inline(always)]
    fn forward<S: Simd>(
        self,
        simd: S,
        [forget, input, candidate]: [S::Floats; 3],
        _: [S::Floats; 0],
        _: bool,
    ) -> [S::Floats; 2] {
        let [a, rest, _, _] = shares(simd, forget, input);
        [a, simd.mul(rest, candidate)]
    }

    #[inline(always)]
    fn backward<S: Simd>(
        self,
        simd: S,
        [forget, input, candidate]: [S::Floats; 3],
        _: [S::Floats; 0],
        _: bool,
        [da, db]: [S::Floats; 2],
    ) -> ([S::Floats; 3], [S::Floats; 0]) {
        let [a, rest, forget, input] = shares(simd, forget, input);
        let slope = simd.mul(simd.sub(da, simd.mul(db, candidate)), simd.mul(a, rest));
        let dinput = simd.sub(simd.splat(0.0), simd.mul(slope, input));
        ([simd.mul(slope, forget), dinput, simd.mul(db, rest)], [])
    }
}
