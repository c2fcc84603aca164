//! Gadre et al. 2024: the average error over tasks, from the loss.

use std::borrow::Cow;

use crate::form::{Column, Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::exp;

/// `error = epsilon - k exp(-gamma L)`.
#[derive(Debug, Clone, Copy)]
pub struct ErrorFromLoss;

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("error-from-loss"),
    equation: Cow::Borrowed("error = epsilon - k exp(-gamma loss)"),
    source: Cow::Borrowed("Gadre et al. 2024, Language Models Scale Reliably with Over-Training, equation 5"),
    inputs: Cow::Borrowed(&[
        Column::linear("loss", "nats/token or bits/byte", "validation loss L").falling(),
    ]),
    response: Column::linear("error", "1", "average error over tasks, 0 to 1").share(),
    parameters: Cow::Borrowed(&[
        Parameter::positive("epsilon", "1", "error of a useless model", &[-0.2], (1e-2, 1e1)),
        Parameter::positive(
            "k",
            "1",
            "how much error a loss of zero takes away",
            &[0.0, 2.0],
            (1e-4, 1e4),
        ),
        Parameter::positive(
            "gamma",
            "1/loss",
            "how fast",
            &[-2.0, -1.0, 0.0, 1.0],
            (1e-3, 1e2),
        ),
    ]),
    residual: Residual::Linear,
    linear: Cow::Borrowed(&[0, 1]),
};

impl LawForm for ErrorFromLoss {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let decay = exp(-parameters[2] * inputs[0]);
        gradient[0] = 1.0;
        gradient[1] = -decay;
        gradient[2] = parameters[1] * inputs[0] * decay;
        parameters[0] - parameters[1] * decay
    }

    fn example(&self) -> Example {
        let rows = (0..20).map(|step| vec![2.0 + 0.15 * f64::from(step)]).collect();
        Example {
            parameters: vec![0.85, 2.1, 0.75],
            rows,
        }
    }
}
