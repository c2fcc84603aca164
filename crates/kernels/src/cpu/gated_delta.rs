//! What gated DeltaNet does between its two products (Yang, Kautz and Hatamizadeh 2024, arXiv 2412.06464, section 3.4): a
//! short convolution with SiLU, the gated delta rule, and a normalisation of each head with a gate.
//!
//! A projected row holds the gate of all heads (`heads × value`), queries and keys of the heads that have their own
//! (`key_heads × key` each), values of all heads (`heads × value`), and of each head what makes its decay and what makes
//! its rate of writing.

use super::delta_rule::{self, Inputs, Left};
use super::matrix::Target;
use super::normed_gate::NormedGate;
use super::recurrent::{Carried, Projection, carried, first_states};
use super::repeated_heads::Repeated;
use super::row_gate;
use super::short_convolution::{self, Filter};
use crate::memory::Buffer;

/// The sizes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Sequences.
    pub batch: usize,
    /// Positions of each.
    pub length: usize,
    /// Heads.
    pub heads: usize,
    /// Heads of queries and keys, a divisor: each serves as many heads that follow one another.
    pub key_heads: usize,
    /// Values of a query or key of a head.
    pub key: usize,
    /// Values of a value of a head.
    pub value: usize,
    /// Positions that are computed together.
    pub chunk: usize,
    /// Positions of the convolution.
    pub taps: usize,
    /// Whether rates of writing go to two instead of one, so that what a state holds can change its sign
    /// (Grazzi et al. 2024, arXiv 2411.12537).
    pub negative: bool,
}

impl Shape {
    /// Values of all heads.
    pub fn inner(&self) -> usize {
        self.heads * self.value
    }

    /// What is convolved: queries, keys and values.
    pub fn channels(&self) -> usize {
        2 * self.key_heads * self.key + self.inner()
    }

    /// Columns of the projection.
    pub fn columns(&self) -> usize {
        self.inner() + self.channels() + 2 * self.heads
    }

    /// Values of the state of a sequence.
    pub fn state_size(&self) -> usize {
        self.heads * self.key * self.value
    }

    /// Values of the rows that the convolution looks back on.
    pub fn window_size(&self) -> usize {
        (self.taps - 1) * self.channels()
    }

    fn rows(&self) -> usize {
        self.batch * self.length
    }

    fn rule(&self) -> delta_rule::Shape {
        delta_rule::Shape {
            batch: self.batch,
            length: self.length,
            heads: self.heads,
            key: self.key,
            value: self.value,
            // A chunk is no longer than what there is.
            chunk: self.chunk.min(self.length),
            rate: if self.negative { 2.0 } else { 1.0 },
        }
    }

    fn repeated(&self) -> Repeated {
        Repeated {
            shared: self.key_heads,
            heads: self.heads,
            key: self.key,
            value: self.value,
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
            self.heads,
            self.key_heads,
            self.chunk,
            self.taps,
            self.key,
            self.value,
        ];
        assert!(
            !sizes.contains(&0) && self.heads.is_multiple_of(self.key_heads),
            "{self:?} is empty, or its heads do not divide into those of keys"
        );
        let lengths = [
            (weights.filter.len(), self.taps * self.channels()),
            (weights.step_bias.len(), self.heads),
            (weights.decay_log.len(), self.heads),
            (weights.gain.len(), self.value),
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
    /// Added before softplus to what makes the decays, `heads`.
    pub step_bias: &'a [f32],
    /// The logarithm of the rate at which states decay, `heads`.
    pub decay_log: &'a [f32],
    /// The normalisation's gain, `value`.
    pub gain: &'a [f32],
    /// Added to the mean square.
    pub epsilon: f32,
}

/// What the backward pass needs besides the inputs.
#[derive(Debug)]
pub struct Saved {
    convolved: Buffer,
    states: Buffer,
    written: Buffer,
    read: Buffer,
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
    let projection = shape.projection(projected);
    let convolved = projection.convolve(filter(shape, weights), before);
    let mut states = first_states(before, shape.batch, shape.rule().chunks(), shape.state_size());
    let [mut read, mut written] = [shape.rows() * shape.inner(); 2].map(Buffer::any);
    let repeated = shape.repeated().repeat(&convolved);
    let mixed = repeated.as_deref().unwrap_or(&convolved);
    let inputs = inputs(shape, weights, projected, mixed);
    delta_rule::forward(inputs, &mut read, &mut written, &mut states);
    row_gate::forward(norm(weights), &read, projection.gate(), output);
    Saved {
        convolved,
        states,
        written,
        read,
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
    let mut read = Buffer::any(output.len());
    let repeated = shape.repeated().repeat(&convolved);
    let mixed = repeated.as_deref().unwrap_or(&convolved);
    let inputs = inputs(shape, weights, projected, mixed);
    delta_rule::step(inputs, &mut read, &mut carried.state);
    row_gate::forward(norm(weights), &read, projection.gate(), output);
}

/// The gradients that [`backward`] writes, shaped as what they are of.
#[derive(Debug)]
pub struct Gradients<'a> {
    /// Of the projected rows.
    pub projected: &'a mut [f32],
    /// Of the filter.
    pub filter: &'a mut [f32],
    /// Of what is added to what makes the decays.
    pub step_bias: &'a mut [f32],
    /// Of the logarithm of the rate of decay.
    pub decay_log: &'a mut [f32],
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
    let mut dread = Buffer::any(doutput.len());
    row_gate::backward(
        norm(weights),
        &saved.read,
        projection.gate(),
        doutput,
        &mut dread,
        dprojected,
        gradients.gain,
    );
    let repeated = shape.repeated().repeat(&saved.convolved);
    let mixed = repeated.as_deref().unwrap_or(&saved.convolved);
    let mut dmixed = Buffer::any(mixed.len());
    let left = Left {
        written: &saved.written,
        states: &saved.states,
    };
    delta_rule::backward(
        inputs(shape, weights, projected, mixed),
        left,
        &dread,
        delta_rule::Gradients {
            mixed: &mut dmixed,
            steps: dprojected.from(0, columns - 2 * shape.heads),
            rates: dprojected.from(0, columns - shape.heads),
            step_bias: gradients.step_bias,
            decay_log: gradients.decay_log,
        },
    );
    let dconvolved = match repeated {
        Some(_) => shape.repeated().add_up(&dmixed),
        None => dmixed,
    };
    short_convolution::backward(
        filter(shape, weights),
        projection.convolved(None),
        &dconvolved,
        dprojected.from(0, inner),
        gradients.filter,
        None,
    );
}

fn filter(shape: Shape, weights: Weights<'_>) -> Filter<'_> {
    Filter {
        taps: weights.filter,
        count: shape.taps,
        bias: None,
    }
}

fn norm(weights: Weights<'_>) -> NormedGate<'_> {
    NormedGate {
        gain: weights.gain,
        epsilon: weights.epsilon,
    }
}

fn inputs<'a>(shape: Shape, weights: Weights<'a>, projected: &'a [f32], mixed: &'a [f32]) -> Inputs<'a> {
    let projection = shape.projection(projected);
    Inputs {
        shape: shape.rule(),
        mixed,
        steps: projection.behind(0, shape.heads),
        rates: projection.behind(shape.heads, shape.heads),
        step_bias: weights.step_bias,
        decay_log: weights.decay_log,
    }
}
