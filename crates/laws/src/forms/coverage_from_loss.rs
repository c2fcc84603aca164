//! Roberts et al. 2026 (T2): coverage from the loss, by how it moves the difficulty of problems.

use std::borrow::Cow;

use statrs::function::gamma::{digamma, ln_gamma};

use super::{COVERAGE, SAMPLES, grid};
use crate::form::{Column, Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::exp;

/// `coverage = 1 - B(a, b + k) / B(a, b)` with `a = mu nu`, `b = (1 - mu) nu`, `mu = sigmoid(theta1 + theta2 L)` and
/// `nu = exp(theta3 + theta4 L)`: the chance of one sample follows a Beta distribution over the problems, whose mean
/// and narrowness the loss sets.
#[derive(Debug, Clone, Copy)]
pub struct CoverageFromLoss;

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("coverage-from-loss"),
    equation: Cow::Borrowed(
        "coverage = 1 - Beta(mu nu, (1 - mu) nu + samples) / Beta(mu nu, (1 - mu) nu), \
         mu = 1 / (1 + exp(-(theta1 + theta2 loss))), nu = exp(theta3 + theta4 loss)",
    ),
    source: Cow::Borrowed(
        "Roberts et al. 2026, Test-Time Scaling Makes Overtraining Compute-Optimal, approach 2",
    ),
    inputs: Cow::Borrowed(&[
        Column::linear("loss", "nats/token or bits/byte", "validation loss L").falling(),
        SAMPLES,
    ]),
    response: COVERAGE,
    parameters: Cow::Borrowed(&[
        Parameter::real(
            "theta1",
            "1",
            "logit of one sample's mean chance at a loss of zero",
            &[0.0, 5.0, 10.0],
            (-100.0, 100.0),
        ),
        Parameter::real(
            "theta2",
            "1/loss",
            "how that logit follows the loss",
            &[-1.0, -3.0],
            (-100.0, 100.0),
        ),
        Parameter::real(
            "theta3",
            "1",
            "logarithm of how alike problems are at a loss of zero",
            &[0.0, 2.0],
            (-100.0, 100.0),
        ),
        Parameter::real(
            "theta4",
            "1/loss",
            "how that logarithm follows the loss",
            &[-1.0, 0.0, 1.0],
            (-100.0, 100.0),
        ),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[]),
};

impl LawForm for CoverageFromLoss {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let (loss, samples) = (inputs[0], exp(inputs[1]));
        let mean = 1.0 / (1.0 + exp(-(parameters[0] + parameters[1] * loss)));
        let narrowness = exp(parameters[2] + parameters[3] * loss);
        let (a, b) = (mean * narrowness, (1.0 - mean) * narrowness);
        let missed =
            (ln_gamma(b + samples) + ln_gamma(a + b) - ln_gamma(a + b + samples) - ln_gamma(b)).exp();
        let shared = digamma(a + b) - digamma(a + b + samples);
        let by_a = -missed * shared;
        let by_b = -missed * (shared + digamma(b + samples) - digamma(b));
        let by_logit = (by_a - by_b) * mean * (1.0 - mean) * narrowness;
        let by_narrowness = by_a * a + by_b * b;
        gradient[0] = by_logit;
        gradient[1] = by_logit * loss;
        gradient[2] = by_narrowness;
        gradient[3] = by_narrowness * loss;
        1.0 - missed
    }

    fn example(&self) -> Example {
        Example {
            parameters: vec![5.0, -2.0, 3.0, -0.6],
            rows: grid(&[&[2.4, 2.8, 3.2, 3.6], &[1.0, 4.0, 16.0, 64.0, 256.0]]),
        }
    }
}
