//! What Mamba-2 does between its two products (Dao and Gu 2024, arXiv 2405.21060, section 7): a short convolution with
//! SiLU, the scan of the state space, and a gate with a normalisation.
//!
//! A projected row holds the gate of all heads (`inner`), `x` of all heads (`inner`), `B` and `C` of all groups
//! (`groups × state` each), and a step of each head.

use super::gated_norm::GatedNorm;
use super::matrix::Target;
use super::recurrent::{Carried, Projection, carried, first_states};
use super::row_gate;
use super::short_convolution::{self, Filter};
use super::state_space::{self, Inputs};
use crate::memory::Buffer;

/// The sizes, and the least that a step is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Sequences.
    pub batch: usize,
    /// Positions of each.
    pub length: usize,
    /// Heads.
    pub heads: usize,
    /// Groups of heads that share `B` and `C`: a divisor of the heads.
    pub groups: usize,
    /// Values of a head.
    pub dimension: usize,
    /// Rows of a head's state.
    pub state: usize,
    /// Positions that are computed together.
    pub chunk: usize,
    /// Positions of the convolution.
    pub taps: usize,
    /// Parts of a row that are normalised each by itself: a divisor of `inner`.
    pub norm_groups: usize,
    /// What steps below it are raised to.
    pub least_step: f32,
}

impl Shape {
    /// Values of all heads.
    pub fn inner(&self) -> usize {
        self.heads * self.dimension
    }

    /// What is convolved: `x`, `B` and `C`.
    pub fn channels(&self) -> usize {
        self.inner() + 2 * self.groups * self.state
    }

    /// Columns of the projection.
    pub fn columns(&self) -> usize {
        self.inner() + self.channels() + self.heads
    }

    /// Values of the state of a sequence.
    pub fn state_size(&self) -> usize {
        self.heads * self.state * self.dimension
    }

    /// Values of the rows that the convolution looks back on.
    pub fn window_size(&self) -> usize {
        (self.taps - 1) * self.channels()
    }

    fn rows(&self) -> usize {
        self.batch * self.length
    }

    fn scan(&self) -> state_space::Shape {
        let Self {
            batch,
            length,
            heads,
            groups,
            dimension,
            state,
            chunk,
            taps: _,
            norm_groups: _,
            least_step,
        } = *self;
        state_space::Shape {
            batch,
            length,
            heads,
            groups,
            dimension,
            state,
            // A chunk is no longer than what there is.
            chunk: chunk.min(length),
            least_step,
        }
    }

    fn projection<'a>(&self, values: &'a [f32]) -> Projection<'a> {
        Projection {
            values,
            rows: self.rows(),
            columns: self.columns(),
            length: self.length,
            inner: self.inner(),
            channels: self.channels(),
        }
    }

    fn check(&self, weights: &Weights, projected: &[f32]) {
        let sizes = [
            self.length,
            self.groups,
            self.chunk,
            self.taps,
            self.dimension,
            self.state,
            self.norm_groups,
        ];
        assert!(
            !sizes.contains(&0)
                && self.heads.is_multiple_of(self.groups)
                && self.inner().is_multiple_of(self.norm_groups),
            "{self:?} is empty, or its heads or values do not divide into groups"
        );
        let lengths = [
            (weights.filter.len(), self.taps * self.channels()),
            (weights.filter_bias.len(), self.channels()),
            (weights.step_bias.len(), self.heads),
            (weights.decay_log.len(), self.heads),
            (weights.skip.len(), self.heads),
            (weights.gain.len(), self.inner()),
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
    /// `taps × channels`
    pub filter: &'a [f32],
    /// `channels`
    pub filter_bias: &'a [f32],
    /// Added to the steps before softplus, `heads`.
    pub step_bias: &'a [f32],
    /// The logarithm of the rate at which states decay, `heads`.
    pub decay_log: &'a [f32],
    /// How much of `x` goes around the state, `heads`.
    pub skip: &'a [f32],
    /// The normalisation's gain, `inner`.
    pub gain: &'a [f32],
    /// Added to the mean square.
    pub epsilon: f32,
}

/// What the backward pass needs besides the inputs.
#[derive(Debug)]
pub struct Saved {
    convolved: Buffer,
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
    assert_eq!(output.len(), shape.rows() * shape.inner(), "outputs");
    let scan = shape.scan();
    let projection = shape.projection(projected);
    let convolved = projection.convolve(filter(shape, weights), before);
    let mut states = first_states(before, shape.batch, scan.chunks(), shape.state_size());
    let mut scanned = Buffer::any(shape.rows() * shape.inner());
    state_space::forward(
        inputs(shape, weights, projected, &convolved),
        &mut scanned,
        &mut states,
    );
    row_gate::forward(norm(shape, weights), &scanned, projection.gate(), output);
    Saved {
        convolved,
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

/// As [`forward`] of one position of each sequence, which changes what is carried in place, in time and space that no
/// chunk has a part in.
///
/// # Panics
/// If there are more positions, or the lengths do not agree.
pub fn step(shape: Shape, weights: Weights, projected: &[f32], carried: &mut Carried, output: &mut [f32]) {
    shape.check(&weights, projected);
    assert_eq!(shape.length, 1, "positions of a step");
    assert_eq!(output.len(), shape.rows() * shape.inner(), "outputs");
    carried.check(
        shape.batch * shape.window_size(),
        shape.batch * shape.state_size(),
    );
    let projection = shape.projection(projected);
    let convolved = projection.convolve(filter(shape, weights), Some(carried));
    carried.shift(projection, shape.taps - 1);
    let mut scanned = Buffer::any(output.len());
    let inputs = inputs(shape, weights, projected, &convolved);
    state_space::step(inputs, &mut scanned, &mut carried.state);
    row_gate::forward(norm(shape, weights), &scanned, projection.gate(), output);
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
    /// Of what is added to the steps.
    pub step_bias: &'a mut [f32],
    /// Of the logarithm of the rate of decay.
    pub decay_log: &'a mut [f32],
    /// Of what goes around the state.
    pub skip: &'a mut [f32],
    /// Of the gain.
    pub gain: &'a mut [f32],
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
    let (projection, inner, columns) = (shape.projection(projected), shape.inner(), shape.columns());
    assert!(
        [doutput.len(), gradients.projected.len(), gradients.gain.len()]
            == [shape.rows() * inner, projected.len(), weights.gain.len()],
        "a gradient for each output, for each projected value and for each gain"
    );
    let dprojected = Target::new(gradients.projected, columns);
    let mut dscanned = Buffer::any(doutput.len());
    row_gate::backward(
        norm(shape, weights),
        &saved.scanned,
        projection.gate(),
        doutput,
        &mut dscanned,
        dprojected,
        gradients.gain,
    );
    let mut dconvolved = Buffer::any(saved.convolved.len());
    state_space::backward(
        inputs(shape, weights, projected, &saved.convolved),
        &saved.states,
        &dscanned,
        state_space::Gradients {
            mixed: &mut dconvolved,
            steps: dprojected.from(0, columns - shape.heads),
            step_bias: gradients.step_bias,
            decay_log: gradients.decay_log,
            skip: gradients.skip,
        },
    );
    short_convolution::backward(
        filter(shape, weights),
        projection.convolved(None),
        &dconvolved,
        dprojected.from(0, inner),
        gradients.filter,
        Some(gradients.filter_bias),
    );
}

fn filter(shape: Shape, weights: Weights<'_>) -> Filter<'_> {
    Filter {
        taps: weights.filter,
        count: shape.taps,
        bias: Some(weights.filter_bias),
    }
}

fn norm(shape: Shape, weights: Weights<'_>) -> GatedNorm<'_> {
    GatedNorm {
        groups: shape.norm_groups,
        gain: weights.gain,
        epsilon: weights.epsilon,
    }
}

fn inputs<'a>(shape: Shape, weights: Weights<'a>, projected: &'a [f32], convolved: &'a [f32]) -> Inputs<'a> {
    Inputs {
        shape: shape.scan(),
        mixed: convolved,
        steps: shape.projection(projected).behind(0, shape.heads),
        step_bias: weights.step_bias,
        decay_log: weights.decay_log,
        skip: weights.skip,
    }
}
