//! Lovelace et al. 2026: repeating a text can hurt, and hurts larger models more.

use std::borrow::Cow;

use super::{
    LOSS, PARAMS, TOKENS, UNIQUE_TOKENS, irreducible, of_params, of_tokens, params_exponent, repeated_runs,
    tokens_exponent,
};
use crate::form::{Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::{exp, ln};

/// `L = E + A / N^alpha + B / D^beta + P R^delta (N / U)^kappa` with `R = D / U - 1` repeats of U unique tokens.
///
/// Where [`DataConstrained`](super::DataConstrained) lets the worth of repeats fall to nothing, here the loss rises
/// again.
#[derive(Debug, Clone, Copy)]
pub struct OverfittingPenalty;

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("overfitting-penalty"),
    equation: Cow::Borrowed(
        "loss = E + A / params^alpha + B / tokens^beta \
         + P (tokens / unique_tokens - 1)^delta (params / unique_tokens)^kappa",
    ),
    source: Cow::Borrowed("Lovelace et al. 2026, Prescriptive Scaling Laws for Data Constrained Training"),
    inputs: Cow::Borrowed(&[PARAMS, TOKENS, UNIQUE_TOKENS]),
    response: LOSS,
    parameters: Cow::Borrowed(&[
        irreducible(&[-0.5, 0.5]),
        of_params(&[4.0, 8.0]),
        of_tokens(&[4.0, 8.0]),
        params_exponent(&[0.25, 0.5]),
        tokens_exponent(&[0.25, 0.5]),
        Parameter::positive(
            "P",
            "loss",
            "penalty of one repeat where parameters are as many as unique tokens",
            &[-6.0, -2.0],
            (1e-9, 1e3),
        ),
        Parameter::positive("delta", "1", "exponent of the repeats", &[-0.5, 0.3], (5e-2, 5.0)),
        Parameter::real(
            "kappa",
            "1",
            "exponent of parameters to unique tokens",
            &[0.3, 1.0],
            (0.0, 5.0),
        ),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[0, 1, 2, 5]),
};

impl LawForm for OverfittingPenalty {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let [irreducible, a, b, alpha, beta, penalty, delta, kappa] =
            [0, 1, 2, 3, 4, 5, 6, 7].map(|at| parameters[at]);
        let (params, tokens, unique) = (inputs[0], inputs[1], inputs[2]);
        let of_params = exp(-alpha * params);
        let of_tokens = exp(-beta * tokens);
        // Without repeats there is no penalty; the logarithm of none at all would be infinite.
        let repeats = ln((exp(tokens - unique) - 1.0).max(1e-300));
        let capacity = params - unique;
        let harm = exp(delta * repeats + kappa * capacity);
        gradient[0] = 1.0;
        gradient[1] = of_params;
        gradient[2] = of_tokens;
        gradient[3] = -params * a * of_params;
        gradient[4] = -tokens * b * of_tokens;
        gradient[5] = harm;
        gradient[6] = penalty * harm * repeats;
        gradient[7] = penalty * harm * capacity;
        irreducible + a * of_params + b * of_tokens + penalty * harm
    }

    fn example(&self) -> Example {
        Example {
            parameters: vec![1.8, 480.0, 2100.0, 0.35, 0.37, 0.01, 0.8, 0.6],
            rows: repeated_runs(),
        }
    }
}
