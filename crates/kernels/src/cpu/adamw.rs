//! The AdamW update (Loshchilov and Hutter 2019, algorithm 2), all of it in one pass over memory.

use crate::parallel::{self, Shared, block};
use crate::simd::{Simd, dispatch, each_vector};

/// Values a task updates.
const VALUES: usize = 16_384;

/// What one update needs besides the tensors.
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
    /// The decoupled weight decay λ, multiplied by the learning rate.
    pub weight_decay: f64,
    /// Multiplies the gradient first: what clipping leaves of it.
    pub gradient_scale: f64,
    /// Steps done, this one included: from 1.
    pub step: u32,
}

/// The constants of the inner loop.
#[derive(Clone, Copy)]
struct Constants {
    keep: f32,
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
            keep: (1.0 - self.learning_rate * self.weight_decay) as f32,
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

/// Updates the parameters and both moments in place.
///
/// With `g` the scaled gradient: `m = β₁ m + (1 - β₁) g`, `v = β₂ v + (1 - β₂) g²`,
/// `p = (1 - ηλ) p - η (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + ε)`.
///
/// # Panics
/// If the lengths differ.
pub fn step(
    parameters: &mut [f32],
    gradient: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    update: &Update,
) {
    let length = parameters.len();
    assert!(
        gradient.len() == length && first.len() == length && second.len() == length,
        "a gradient and two moments for each of {length} parameters"
    );
    let constants = update.constants();
    let (parameters, first, second) = (Shared::new(parameters), Shared::new(first), Shared::new(second));
    parallel::for_each(length.div_ceil(VALUES), 7 * length, |task| {
        let range = block(task, VALUES, length);
        // SAFETY: blocks of values do not overlap.
        let (parameters, first, second) = unsafe {
            (
                parameters.part(range.clone()),
                first.part(range.clone()),
                second.part(range.clone()),
            )
        };
        dispatch!(step_block(parameters, &gradient[range], first, second, constants));
    });
}

#[inline(always)]
fn step_block<S: Simd>(
    simd: S,
    parameters: &mut [f32],
    gradient: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    constants: Constants,
) {
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
    let (keep, rate) = (simd.splat(constants.keep), simd.splat(constants.rate));
    each_vector(
        simd,
        [gradient],
        [parameters, first, second],
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
