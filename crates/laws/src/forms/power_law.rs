//! The plain power law of compute: a straight line in logarithms.

use std::borrow::Cow;

use super::{FLOPS, LOSS};
use crate::form::{Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::exp;

/// `L = A / C^alpha`.
#[derive(Debug, Clone, Copy)]
pub struct PowerLawForm;

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("power-law"),
    equation: Cow::Borrowed("loss = A / flops^alpha"),
    source: Cow::Borrowed("Kaplan et al. 2020, Scaling Laws for Neural Language Models, equation 1.3"),
    inputs: Cow::Borrowed(&[FLOPS]),
    response: LOSS,
    parameters: Cow::Borrowed(&[
        Parameter::positive("A", "loss", "loss at one FLOP", &[1.0, 4.0, 10.0], (1e-6, 1e20)),
        Parameter::real("alpha", "1", "exponent", &[0.03, 0.1, 0.3], (0.0, 3.0)),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[0]),
};

impl LawForm for PowerLawForm {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        gradient[0] = exp(-parameters[1] * inputs[0]);
        let value = parameters[0] * gradient[0];
        gradient[1] = -inputs[0] * value;
        value
    }

    fn example(&self) -> Example {
        let rows = (0..20).map(|step| vec![1e17 * 2.0_f64.powi(step)]).collect();
        Example {
            parameters: vec![25.0, 0.05],
            rows,
        }
    }
}
