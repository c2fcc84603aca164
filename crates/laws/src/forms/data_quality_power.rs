//! Subramanyam et al. 2025: the quality of the data as a third size beside its length.

use std::borrow::Cow;

use super::{
    LOSS, PARAMS, TOKENS, grid, irreducible, of_params, of_tokens, params_exponent, tokens_exponent,
};
use crate::form::{Column, Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::exp;

/// `L(N, D, Q) = E + A / N^alpha + B / (D^beta Q^gamma)`.
#[derive(Debug, Clone, Copy)]
pub struct DataQualityPower;

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("data-quality-power"),
    equation: Cow::Borrowed("loss = E + A / params^alpha + B / (tokens^beta quality^gamma)"),
    source: Cow::Borrowed(
        "Subramanyam et al. 2025, Scaling Laws Revisited: Modeling the Role of Data Quality",
    ),
    inputs: Cow::Borrowed(&[
        PARAMS,
        TOKENS,
        Column::log("quality", "1", "quality Q of the training tokens, 1 for the best").share(),
    ]),
    response: LOSS,
    parameters: Cow::Borrowed(&[
        irreducible(&[-0.5, 0.5]),
        of_params(&[3.0, 6.0, 9.0]),
        of_tokens(&[3.0, 6.0, 9.0]),
        params_exponent(&[0.2, 0.5, 1.0]),
        tokens_exponent(&[0.2, 0.5, 1.0]),
        Parameter::real("gamma", "1", "exponent of the quality", &[0.2, 1.0], (0.0, 10.0)),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[0, 1, 2]),
};

impl LawForm for DataQualityPower {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let [irreducible, a, b, alpha, beta, gamma] = [0, 1, 2, 3, 4, 5].map(|at| parameters[at]);
        let params = exp(-alpha * inputs[0]);
        let data = exp(-beta * inputs[1] - gamma * inputs[2]);
        gradient[0] = 1.0;
        gradient[1] = params;
        gradient[2] = data;
        gradient[3] = -inputs[0] * a * params;
        gradient[4] = -inputs[1] * b * data;
        gradient[5] = -inputs[2] * b * data;
        irreducible + a * params + b * data
    }

    fn example(&self) -> Example {
        Example {
            parameters: vec![1.8, 480.0, 2100.0, 0.35, 0.37, 0.4],
            rows: grid(&[&[5e7, 3e8, 1.5e9, 8e9], &[1e9, 5e9, 2.5e10], &[0.3, 0.6, 1.0]]),
        }
    }
}
