//! What RWKV-7's time mix does between its products (Peng et al. 2025, arXiv 2503.14456, section 4): with rows of
//! reading `r`, decay, key, value `v`, rate and gate, head by head,
//!
//! - `w = e^(-e^(-1/2) σ(decay + decay_bias))`, `ρ = σ(rate + rate_bias)` and `k = key (1 + (ρ - 1) key_scale)`;
//! - the removal `q` is `key removal_scale` over its length, and `y` what the generalised delta rule makes of `r`, `w`,
//!   `k`, `v`, `-q` and `q ρ`;
//! - the output is `(norm(y) head_norm + head_norm_bias + (Σ r k bonus) v) gate`.

mod backward;

pub use backward::{Gradients, backward};

use std::ops::Range;

pub use super::generalised_delta::Shape;
use super::generalised_delta::{self, Inputs, Left};
use super::layer_norm::moments;
use super::rows::for_each_block;
use crate::memory::Buffer;
use crate::parallel::Shared;
use crate::simd::{Simd, dispatch, each_vector, fold_vectors};

/// Added to the variance of each head of what is read.
pub const HEAD_EPSILON: f32 = 64e-5;

/// `e^(-1/2)`: the rate of the fastest decay.
pub const FASTEST: f32 = 0.606_530_66;

/// The least length that a removal is divided by.
pub const LEAST_LENGTH: f32 = 1e-12;

/// What it is applied to, each `rows × inner`.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// What states are read by.
    pub reading: &'a [f32],
    /// What makes the decays.
    pub decay: &'a [f32],
    /// What makes the keys.
    pub key: &'a [f32],
    /// What is written.
    pub value: &'a [f32],
    /// What makes the rates of writing.
    pub rate: &'a [f32],
    /// What the output is multiplied by.
    pub gate: &'a [f32],
}

impl Rows<'_> {
    /// A part of each.
    #[inline(always)]
    fn part(&self, part: Range<usize>) -> Self {
        Self {
            reading: &self.reading[part.clone()],
            decay: &self.decay[part.clone()],
            key: &self.key[part.clone()],
            value: &self.value[part.clone()],
            rate: &self.rate[part.clone()],
            gate: &self.gate[part],
        }
    }
}

/// Vectors in [`Weights`].
pub const VECTORS: usize = 7;

/// Those of them that are used before the rule.
const BEFORE: usize = 4;

/// The small weights, `inner` each.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    /// Added to what makes the decays.
    pub decay_bias: &'a [f32],
    /// Added to what makes the rates.
    pub rate_bias: &'a [f32],
    /// What keys are multiplied by where they remove.
    pub removal_scale: &'a [f32],
    /// How much keys are multiplied by the rates.
    pub key_scale: &'a [f32],
    /// How much of a value goes around the state.
    pub bonus: &'a [f32],
    /// The gain of each head's normalisation.
    pub head_norm: &'a [f32],
    /// Added to that.
    pub head_norm_bias: &'a [f32],
}

impl<'a> Weights<'a> {
    /// Of vectors one after the other, in this order.
    ///
    /// # Panics
    /// If they are not of one length.
    pub fn of(vectors: &'a [f32]) -> Self {
        let inner = vectors.len() / VECTORS;
        assert_eq!(inner * VECTORS, vectors.len(), "{VECTORS} vectors of one length");
        let vector = |index: usize| &vectors[index * inner..(index + 1) * inner];
        Self {
            decay_bias: vector(0),
            rate_bias: vector(1),
            removal_scale: vector(2),
            key_scale: vector(3),
            bonus: vector(4),
            head_norm: vector(5),
            head_norm_bias: vector(6),
        }
    }

    /// A part of each.
    #[inline(always)]
    fn part(&self, part: Range<usize>) -> Self {
        Self {
            decay_bias: &self.decay_bias[part.clone()],
            rate_bias: &self.rate_bias[part.clone()],
            removal_scale: &self.removal_scale[part.clone()],
            key_scale: &self.key_scale[part.clone()],
            bonus: &self.bonus[part.clone()],
            head_norm: &self.head_norm[part.clone()],
            head_norm_bias: &self.head_norm_bias[part],
        }
    }
}

/// What the rule gets as `w`, `k`, `a` and `b`, each `rows × inner`.
#[derive(Debug)]
struct Made([Buffer; 4]);

impl Made {
    fn new(shape: Shape, rows: Rows, weights: Weights) -> Self {
        let (count, inner) = (shape.batch * shape.length, shape.inner());
        let mut made = [(); 4].map(|()| Buffer::any(count * inner));
        {
            let made = made.each_mut().map(|made| Shared::new(made));
            for_each_block(count, 60 * count * inner, |mine| {
                for row in mine {
                    let row = row * inner..(row + 1) * inner;
                    // SAFETY: rows do not overlap.
                    let made = made.map(|made| unsafe { made.part(row.clone()) });
                    dispatch!(make_row(shape.size, rows.part(row), weights, made));
                }
            });
        }
        Self(made)
    }

    /// What the rule gets.
    fn inputs<'a>(&'a self, rows: Rows<'a>) -> Inputs<'a> {
        let [w, k, a, b] = self.0.each_ref().map(|made| &**made);
        let (r, v) = (rows.reading, rows.value);
        Inputs { r, w, k, v, a, b }
    }
}

#[inline(always)]
fn make_row<S: Simd>(simd: S, size: usize, rows: Rows, weights: Weights, [w, k, a, b]: [&mut [f32]; 4]) {
    for first in (0..w.len()).step_by(size) {
        let head = first..first + size;
        let [w, k, a, b] = [
            &mut w[head.clone()],
            &mut k[head.clone()],
            &mut a[head.clone()],
            &mut b[head.clone()],
        ];
        make(simd, rows.part(head.clone()), weights.part(head), [w, k, a, b]);
    }
}

#[inline(always)]
fn make<S: Simd>(simd: S, rows: Rows, weights: Weights, [w, k, a, b]: [&mut [f32]; 4]) {
    let (one, fastest) = (simd.splat(1.0), simd.splat(-FASTEST));
    let mut squares = simd.splat(0.0);
    each_vector(
        simd,
        [
            rows.decay,
            rows.key,
            rows.rate,
            weights.decay_bias,
            weights.rate_bias,
            weights.removal_scale,
            weights.key_scale,
        ],
        [w, k, a, b],
        0.0,
        #[inline(always)]
        |[decay, key, rate, decay_bias, rate_bias, removal_scale, key_scale], _| {
            let decay = simd.sigmoid(simd.add(decay, decay_bias));
            let rate = simd.sigmoid(simd.add(rate, rate_bias));
            let removal = simd.mul(key, removal_scale);
            squares = simd.mul_add(removal, removal, squares);
            let less = simd.mul(key, simd.sub(rate, one));
            [
                simd.exp(simd.mul(decay, fastest)),
                simd.mul_add(less, key_scale, key),
                removal,
                rate,
            ]
        },
    );
    let inverse = simd.splat(-inverse_length(simd.sum(squares)));
    each_vector(
        simd,
        [],
        [a, b],
        0.0,
        #[inline(always)]
        |[], [removal, rate]| {
            let asked = simd.mul(removal, inverse);
            [asked, simd.sub(simd.splat(0.0), simd.mul(asked, rate))]
        },
    );
}

/// One over a length, which counts as [`LEAST_LENGTH`] at least.
fn inverse_length(squares: f32) -> f32 {
    let length = squares.sqrt();
    // NaN stays.
    let length = if length < LEAST_LENGTH {
        LEAST_LENGTH
    } else {
        length
    };
    1.0 / length
}

/// What the backward pass needs besides the inputs.
#[derive(Debug)]
pub struct Saved {
    made: Made,
    /// What was read of the states.
    read: Buffer,
    left: Left,
}

impl Saved {
    /// The states after the last position, `batch × heads × size × size`.
    pub fn into_states(self) -> Buffer {
        self.left.after
    }
}

fn check(shape: Shape, rows: Rows, weights: Weights, output: &[f32]) {
    let inputs = [
        rows.reading,
        rows.decay,
        rows.key,
        rows.value,
        rows.rate,
        rows.gate,
    ];
    let lengths = inputs.map(<[f32]>::len);
    let wanted = shape.batch * shape.length * shape.inner();
    assert!(
        lengths == [wanted; 6] && output.len() == wanted && weights.bonus.len() == shape.inner(),
        "{lengths:?} values and {} outputs where {shape:?} wants {wanted} each",
        output.len()
    );
}

/// Writes the output of every position (`rows × inner`). The sequences go on from states like [`Saved::into_states`], or
/// begin.
///
/// # Panics
/// If the lengths do not agree.
pub fn forward(
    shape: Shape,
    rows: Rows,
    weights: Weights,
    before: Option<&[f32]>,
    output: &mut [f32],
) -> Saved {
    check(shape, rows, weights, output);
    let (count, inner) = (shape.batch * shape.length, shape.inner());
    let made = Made::new(shape, rows, weights);
    let mut read = Buffer::any(count * inner);
    let left = generalised_delta::forward(shape, made.inputs(rows), before, &mut read);
    let (output, keys) = (Shared::new(output), &made.0[1]);
    for_each_block(count, 24 * count * inner, |mine| {
        for row in mine {
            let row = row * inner..(row + 1) * inner;
            // SAFETY: rows do not overlap.
            let output = unsafe { output.part(row.clone()) };
            let of = [&read[row.clone()], &keys[row.clone()]];
            dispatch!(output_row(shape.size, of, rows.part(row), weights, output));
        }
    });
    Saved { made, read, left }
}

#[inline(always)]
fn output_row<S: Simd>(
    simd: S,
    size: usize,
    [read, key]: [&[f32]; 2],
    rows: Rows,
    weights: Weights,
    output: &mut [f32],
) {
    for first in (0..output.len()).step_by(size) {
        let head = first..first + size;
        let of = [&read[head.clone()], &key[head.clone()]];
        let output = &mut output[head.clone()];
        output_of(simd, of, rows.part(head.clone()), weights.part(head), output);
    }
}

#[inline(always)]
fn output_of<S: Simd>(simd: S, [read, key]: [&[f32]; 2], rows: Rows, weights: Weights, output: &mut [f32]) {
    let agreement = simd.splat(agreement(simd, rows.reading, key, weights.bonus));
    let [mean, scale] = moments(simd, read, HEAD_EPSILON);
    let (mean, scale) = (simd.splat(mean), simd.splat(scale));
    each_vector(
        simd,
        [
            read,
            rows.value,
            rows.gate,
            weights.head_norm,
            weights.head_norm_bias,
        ],
        [output],
        0.0,
        #[inline(always)]
        |[read, value, gate, gain, bias], _| {
            let normed = simd.mul(simd.sub(read, mean), scale);
            let around = simd.mul_add(agreement, value, bias);
            [simd.mul(simd.mul_add(normed, gain, around), gate)]
        },
    );
}

/// `Σ r k bonus`
#[inline(always)]
fn agreement<S: Simd>(simd: S, reading: &[f32], key: &[f32], bonus: &[f32]) -> f32 {
    let sum = fold_vectors(
        simd,
        [reading, key, bonus],
        0.0,
        0.0,
        #[inline(always)]
        |sum, [reading, key, bonus]| simd.mul_add(simd.mul(reading, key), bonus, sum),
    );
    simd.sum(sum)
}
