//! Coverage when the difficulty of problems follows a Beta distribution.

use std::borrow::Cow;

use statrs::function::gamma::{digamma, ln_gamma};

use super::{COVERAGE, SAMPLES};
use crate::form::{Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::exp;

/// `coverage = 1 - B(alpha, beta + k) / B(alpha, beta)`: the expectation of `1 - (1 - p)^k` over `p ~ Beta(alpha, beta)`.
#[derive(Debug, Clone, Copy)]
pub struct CoverageBeta;

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("coverage-beta"),
    equation: Cow::Borrowed("coverage = 1 - Beta(alpha, beta + samples) / Beta(alpha, beta)"),
    source: Cow::Borrowed(
        "Schaeffer et al. 2025, How Do Large Language Monkeys Get Their Power (Laws)?, section 4",
    ),
    inputs: Cow::Borrowed(&[SAMPLES]),
    response: COVERAGE,
    parameters: Cow::Borrowed(&[
        Parameter::positive(
            "alpha",
            "1",
            "weight of solving; small where many problems are out of reach",
            &[-2.0, -1.0, 0.0],
            (1e-3, 1e3),
        ),
        Parameter::positive("beta", "1", "weight of failing", &[0.0, 1.5, 3.0], (1e-2, 1e6)),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[]),
};

impl LawForm for CoverageBeta {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let (alpha, beta, samples) = (parameters[0], parameters[1], exp(inputs[0]));
        let missed = (ln_gamma(beta + samples) + ln_gamma(alpha + beta)
            - ln_gamma(alpha + beta + samples)
            - ln_gamma(beta))
        .exp();
        let shared = digamma(alpha + beta) - digamma(alpha + beta + samples);
        gradient[0] = -missed * shared;
        gradient[1] = -missed * (shared + digamma(beta + samples) - digamma(beta));
        1.0 - missed
    }

    fn example(&self) -> Example {
        let rows = (0..14).map(|step| vec![2.0_f64.powi(step)]).collect();
        Example {
            parameters: vec![0.4, 3.0],
            rows,
        }
    }
}
