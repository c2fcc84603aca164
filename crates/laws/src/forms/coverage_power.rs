//! Brown et al. 2024: the share of problems solved by at least one of k samples.

use std::borrow::Cow;

use super::{COVERAGE, SAMPLES};
use crate::form::{Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::exp;

/// `coverage = exp(-a k^-b)`.
#[derive(Debug, Clone, Copy)]
pub struct CoveragePower;

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("coverage-power"),
    equation: Cow::Borrowed("coverage = exp(-a samples^-b)"),
    source: Cow::Borrowed("Brown et al. 2024, Large Language Monkeys, section 3.1"),
    inputs: Cow::Borrowed(&[SAMPLES]),
    response: COVERAGE,
    parameters: Cow::Borrowed(&[
        Parameter::positive(
            "a",
            "1",
            "minus the logarithm of coverage at one sample",
            &[-1.0, 0.0, 1.0],
            (1e-4, 1e3),
        ),
        Parameter::positive("b", "1", "exponent of samples", &[-2.0, -1.0, 0.0], (1e-3, 1e1)),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[]),
};

impl LawForm for CoveragePower {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let power = exp(-parameters[1] * inputs[0]);
        let value = exp(-parameters[0] * power);
        gradient[0] = -power * value;
        gradient[1] = parameters[0] * inputs[0] * power * value;
        value
    }

    fn example(&self) -> Example {
        let rows = (0..14).map(|step| vec![2.0_f64.powi(step)]).collect();
        Example {
            parameters: vec![1.6, 0.35],
            rows,
        }
    }
}
