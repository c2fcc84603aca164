//! Gadre et al. 2024: loss of models trained on far more tokens than is compute-optimal.

use std::borrow::Cow;

use super::{LOSS, PARAMS, TOKENS, grid, irreducible};
use crate::form::{Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::exp;

/// `L = E + (a M^eta + b M^-eta) C^-eta` with `M = D / N` and `C = 6 N D`: one exponent for both terms.
#[derive(Debug, Clone, Copy)]
pub struct OverTraining;

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("over-training"),
    equation: Cow::Borrowed(
        "loss = E + (a M^eta + b M^-eta) / C^eta, M = tokens / params, C = 6 params tokens",
    ),
    source: Cow::Borrowed("Gadre et al. 2024, Language Models Scale Reliably with Over-Training, equation 4"),
    inputs: Cow::Borrowed(&[PARAMS, TOKENS]),
    response: LOSS,
    parameters: Cow::Borrowed(&[
        irreducible(&[-1.0, 0.0, 0.6]),
        Parameter::positive(
            "a",
            "loss",
            "coefficient of the parameter term",
            &[3.0, 6.0, 9.0],
            (1e-3, 1e12),
        ),
        Parameter::positive(
            "b",
            "loss",
            "coefficient of the data term",
            &[3.0, 6.0, 9.0],
            (1e-3, 1e12),
        ),
        Parameter::real("eta", "1", "exponent in compute", &[0.05, 0.15, 0.3], (0.0, 1.5)),
    ]),
    residual: Residual::Linear,
    linear: Cow::Borrowed(&[0, 1, 2]),
};

impl LawForm for OverTraining {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let eta = parameters[3];
        let compute = 6.0_f64.ln() + inputs[0] + inputs[1];
        let multiplier = inputs[1] - inputs[0];
        let (params, tokens) = (multiplier - compute, -multiplier - compute);
        gradient[0] = 1.0;
        gradient[1] = exp(eta * params);
        gradient[2] = exp(eta * tokens);
        let (of_params, of_tokens) = (parameters[1] * gradient[1], parameters[2] * gradient[2]);
        gradient[3] = params * of_params + tokens * of_tokens;
        parameters[0] + of_params + of_tokens
    }

    fn example(&self) -> Example {
        Example {
            parameters: vec![1.84, 212.0, 367.0, 0.136],
            rows: grid(&[&[1e7, 8e7, 1.5e8, 4e8, 1.4e9], &[1e9, 4e9, 1.6e10, 6.4e10]]),
        }
    }
}
