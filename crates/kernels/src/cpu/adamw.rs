//! The AdamW update (Loshchilov and Hutter 2019, algorithm 2), of all tensors in one pass over memory.

use crate::parallel;
use crate::simd::{Simd, dispatch, each_vector};

/// The most values of a piece of work.
const VALUES: usize = 8192;

/// A tensor to update, with what belongs to each of its values.
#[derive(Debug)]
pub struct Parameter<'a> {
    /// Its values.
    pub values: &'a mut [f32],
    /// Their gradients.
    pub gradient: &'a [f32],
    /// The means of their gradients.
    pub first: &'a mut [f32],
    /// The means of their squared gradients.
    pub second: &'a mut [f32],
    /// The decoupled weight decay λ, multiplied by the learning rate.
    pub weight_decay: f64,
}

/// What the update of every tensor has in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update {
    /// The learning rate of this step, schedule included.
    pub learning_rate: f64,
    /// The decay rate of the mean of gradients, β₁.
    pub beta_1: f64,
    /// The decay rate of the mean of squared gradients, β₂.
    pub beta_2: f64,
    /// Added to the root of the second moment, ε.
    pub epsilon: f64,
    /// Multiplies the gradient first: what clipping leaves of it.
    pub gradient_scale: f64,
    /// Steps done, this one included: from 1.
    pub step: u32,
}

/// The constants of the inner loop.
#[derive(Clone, Copy)]
struct Constants {
    rate: f32,
    beta_1: f32,
    rest_1: f32,
    beta_2: f32,
    rest_2: f32,
    root_correction: f32,
    epsilon: f32,
    gradient_scale: f32,
}

impl Update {
    fn constants(&self) -> Constants {
        let step = f64::from(self.step);
        let correction_1 = 1.0 - self.beta_1.powf(step);
        let correction_2 = 1.0 - self.beta_2.powf(step);
        Constants {
            rate: (-self.learning_rate / correction_1) as f32,
            beta_1: self.beta_1 as f32,
            rest_1: (1.0 - self.beta_1) as f32,
            beta_2: self.beta_2 as f32,
            rest_2: (1.0 - self.beta_2) as f32,
            root_correction: (1.0 / correction_2.sqrt()) as f32,
            epsilon: self.epsilon as f32,
            gradient_scale: self.gradient_scale as f32,
        }
    }
}

impl<'a> Parameter<'a> {
    /// The tensor in pieces, so that large tensors are shared out and small ones run side by side.
    fn pieces(self) -> impl Iterator<Item = Self> {
        let weight_decay = self.weight_decay;
        let values = self.values.chunks_mut(VALUES).zip(self.gradient.chunks(VALUES));
        let moments = self.first.chunks_mut(VALUES).zip(self.second.chunks_mut(VALUES));
        values
            .zip(moments)
            .map(move |((values, gradient), (first, second))| Self {
                values,
                gradient,
                first,
                second,
                weight_decay,
            })
    }
}

/// Updates the values and both moments of all tensors in place.
///
/// With `g` the scaled gradient: `m = β₁ m + (1 - β₁) g`, `v = β₂ v + (1 - β₂) g²`,
/// `p = (1 - ηλ) p - η (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + ε)`.
///
/// # Panics
/// If the lengths of a tensor's slices differ.
pub fn step(parameters: Vec<Parameter<'_>>, update: &Update) {
    let mut total = 0;
    for parameter in &parameters {
        let length = parameter.values.len();
        let others = [
            parameter.gradient.len(),
            parameter.first.len(),
            parameter.second.len(),
        ];
        assert!(
            others == [length; 3],
            "a gradient and two moments for each of {length} values"
        );
        total += length;
    }
    let constants = update.constants();
    let pieces = parameters.into_iter().flat_map(Parameter::pieces).collect();
    parallel::map(pieces, 7 * total, |piece: Parameter<'_>| {
        let keep = (1.0 - update.learning_rate * piece.weight_decay) as f32;
        dispatch!(step_piece(piece, keep, constants));
    });
}

#[inline(always)]
fn step_piece<S: Simd>(simd: S, piece: Parameter<'_>, keep: f32, constants: Constants) {
    let [scale, beta_1, rest_1, beta_2, rest_2] = [
        simd.splat(constants.gradient_scale),
        simd.splat(constants.beta_1),
        simd.splat(constants.rest_1),
        simd.splat(constants.beta_2),
        simd.splat(constants.rest_2),
    ];
    let (correction, epsilon) = (
        simd.splat(constants.root_correction),
        simd.splat(constants.epsilon),
    );
    let (keep, rate) = (simd.splat(keep), simd.splat(constants.rate));
    each_vector(
        simd,
        [piece.gradient],
        [piece.values, piece.first, piece.second],
        0.0,
        #[inline(always)]
        |[g], [p, m, v]| {
            let g = simd.mul(g, scale);
            let mean = simd.mul_add(g, rest_1, simd.mul(m, beta_1));
            let square = simd.mul_add(simd.mul(g, g), rest_2, simd.mul(v, beta_2));
            let root = simd.mul_add(simd.sqrt(square), correction, epsilon);
            [
                simd.mul_add(simd.div(mean, root), rate, simd.mul(p, keep)),
                mean,
                square,
            ]
        },
    );
}
