//! What gated linear attention does between its two products (Yang et al. 2023, arXiv 2312.06635, section 4): decays of
//! each key made of a few numbers, the scan, and a normalisation of each head with a gate.
//!
//! A projected row holds the gate of all heads (`inner`), queries and keys of all heads (`keys` each), values of all heads
//! (`inner`), and what the decays are made of (`rank`).

mod decays;

use self::decays::Decays;
use super::diagonal_scan::{self, ByKey, Inputs};
use super::matrix::{Matrix, Target};
use super::normed_gate::NormedGate;
use super::recurrent::{Carried, carried_states, first_states};
use super::row_gate;
use crate::memory::Buffer;

/// The sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Sequences.
    pub batch: usize,
    /// Positions of each.
    pub length: usize,
    /// Heads.
    pub heads: usize,
    /// Values of a query or key of a head.
    pub key: usize,
    /// Values of a value of a head.
    pub value: usize,
    /// Numbers that the decays of all keys are made of.
    pub rank: usize,
    /// What the logarithms of decays are divided by.
    pub divisor: usize,
}

impl Shape {
    /// Positions between states that are kept.
    pub const CHUNK: usize = 64;

    /// Values that are computed together.
    pub const BLOCK: usize = diagonal_scan::VALUES;

    /// Values of all heads.
    pub fn inner(&self) -> usize {
        self.heads * self.value
    }

    /// Values of the keys of all heads.
    pub fn keys(&self) -> usize {
        self.heads * self.key
    }

    /// Columns of the projection.
    pub fn columns(&self) -> usize {
        2 * (self.inner() + self.keys()) + self.rank
    }

    /// Values of the state of a sequence.
    pub fn state_size(&self) -> usize {
        self.heads * self.key * self.value
    }

    fn rows(&self) -> usize {
        self.batch * self.length
    }

    fn scan(&self) -> diagonal_scan::Shape {
        diagonal_scan::Shape {
            batch: self.batch,
            length: self.length,
            heads: self.heads,
            key: self.key,
            value: self.value,
            chunk: Self::CHUNK.min(self.length),
        }
    }

    /// Columns of projected rows.
    fn part<'a>(&self, projected: &'a [f32], start: usize, columns: usize) -> Matrix<'a> {
        Matrix::strided(&projected[start..], self.rows(), columns, self.columns())
    }

    fn gate<'a>(&self, projected: &'a [f32]) -> Matrix<'a> {
        self.part(projected, 0, self.inner())
    }

    fn check(&self, weights: &Weights, projected: &[f32]) {
        let sizes = [
            self.length,
            self.heads,
            self.key,
            self.value,
            self.rank,
            self.divisor,
        ];
        assert!(!sizes.contains(&0), "{self:?} is empty");
        let lengths = [
            (weights.decays.len(), self.rank * self.keys()),
            (weights.decay_bias.len(), self.keys()),
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
    /// To what the decays are the logarithms of a sigmoid of, `rank × keys`.
    pub decays: &'a [f32],
    /// Added to it, `keys`.
    pub decay_bias: &'a [f32],
    /// The gain of the normalisation of each head, `value`.
    pub gain: &'a [f32],
    /// Added to the mean square.
    pub epsilon: f32,
}

impl<'a> Weights<'a> {
    fn norm(&self) -> NormedGate<'a> {
        NormedGate {
            gain: self.gain,
            epsilon: self.epsilon,
        }
    }
}

/// What the backward pass needs besides the inputs.
#[derive(Debug)]
pub struct Saved {
    decays: Decays,
    states: Buffer,
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
    let decays = Decays::of(shape, &weights, projected);
    let mut states = first_states(before, shape.batch, shape.scan().chunks(), shape.state_size());
    let mut read = Buffer::zeros(output.len());
    diagonal_scan::forward(inputs(shape, projected, &decays), &mut read, &mut states);
    row_gate::forward(weights.norm(), &read, shape.gate(projected), output);
    Saved { decays, states, read }
}

impl Saved {
    /// What the next piece of the sequences goes on from.
    pub fn carried(&self, shape: Shape) -> Carried {
        Carried {
            window: Buffer::zeros(0),
            state: carried_states(&self.states, shape.batch, shape.state_size()),
        }
    }
}

/// As [`forward`] of one position of each sequence, which changes what is carried.
///
/// # Panics
/// If there are more positions, or the lengths do not agree.
pub fn step(shape: Shape, weights: Weights, projected: &[f32], before: &mut Carried, output: &mut [f32]) {
    assert_eq!(shape.length, 1, "positions of a step");
    before.check(0, shape.batch * shape.state_size());
    let saved = forward(shape, weights, projected, Some(before), output);
    *before = saved.carried(shape);
}

/// The gradients that [`backward`] writes, shaped as what they are of.
#[derive(Debug)]
pub struct Gradients<'a> {
    /// Of the projected rows.
    pub projected: &'a mut [f32],
    /// Of what makes the decays.
    pub decays: &'a mut [f32],
    /// Of what is added there.
    pub decay_bias: &'a mut [f32],
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
    assert!(
        doutput.len() == saved.read.len() && gradients.projected.len() == projected.len(),
        "a gradient for each output and for each projected value"
    );
    let (inner, keys) = (shape.inner(), shape.keys());
    let mut dread = Buffer::any(doutput.len());
    let mut logarithms = Buffer::any(shape.rows() * keys);
    {
        let dprojected = Target::new(gradients.projected, shape.columns());
        row_gate::backward(
            weights.norm(),
            &saved.read,
            shape.gate(projected),
            doutput,
            &mut dread,
            dprojected,
            gradients.gain,
        );
        diagonal_scan::backward(
            inputs(shape, projected, &saved.decays),
            &saved.states,
            &dread,
            diagonal_scan::Gradients {
                of_keys: [
                    Some(dprojected.from(0, inner)),
                    Some(dprojected.from(0, inner + keys)),
                    Some(Target::new(&mut logarithms, keys)),
                ],
                values: dprojected.from(0, inner + 2 * keys),
                by_column: None,
            },
        );
    }
    saved
        .decays
        .backward(shape, &weights, projected, &mut logarithms, gradients);
}

fn inputs<'a>(shape: Shape, projected: &'a [f32], decays: &'a Decays) -> Inputs<'a, ByKey<'a>> {
    let (inner, keys) = (shape.inner(), shape.keys());
    let of_keys = |values| Matrix::new(values, shape.rows(), keys);
    Inputs {
        shape: shape.scan(),
        queries: of_keys(&decays.queries),
        keys: shape.part(projected, inner + keys, keys),
        values: shape.part(projected, inner + 2 * keys, inner),
        decays: ByKey(of_keys(&decays.decays)),
    }
}
