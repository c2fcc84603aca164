//! Exponentials and logarithms without branches, so that a loop over rows becomes vector instructions.

use std::f64::consts::LOG2_E;

/// The logarithm of 2 in two parts; the first has so few digits that whole multiples of it are exact.
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// Adding this rounds to a whole number, which then stands in the lowest digits.
const ROUNDING: f64 = 6_755_399_441_055_744.0;
/// Where `e^x` is the largest and about the smallest normal number.
const LARGEST: f64 = 709.782_712_893_384;
const SMALLEST: f64 = -707.0;
/// Digits of a number below its exponent.
const MANTISSA: u32 = 52;
/// What is added to the exponent of a number as it is stored.
const BIAS: u64 = 1023;

/// Runs `work` with the vector instructions that the processor has.
///
/// Results do not depend on them: no operation is reordered, and fused ones are written as such.
#[inline(always)]
pub(crate) fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if let Some(processor) = pulp::x86::V3::try_new() {
        return processor.vectorize(work);
    }
    work()
}

/// A polynomial by Horner's rule, the coefficient of the highest power first.
#[inline(always)]
fn polynomial<const COUNT: usize>(x: f64, coefficients: [f64; COUNT]) -> f64 {
    let mut value = 0.0_f64;
    for coefficient in coefficients {
        value = value.mul_add(x, coefficient);
    }
    value
}

/// `x = n ln 2 + rest` with `rest` at most 0.347 in size: `rest`, and half of `2^n`, which exists up to the
/// largest result.
#[inline(always)]
fn reduced(x: f64) -> (f64, f64) {
    let shifted = x.mul_add(LOG2_E, ROUNDING);
    let whole = shifted - ROUNDING;
    let rest = whole.mul_add(-LN_2_LOW, whole.mul_add(-LN_2_HIGH, x));
    (
        rest,
        f64::from_bits(shifted.to_bits().wrapping_add(BIAS - 1) << MANTISSA),
    )
}

/// `(e^x - 1) / x` for small `x`, by Taylor's series.
#[inline(always)]
fn series(x: f64) -> f64 {
    polynomial(
        x,
        [
            1.0 / 6_227_020_800.0,
            1.0 / 479_001_600.0,
            1.0 / 39_916_800.0,
            1.0 / 3_628_800.0,
            1.0 / 362_880.0,
            1.0 / 40_320.0,
            1.0 / 5_040.0,
            1.0 / 720.0,
            1.0 / 120.0,
            1.0 / 24.0,
            1.0 / 6.0,
            0.5,
            1.0,
        ],
    )
}

/// `e^x` to two units of the last digit; 0 below the smallest normal number.
#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    let (rest, half) = reduced(x);
    let value = 2.0 * (half * series(rest).mul_add(rest, 1.0));
    let value = if x > LARGEST { f64::INFINITY } else { value };
    if x < SMALLEST { 0.0 } else { value }
}

/// `e^x - 1`, near zero too.
#[inline(always)]
pub(crate) fn exp_m1(x: f64) -> f64 {
    let (rest, half) = reduced(x);
    let value = 2.0 * half.mul_add(series(rest) * rest, half - 0.5);
    let value = if x > LARGEST { f64::INFINITY } else { value };
    if x < SMALLEST { -1.0 } else { value }
}

/// The natural logarithm to two units of the last digit; minus infinity below the smallest normal
/// number, NaN below zero.
#[inline(always)]
pub(crate) fn ln(x: f64) -> f64 {
    // x = 2^n m with m from sqrt(1/2) to sqrt(2); ln m = 2 artanh((m - 1) / (m + 1)).
    const ROOT_OF_HALF: u64 = 0x3FE6_A09E_667F_3BCD;
    const ONE: u64 = BIAS << MANTISSA;
    // A whole number below 2^52 in the lowest digits of this is that number more.
    const UNIT: f64 = 4_503_599_627_370_496.0;
    let bits = x.to_bits();
    let exponent = bits.wrapping_add(ONE - ROOT_OF_HALF) >> MANTISSA;
    let whole = f64::from_bits(exponent | UNIT.to_bits()) - (UNIT + BIAS as f64);
    let mantissa = f64::from_bits(bits.wrapping_sub(exponent << MANTISSA).wrapping_add(ONE));
    let ratio = (mantissa - 1.0) / (mantissa + 1.0);
    let square = ratio * ratio;
    let series = polynomial(
        square,
        [
            2.0 / 23.0,
            2.0 / 21.0,
            2.0 / 19.0,
            2.0 / 17.0,
            2.0 / 15.0,
            2.0 / 13.0,
            2.0 / 11.0,
            2.0 / 9.0,
            2.0 / 7.0,
            2.0 / 5.0,
            2.0 / 3.0,
        ],
    );
    let small = (ratio * square).mul_add(series, whole * LN_2_LOW);
    let value = whole.mul_add(LN_2_HIGH, 2.0 * ratio + small);
    let value = if x < f64::MIN_POSITIVE {
        f64::NEG_INFINITY
    } else {
        value
    };
    let value = if x < 0.0 { f64::NAN } else { value };
    // Infinity and NaN are what they were.
    if x < f64::INFINITY { value } else { x }
}

/// `ln(1 + x)` for `x` above -1, near zero too (Kahan's correction).
#[inline(always)]
pub(crate) fn ln_1p(x: f64) -> f64 {
    let sum = 1.0 + x;
    ln(sum) - ((sum - 1.0) - x) / sum
}

/// `base^exponent` of a positive base.
#[inline(always)]
pub(crate) fn power(base: f64, exponent: f64) -> f64 {
    exp(exponent * ln(base))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::Stream;

    /// The error in units of the last digit.
    fn units(found: f64, expected: f64) -> f64 {
        (found - expected).abs() / (f64::EPSILON * expected.abs())
    }

    #[test]
    fn they_agree_with_the_standard_library() {
        let mut stream = Stream::new(0, "elementary", 0);
        for _ in 0..100_000 {
            let x = 1400.0 * (stream.uniform() - 0.5);
            assert!(units(exp(x), x.exp()) < 2.0, "exp({x}) is {}", exp(x));
            let near = 2.0 * stream.uniform() - 1.0;
            assert!(units(exp(near), near.exp()) < 2.0, "exp({near})");
            for y in [x.exp(), 1.0 + 0.3 * near, 1.0 + 1e-9 * near] {
                assert!(units(ln(y), y.ln()) < 2.0, "ln({y}) is {}, not {}", ln(y), y.ln());
            }
            assert!(units(exp_m1(near), near.exp_m1()) < 3.0, "exp_m1({near})");
            assert!(units(exp_m1(-x.abs()), (-x.abs()).exp_m1()) < 3.0, "exp_m1({x})");
            assert!(
                units(ln_1p(near.abs()), near.abs().ln_1p()) < 4.0,
                "ln_1p({near})"
            );
        }
        assert!((power(3.0, 2.5) / 3.0_f64.powf(2.5) - 1.0).abs() < 1e-14);
    }

    #[test]
    fn ends_are_what_they_must_be() {
        assert_eq!(
            (exp(0.0), exp(f64::NEG_INFINITY), exp(f64::INFINITY)),
            (1.0, 0.0, f64::INFINITY)
        );
        assert_eq!(
            (exp(-1e300), exp(1e300), exp(710.0)),
            (0.0, f64::INFINITY, f64::INFINITY)
        );
        assert_eq!(
            (exp_m1(0.0), exp_m1(f64::NEG_INFINITY), exp_m1(800.0)),
            (0.0, -1.0, f64::INFINITY)
        );
        assert!(exp(709.78).is_finite() && exp(f64::NAN).is_nan());
        assert_eq!(
            (ln(1.0), ln(0.0), ln(f64::INFINITY)),
            (0.0, f64::NEG_INFINITY, f64::INFINITY)
        );
        assert!(ln(-1.0).is_nan() && ln(f64::NEG_INFINITY).is_nan() && ln(f64::NAN).is_nan());
        assert!(
            units(ln(f64::MAX), f64::MAX.ln()) < 2.0
                && units(ln(f64::MIN_POSITIVE), f64::MIN_POSITIVE.ln()) < 2.0
        );
        assert_eq!((ln_1p(1e-18), ln_1p(0.0)), (1e-18, 0.0));
    }

    #[test]
    fn vector_instructions_change_no_digit() {
        let mut stream = Stream::new(1, "elementary", 0);
        let x: Vec<f64> = (0..1000).map(|_| 40.0 * stream.normal()).collect();
        let all = |x: &[f64]| {
            x.iter()
                .map(|x| (exp(*x).to_bits(), ln(x.abs()).to_bits()))
                .collect::<Vec<_>>()
        };
        assert_eq!(vectorised(|| all(&x)), all(&x));
    }
}
