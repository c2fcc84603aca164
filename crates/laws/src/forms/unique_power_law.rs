//! Data whose worth is a mean of its unique tokens and of all tokens.

use std::borrow::Cow;

use super::{
    LOSS, PARAMS, TOKENS, UNIQUE_TOKENS, irreducible, of_params, of_tokens, params_exponent, repeated_runs,
    tokens_exponent,
};
use crate::form::{Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::exp;

/// `L = E + A / N^alpha + B / (U^gamma D^(1 - gamma))^beta`.
#[derive(Debug, Clone, Copy)]
pub struct UniquePowerLaw;

impl UniquePowerLaw {
    /// The constants found for the runs of Muennighoff et al. 2023, in the order of the form.
    pub const PUBLISHED: [f64; 6] = [2.0896, 837.1, 1974.2, 0.3743, 0.3465, 0.1898];
}

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("unique-power-law"),
    equation: Cow::Borrowed(
        "loss = E + A / params^alpha + B / (unique_tokens^gamma tokens^(1 - gamma))^beta",
    ),
    source: Cow::Borrowed("a law found by search for the runs of Muennighoff et al. 2023 (arXiv 2604.22753)"),
    inputs: Cow::Borrowed(&[PARAMS, TOKENS, UNIQUE_TOKENS]),
    response: LOSS,
    parameters: Cow::Borrowed(&[
        irreducible(&[-0.5, 0.5]),
        of_params(&[3.0, 6.0, 9.0]),
        of_tokens(&[3.0, 6.0, 9.0]),
        params_exponent(&[0.2, 0.5]),
        tokens_exponent(&[0.2, 0.5]),
        Parameter::real(
            "gamma",
            "1",
            "weight of the unique tokens",
            &[0.1, 0.5],
            (-1.0, 2.0),
        ),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[0, 1, 2]),
};

impl LawForm for UniquePowerLaw {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let [irreducible, a, b, alpha, beta, gamma] = [0, 1, 2, 3, 4, 5].map(|at| parameters[at]);
        let (params, tokens, unique) = (inputs[0], inputs[1], inputs[2]);
        let worth = tokens + gamma * (unique - tokens);
        let (of_params, of_data) = (exp(-alpha * params), exp(-beta * worth));
        gradient[0] = 1.0;
        gradient[1] = of_params;
        gradient[2] = of_data;
        gradient[3] = -params * a * of_params;
        gradient[4] = -worth * b * of_data;
        gradient[5] = -beta * (unique - tokens) * b * of_data;
        irreducible + a * of_params + b * of_data
    }

    fn example(&self) -> Example {
        Example {
            parameters: Self::PUBLISHED.to_vec(),
            rows: repeated_runs(),
        }
    }
}
