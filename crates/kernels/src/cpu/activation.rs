//! Nonlinear functions of each value.

use super::gelu::{Form, distribution};
use crate::parallel::{self, Shared, block};
use crate::simd::{Simd, dispatch, each_vector};

/// Values a task does.
const VALUES: usize = 16_384;

/// What becomes of each value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `x Φ(x)` (see [`gelu`](super::gelu)).
    Gelu(Form),
    /// `1 ÷ (1 + e^-x)`
    Sigmoid,
    /// The square of what is above zero (So et al. 2021, arXiv 2109.08668, section 3).
    SquaredRelu,
    /// The hyperbolic tangent.
    Tanh,
}

impl Activation {
    /// Its name among operations.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gelu(_) => "gelu",
            Self::Sigmoid | Self::SquaredRelu | Self::Tanh => "activation",
        }
    }

    /// Operations of a value, about.
    fn work(self) -> usize {
        match self {
            Self::Gelu(_) => 40,
            Self::Sigmoid | Self::SquaredRelu | Self::Tanh => 20,
        }
    }

    /// The value, and the slope there.
    #[inline(always)]
    fn of<S: Simd>(self, simd: S, x: S::Floats) -> [S::Floats; 2] {
        let one = simd.splat(1.0);
        match self {
            Self::Gelu(form) => {
                let [distribution, density] = distribution(simd, form, x);
                [simd.mul(x, distribution), simd.mul_add(x, density, distribution)]
            }
            Self::Sigmoid => {
                let y = simd.sigmoid(x);
                [y, simd.mul(y, simd.sub(one, y))]
            }
            Self::SquaredRelu => {
                // NaN stays, being the second argument.
                let above = simd.maximum(simd.splat(0.0), x);
                [simd.mul(above, above), simd.add(above, above)]
            }
            Self::Tanh => {
                let y = simd.tanh(x);
                [y, simd.sub(one, simd.mul(y, y))]
            }
        }
    }
}

/// Writes what becomes of `x` into `y`.
///
/// # Panics
/// If the lengths differ.
pub fn forward(x: &[f32], activation: Activation, y: &mut [f32]) {
    let length = x.len();
    assert!(y.len() == length, "an output for each of {length} values");
    let y = Shared::new(y);
    parallel::for_each(length.div_ceil(VALUES), activation.work() * length, |task| {
        let mine = block(task, VALUES, length);
        // SAFETY: blocks of values do not overlap.
        let y = unsafe { y.part(mine.clone()) };
        dispatch!(forward_block(&x[mine], activation, y));
    });
}

#[inline(always)]
fn forward_block<S: Simd>(simd: S, x: &[f32], activation: Activation, y: &mut [f32]) {
    each_vector(
        simd,
        [x],
        [y],
        0.0,
        #[inline(always)]
        |[x], _| [activation.of(simd, x)[0]],
    );
}

/// From the gradient of `y`, writes that of `x`.
///
/// # Panics
/// If the lengths differ.
pub fn backward(x: &[f32], dy: &[f32], activation: Activation, dx: &mut [f32]) {
    let length = x.len();
    assert!(
        dy.len() == length && dx.len() == length,
        "two gradients for each of {length} values"
    );
    let dx = Shared::new(dx);
    parallel::for_each(
        length.div_ceil(VALUES),
        (activation.work() + 2) * length,
        |task| {
            let mine = block(task, VALUES, length);
            // SAFETY: blocks of values do not overlap.
            let dx = unsafe { dx.part(mine.clone()) };
            dispatch!(backward_block(&x[mine.clone()], &dy[mine], activation, dx));
        },
    );
}

#[inline(always)]
fn backward_block<S: Simd>(simd: S, x: &[f32], dy: &[f32], activation: Activation, dx: &mut [f32]) {
    each_vector(
        simd,
        [x, dy],
        [dx],
        0.0,
        #[inline(always)]
        |[x, dy], _| [simd.mul(dy, activation.of(simd, x)[1])],
    );
}
