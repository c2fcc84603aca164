//! Kaplan et al. 2020: one joint law of parameters and tokens, without an irreducible loss.

use std::borrow::Cow;

use super::{LOSS, PARAMS, TOKENS, grid};
use crate::form::{Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::{exp, ln, power};

/// `L = ((N_c / N)^(alpha_N / alpha_D) + D_c / D)^alpha_D`.
#[derive(Debug, Clone, Copy)]
pub struct Kaplan;

const CRITICAL_STARTS: &[f64] = &[15.0, 23.0, 31.0, 39.0];
const EXPONENT_STARTS: &[f64] = &[-3.5, -2.5, -1.5];

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("kaplan"),
    equation: Cow::Borrowed("loss = ((N_c / params)^(alpha_N / alpha_D) + D_c / tokens)^alpha_D"),
    source: Cow::Borrowed("Kaplan et al. 2020, Scaling Laws for Neural Language Models, equation 1.5"),
    inputs: Cow::Borrowed(&[PARAMS, TOKENS]),
    response: LOSS,
    parameters: Cow::Borrowed(&[
        Parameter::positive(
            "N_c",
            "parameters",
            "critical parameters",
            CRITICAL_STARTS,
            (1.0, 1e30),
        ),
        Parameter::positive("D_c", "tokens", "critical tokens", CRITICAL_STARTS, (1.0, 1e30)),
        Parameter::positive(
            "alpha_N",
            "1",
            "exponent in parameters",
            EXPONENT_STARTS,
            (1e-3, 3.0),
        ),
        Parameter::positive("alpha_D", "1", "exponent in tokens", EXPONENT_STARTS, (1e-3, 3.0)),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[]),
};

impl LawForm for Kaplan {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let [critical_params, critical_tokens, alpha_params, alpha_tokens] =
            [0, 1, 2, 3].map(|at| parameters[at]);
        let ratio = alpha_params / alpha_tokens;
        let distance = ln(critical_params) - inputs[0];
        let of_params = exp(ratio * distance);
        let of_tokens = critical_tokens * exp(-inputs[1]);
        let sum = of_params + of_tokens;
        let value = power(sum, alpha_tokens);
        let outer = alpha_tokens * value / sum;
        gradient[0] = outer * of_params * ratio / critical_params;
        gradient[1] = outer * of_tokens / critical_tokens;
        gradient[2] = outer * of_params * distance / alpha_tokens;
        gradient[3] = value * ln(sum) - outer * of_params * distance * ratio / alpha_tokens;
        value
    }

    fn example(&self) -> Example {
        Example {
            parameters: vec![8.8e13, 5.4e13, 0.076, 0.095],
            rows: grid(&[&[1e6, 1e7, 1e8, 1e9], &[1e8, 1e9, 1e10, 1e11]]),
        }
    }
}
