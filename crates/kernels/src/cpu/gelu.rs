//! The Gaussian error linear unit (Hendrycks and Gimpel 2016, arXiv 1606.08415): `gelu(x) = x Φ(x)`, with Φ the normal
//! distribution function or its approximation by a hyperbolic tangent.

use crate::simd::Simd;

/// What Φ is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// The normal distribution function.
    #[default]
    Exact,
    /// `(1 + tanh(√(2 ÷ π) (x + 0.044715 x³))) ÷ 2`, as GPT-2 has it: off by up to 2e-4.
    Tanh,
}

/// `[Φ(x), φ(x)]`, with φ the derivative of Φ.
#[inline(always)]
pub(super) fn distribution<S: Simd>(simd: S, form: Form, x: S::Floats) -> [S::Floats; 2] {
    match form {
        Form::Exact => normal(simd, x),
        Form::Tanh => logistic(simd, x),
    }
}

/// `(1 + tanh(u)) ÷ 2 = 1 ÷ (1 + e^-2u)` with `2u = √(8 ÷ π) (x + 0.044715 x³)`, and its derivative.
#[inline(always)]
fn logistic<S: Simd>(simd: S, x: S::Floats) -> [S::Floats; 2] {
    let (slope, cubic) = (simd.splat(1.595_769), simd.splat(1.595_769 * 0.044_715));
    let square = simd.mul(x, x);
    let sigmoid = simd.sigmoid(simd.mul(x, simd.mul_add(cubic, square, slope)));
    let rest = simd.sub(simd.splat(1.0), sigmoid);
    let steepness = simd.mul_add(simd.mul(cubic, simd.splat(3.0)), square, slope);
    [sigmoid, simd.mul(simd.mul(sigmoid, rest), steepness)]
}

/// The normal distribution function and density, `[Φ(x), φ(x)]`, to a relative error of 5e-6 however small they are.
#[inline(always)]
fn normal<S: Simd>(simd: S, x: S::Floats) -> [S::Floats; 2] {
    let (zero, one) = (simd.splat(0.0), simd.splat(1.0));
    let z = simd.maximum(simd.sub(zero, x), x);
    let half_square = simd.mul(simd.mul(z, z), simd.splat(0.5));
    // 1 ÷ √(2 π)
    let density = simd.mul(simd.exp(simd.sub(zero, half_square)), simd.splat(0.398_942_3));
    // Mills' ratio (1 - Φ(z)) ÷ φ(z), as a polynomial in t = 1 ÷ (1 + p z) without constant term: the form of
    // Abramowitz and Stegun 1964, 26.2.17, with coefficients by Remez' algorithm, whose relative error is below
    // 1.7e-7 up to z = 14.5, where both factors of the tail have vanished in `f32`.
    let t = simd.div(one, simd.mul_add(z, simd.splat(0.231_641_9), one));
    let mut ratio = simd.splat(-0.175_643_64);
    for coefficient in [
        0.617_069_5,
        -0.498_731_1,
        0.558_147_55,
        0.037_568_804,
        0.256_150_4,
        0.226_847_95,
        0.231_904_86,
        0.0,
    ] {
        ratio = simd.mul_add(ratio, t, simd.splat(coefficient));
    }
    let tail = simd.mul(density, ratio);
    // Φ is the tail itself below zero and one less it above: 0 + tail or 1 - tail, of which neither cancels. Where
    // the sign is a fraction, x is below the normal range and the tail is a half.
    let sign = simd.minimum(one, simd.mul(x, simd.splat(1e38)));
    let sign = simd.maximum(simd.splat(-1.0), sign);
    let half = simd.splat(0.5);
    let step = simd.mul_add(sign, half, half);
    [simd.sub(step, simd.mul(sign, tail)), density]
}
