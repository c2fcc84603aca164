//! Coverage when the difficulty of problems follows a Beta distribution.

use std::borrow::Cow;

use statrs::function::gamma::{digamma, ln_gamma};

use super::{COVERAGE, SAMPLES};
use crate::coverage::{Chance, Difficulty, ln_normal};
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
        Parameter::positive(
            "beta",
            "1",
            "weight of failing",
            &[0.0, 1.5, 3.0, 6.0],
            (1e-2, 1e6),
        ),
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

    fn difficulty(&self) -> Option<&dyn Difficulty> {
        Some(self)
    }

    fn example(&self) -> Example {
        let rows = (0..14).map(|step| vec![2.0_f64.powi(step)]).collect();
        Example {
            parameters: vec![0.4, 3.0],
            rows,
        }
    }
}

/// What is expected of the exponent of coverage at many samples, which `alpha` is: its logarithm's mean and
/// standard deviation. Fits to published counts have exponents of 0.07 to 0.30 on MATH (seven models, Brown et al.
/// 2024) and of 0.15 to 0.76 on jailbreaks (seven, Hughes et al. 2024); an expectation as narrow as these misses
/// truths that are steeper (experiment 0008).
const EXPONENT: (f64, f64) = (-1.0, 0.5);
/// The same of the logit of coverage at one sample.
const FIRST: (f64, f64) = (-3.0, 4.0);

impl Difficulty for CoverageBeta {
    #[inline]
    fn ln_density(&self, parameters: &[f64], chance: &Chance) -> f64 {
        parameters[0] * chance.ln_success + parameters[1] * chance.ln_failure
    }

    fn ln_prior(&self, coordinates: &[f64]) -> f64 {
        ln_normal(coordinates[0], EXPONENT.0, EXPONENT.1)
            + ln_normal(coordinates[0] - coordinates[1], FIRST.0, FIRST.1)
    }

    fn prior_spread(&self) -> Vec<f64> {
        vec![EXPONENT.1, EXPONENT.1.hypot(FIRST.1)]
    }
}
