//! What Mamba does between its two products (Gu and Dao 2023, arXiv 2312.00752, section 3): a short convolution with
//! SiLU, a selective state space with a state of its own for each channel, and a gate.
//!
//! A projected row holds the gate (`inner`) and what is convolved (`inner`). What is selected by comes of the convolved
//! rows: a few numbers that the steps are made of (`rank`), then `B` and `C` (`state` each).

mod selection;
mod steps;

use self::selection::Selection;
use self::steps::Steps;
use super::diagonal_scan::{self, ByColumn, Inputs};
use super::matrix::{Matrix, Target};
use super::recurrent::{Carried, Projection, carried, first_states};
use super::row_gate;
use super::short_convolution::{self, Filter};
use super::silu_gate::SiluGate;
use crate::memory::Buffer;

/// The sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Sequences.
    pub batch: usize,
    /// Positions of each.
    pub length: usize,
    /// Channels.
    pub inner: usize,
    /// Numbers of a channel's state.
    pub state: usize,
    /// Numbers that the steps of all channels are made of.
    pub rank: usize,
    /// Positions of the convolution.
    pub taps: usize,
    /// Whether what is selected by is normalised: what the steps are made of, `B` and `C`, each by itself.
    pub normed: bool,
}

impl Shape {
    /// Positions between states that are kept.
    pub const CHUNK: usize = 32;

    /// Channels that are computed together.
    pub const BLOCK: usize = diagonal_scan::VALUES;

    /// Columns of the projection.
    pub fn columns(&self) -> usize {
        2 * self.inner
    }

    /// Numbers that are selected by.
    pub fn selected(&self) -> usize {
        self.rank + 2 * self.state
    }

    /// Gains of their normalisations.
    pub fn gains(&self) -> usize {
        if self.normed { self.selected() } else { 0 }
    }

    /// Values of the state of a sequence.
    pub fn state_size(&self) -> usize {
        self.state * self.inner
    }

    /// Values of the rows that the convolution looks back on.
    pub fn window_size(&self) -> usize {
        (self.taps - 1) * self.inner
    }

    fn rows(&self) -> usize {
        self.batch * self.length
    }

    fn scan(&self) -> diagonal_scan::Shape {
        diagonal_scan::Shape {
            batch: self.batch,
            length: self.length,
            heads: 1,
            key: self.state,
            value: self.inner,
            chunk: Self::CHUNK.min(self.length),
        }
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
        let sizes = [self.length, self.inner, self.state, self.rank, self.taps];
        assert!(!sizes.contains(&0), "{self:?} is empty");
        let lengths = [
            (weights.filter.len(), self.taps * self.inner),
            (weights.filter_bias.len(), self.inner),
            (weights.selection.len(), self.inner * self.selected()),
            (weights.gain.len(), self.gains()),
            (weights.steps.len(), self.rank * self.inner),
            (weights.step_bias.len(), self.inner),
            (weights.decay_log.len(), self.state_size()),
            (weights.skip.len(), self.inner),
            (projected.len(), self.rows() * self.columns()),
        ];
        assert!(
            lengths.iter().all(|(found, wanted)| found == wanted),
            "lengths and what {self:?} wants: {lengths:?}"
        );
    }
}

/// The weights.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    /// `taps × inner`
    pub filter: &'a [f32],
    /// `inner`
    pub filter_bias: &'a [f32],
    /// To what is selected by, `inner × selected`.
    pub selection: &'a [f32],
    /// Of the normalisations of what is selected by, where there are any, `selected`.
    pub gain: &'a [f32],
    /// To the steps, `rank × inner`.
    pub steps: &'a [f32],
    /// Added to the steps before softplus, `inner`.
    pub step_bias: &'a [f32],
    /// The logarithm of the rate at which states decay, `state × inner`.
    pub decay_log: &'a [f32],
    /// How much of what is convolved goes around the state, `inner`.
    pub skip: &'a [f32],
    /// Added to the mean square.
    pub epsilon: f32,
}

impl<'a> Weights<'a> {
    fn filter(&self, shape: Shape) -> Filter<'a> {
        Filter {
            taps: self.filter,
            count: shape.taps,
            bias: Some(self.filter_bias),
        }
    }

    /// What each number of a state decays by in a step of one.
    fn rates(&self) -> Buffer {
        let mut rates = Buffer::any(self.decay_log.len());
        for (rate, logarithm) in rates.iter_mut().zip(self.decay_log) {
            *rate = -logarithm.exp();
        }
        rates
    }
}

/// What the backward pass needs besides the inputs.
#[derive(Debug)]
pub struct Saved {
    convolved: Buffer,
    selection: Selection,
    /// The steps before softplus.
    raw: Buffer,
    states: Buffer,
    scanned: Buffer,
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
    let (scan, projection) = (shape.scan(), shape.projection(projected));
    let convolved = projection.convolve(weights.filter(shape), before);
    let selection = Selection::of(shape, &weights, &convolved);
    let raw = selection.steps(shape, &weights);
    let steps = Steps::of(shape, &raw, &convolved);
    let mut scanned = Buffer::any(output.len());
    steps::around(weights.skip, &convolved, &mut scanned);
    let mut states = first_states(before, shape.batch, scan.chunks(), shape.state_size());
    let rates = weights.rates();
    let inputs = inputs(shape, &selection, &steps, &rates);
    diagonal_scan::forward(inputs, &mut scanned, &mut states);
    row_gate::forward(SiluGate, &scanned, projection.gate(), output);
    Saved {
        convolved,
        selection,
        raw,
        states,
        scanned,
    }
}

impl Saved {
    /// What the next piece of the sequences goes on from.
    ///
    /// # Panics
    /// If the inputs are not those that [`forward`] got.
    pub fn carried(&self, shape: Shape, projected: &[f32], before: Option<&Carried>) -> Carried {
        let rows = shape.projection(projected).convolved(before);
        carried(rows, shape.taps - 1, &self.states, shape.state_size())
    }
}

/// As [`forward`] of one position of each sequence, which changes what is carried.
///
/// # Panics
/// If there are more positions, or the lengths do not agree.
pub fn step(shape: Shape, weights: Weights, projected: &[f32], before: &mut Carried, output: &mut [f32]) {
    assert_eq!(shape.length, 1, "positions of a step");
    before.check(
        shape.batch * shape.window_size(),
        shape.batch * shape.state_size(),
    );
    let saved = forward(shape, weights, projected, Some(before), output);
    *before = saved.carried(shape, projected, Some(before));
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
    /// Of what makes what is selected by.
    pub selection: &'a mut [f32],
    /// Of the gains.
    pub gain: &'a mut [f32],
    /// Of what makes the steps.
    pub steps: &'a mut [f32],
    /// Of what is added to the steps.
    pub step_bias: &'a mut [f32],
    /// Of the logarithm of the rate of decay.
    pub decay_log: &'a mut [f32],
    /// Of what goes around the state.
    pub skip: &'a mut [f32],
}

/// From the gradient of the output of sequences that begin, writes those of the inputs.
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
    let (projection, size) = (shape.projection(projected), shape.rows() * shape.inner);
    assert!(
        doutput.len() == size && gradients.projected.len() == projected.len(),
        "a gradient for each output and for each projected value"
    );
    let dprojected = Target::new(gradients.projected, shape.columns());
    let [mut dscanned, mut dvalues, mut dsteps, mut dconvolved] = [(); 4].map(|()| Buffer::any(size));
    row_gate::backward(
        SiluGate,
        &saved.scanned,
        projection.gate(),
        doutput,
        &mut dscanned,
        dprojected,
        &mut [],
    );
    let steps = Steps::of(shape, &saved.raw, &saved.convolved);
    let rates = weights.rates();
    let mut dselected = Buffer::any(shape.rows() * shape.selected());
    let target = Target::new(&mut dselected, shape.selected());
    let of_b = target.from(0, shape.rank);
    diagonal_scan::backward(
        inputs(shape, &saved.selection, &steps, &rates),
        &saved.states,
        &dscanned,
        diagonal_scan::Gradients {
            of_keys: [Some(of_b.from(0, shape.state)), Some(of_b), None],
            values: Target::new(&mut dvalues, shape.inner),
            by_column: Some([&mut dsteps, &mut *gradients.decay_log]),
        },
    );
    for (gradient, rate) in gradients.decay_log.iter_mut().zip(&*rates) {
        *gradient *= rate;
    }
    let pass = steps::Backward {
        raw: &saved.raw,
        convolved: &saved.convolved,
        steps: &steps,
        skip: weights.skip,
        dscanned: &dscanned,
        dvalues: &dvalues,
    };
    // The steps' gradient becomes that of what they are before softplus.
    pass.run(
        &mut dsteps,
        &mut dconvolved,
        [gradients.step_bias, gradients.skip],
    );
    saved.selection.backward(
        shape,
        &weights,
        Matrix::new(&saved.convolved, shape.rows(), shape.inner),
        &dsteps,
        &mut dselected,
        selection::Gradients {
            convolved: &mut dconvolved,
            selection: gradients.selection,
            gain: gradients.gain,
            steps: gradients.steps,
        },
    );
    short_convolution::backward(
        weights.filter(shape),
        projection.convolved(None),
        &dconvolved,
        dprojected.from(0, shape.inner),
        gradients.filter,
        Some(gradients.filter_bias),
    );
}

fn inputs<'a>(
    shape: Shape,
    selection: &'a Selection,
    steps: &'a Steps,
    rates: &'a [f32],
) -> Inputs<'a, ByColumn<'a>> {
    let [keys, queries] = selection.keys_and_queries(shape);
    let by_channel = |values| Matrix::new(values, shape.rows(), shape.inner);
    Inputs {
        shape: shape.scan(),
        queries,
        keys,
        values: by_channel(&steps.values),
        decays: ByColumn {
            steps: by_channel(&steps.steps),
            rates,
        },
    }
}
