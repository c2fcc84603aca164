//! The best batch size as a power law of tokens.

use std::borrow::Cow;

use super::TOKENS;
use crate::form::{Column, Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::exp;

/// `batch_tokens = c D^b`.
#[derive(Debug, Clone, Copy)]
pub struct BatchSize;

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("batch-size"),
    equation: Cow::Borrowed("batch_tokens = c tokens^b"),
    source: Cow::Borrowed("Li et al. 2025, Predictable Scale: Part I (Step Law), equation 1"),
    inputs: Cow::Borrowed(&[TOKENS]),
    response: Column::log("batch_tokens", "tokens", "best batch size in tokens"),
    parameters: Cow::Borrowed(&[
        Parameter::positive("c", "tokens", "batch at one token", &[0.0, 5.0], (1e-9, 1e12)),
        Parameter::real("b", "1", "exponent of tokens", &[0.3, 0.6], (-3.0, 3.0)),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[0]),
};

impl LawForm for BatchSize {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        gradient[0] = exp(parameters[1] * inputs[0]);
        let value = parameters[0] * gradient[0];
        gradient[1] = inputs[0] * value;
        value
    }

    fn example(&self) -> Example {
        let rows = (0..16).map(|step| vec![1e9 * 1.6_f64.powi(step)]).collect();
        Example {
            parameters: vec![0.58, 0.571],
            rows,
        }
    }
}
