//! Ye et al. 2024: loss on one domain as a function of the share of a source in the mixture.

use std::borrow::Cow;

use super::LOSS;
use crate::form::{Column, Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::exp;

/// `L = c + k exp(t share)`; with two sources one share says all.
#[derive(Debug, Clone, Copy)]
pub struct DataMixture;

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("data-mixture"),
    equation: Cow::Borrowed("loss = c + k exp(t share)"),
    source: Cow::Borrowed("Ye et al. 2024, Data Mixing Laws, equation 1"),
    inputs: Cow::Borrowed(&[Column::linear(
        "share",
        "1",
        "share of the first source in the training tokens, 0 to 1",
    )]),
    response: LOSS,
    parameters: Cow::Borrowed(&[
        Parameter::positive(
            "c",
            "loss",
            "loss that no mixture removes",
            &[0.0, 0.7],
            (1e-4, 1e2),
        ),
        Parameter::positive(
            "k",
            "loss",
            "removable loss without the first source",
            &[-2.0, 0.0],
            (1e-6, 1e3),
        ),
        Parameter::real(
            "t",
            "1",
            "how the first source acts; negative when it helps",
            &[-8.0, -2.0, 1.0],
            (-60.0, 60.0),
        ),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[0, 1]),
};

impl LawForm for DataMixture {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let factor = exp(parameters[2] * inputs[0]);
        gradient[0] = 1.0;
        gradient[1] = factor;
        gradient[2] = parameters[1] * inputs[0] * factor;
        parameters[0] + parameters[1] * factor
    }

    fn example(&self) -> Example {
        let rows = (0..21).map(|step| vec![0.05 * f64::from(step)]).collect();
        Example {
            parameters: vec![2.0, 1.2, -4.0],
            rows,
        }
    }
}
