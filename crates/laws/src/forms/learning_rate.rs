//! The best learning rate as a power law of parameters and tokens.

use std::borrow::Cow;

use super::{PARAMS, TOKENS, grid};
use crate::form::{Column, Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::exp;

/// `learning_rate = c N^a D^b`.
#[derive(Debug, Clone, Copy)]
pub struct LearningRate;

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("learning-rate"),
    equation: Cow::Borrowed("learning_rate = c params^a tokens^b"),
    source: Cow::Borrowed("Li et al. 2025, Predictable Scale: Part I (Step Law), equation 1"),
    inputs: Cow::Borrowed(&[PARAMS, TOKENS]),
    response: Column::log("learning_rate", "1", "best peak learning rate"),
    parameters: Cow::Borrowed(&[
        Parameter::positive(
            "c",
            "1",
            "learning rate at one parameter and token",
            &[0.0],
            (1e-12, 1e12),
        ),
        Parameter::real("a", "1", "exponent of parameters", &[-0.6, 0.0], (-3.0, 3.0)),
        Parameter::real("b", "1", "exponent of tokens", &[0.0, 0.3], (-3.0, 3.0)),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[0]),
};

impl LawForm for LearningRate {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        gradient[0] = exp(parameters[1] * inputs[0] + parameters[2] * inputs[1]);
        let value = parameters[0] * gradient[0];
        gradient[1] = inputs[0] * value;
        gradient[2] = inputs[1] * value;
        value
    }

    fn example(&self) -> Example {
        Example {
            parameters: vec![1.79, -0.713, 0.307],
            rows: grid(&[&[6e7, 2e8, 5e8, 1e9], &[2e9, 8e9, 2e10, 1e11]]),
        }
    }
}
