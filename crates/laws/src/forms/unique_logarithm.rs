//! Chinchilla's law, and unique tokens by their logarithm.

use std::borrow::Cow;

use super::{
    LOSS, PARAMS, TOKENS, UNIQUE_TOKENS, of_params, of_tokens, params_exponent, repeated_runs,
    tokens_exponent,
};
use crate::form::{Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::exp;

/// `L = E + A / N^alpha + B / D^beta - G ln U`.
///
/// It has no floor: with more unique tokens it falls below any loss, and is for runs between those fitted.
#[derive(Debug, Clone, Copy)]
pub struct UniqueLogarithm;

impl UniqueLogarithm {
    /// The constants found for the runs of Muennighoff et al. 2023, in the order of the form.
    pub const PUBLISHED: [f64; 6] = [5.3142, 4163.7, 109180.0, 0.4910, 0.5638, 0.11944];
}

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("unique-logarithm"),
    equation: Cow::Borrowed("loss = E + A / params^alpha + B / tokens^beta - G ln unique_tokens"),
    source: Cow::Borrowed("a law found by search for the runs of Muennighoff et al. 2023 (arXiv 2604.22753)"),
    inputs: Cow::Borrowed(&[PARAMS, TOKENS, UNIQUE_TOKENS]),
    response: LOSS,
    parameters: Cow::Borrowed(&[
        Parameter::positive(
            "E",
            "loss",
            "loss of one unique token and no end of the rest",
            &[0.5, 1.5],
            (1e-4, 1e2),
        ),
        of_params(&[3.0, 6.0, 9.0]),
        of_tokens(&[3.0, 7.0, 11.0]),
        params_exponent(&[0.2, 0.5]),
        tokens_exponent(&[0.2, 0.5]),
        Parameter::real(
            "G",
            "loss",
            "what e times the unique tokens take off",
            &[0.1],
            (-10.0, 10.0),
        ),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[0, 1, 2, 5]),
};

impl LawForm for UniqueLogarithm {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let [first, a, b, alpha, beta, g] = [0, 1, 2, 3, 4, 5].map(|at| parameters[at]);
        let (params, tokens, unique) = (inputs[0], inputs[1], inputs[2]);
        let (of_params, of_tokens) = (exp(-alpha * params), exp(-beta * tokens));
        gradient[0] = 1.0;
        gradient[1] = of_params;
        gradient[2] = of_tokens;
        gradient[3] = -params * a * of_params;
        gradient[4] = -tokens * b * of_tokens;
        gradient[5] = -unique;
        first + a * of_params + b * of_tokens - g * unique
    }

    fn example(&self) -> Example {
        Example {
            parameters: Self::PUBLISHED.to_vec(),
            rows: repeated_runs(),
        }
    }
}
