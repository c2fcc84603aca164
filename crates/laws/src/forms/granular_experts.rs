//! Krajewski et al. 2024: mixtures of experts with granularity.

use std::borrow::Cow;

use super::{LOSS, PARAMS, TOKENS, grid};
use crate::form::{Column, Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::exp;

/// `L = c + (g / G^gamma + a) / N^alpha + b / D^beta`.
#[derive(Debug, Clone, Copy)]
pub struct GranularExperts;

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("granular-experts"),
    equation: Cow::Borrowed("loss = c + (g / granularity^gamma + a) / params^alpha + b / tokens^beta"),
    source: Cow::Borrowed(
        "Krajewski et al. 2024, Scaling Laws for Fine-Grained Mixture of Experts, equation 9",
    ),
    inputs: Cow::Borrowed(&[
        PARAMS,
        TOKENS,
        Column::log(
            "granularity",
            "1",
            "how many times smaller than the dense layer an expert is",
        ),
    ]),
    response: LOSS,
    parameters: Cow::Borrowed(&[
        Parameter::positive("c", "loss", super::IRREDUCIBLE, &[-0.7, 0.5], (1e-4, 1e2)),
        Parameter::positive("g", "loss", "what coarse experts cost", &[0.0, 3.0], (1e-4, 1e12)),
        Parameter::positive(
            "a",
            "loss",
            "coefficient of the parameter term",
            &[2.0, 5.0],
            (1e-4, 1e12),
        ),
        Parameter::positive(
            "b",
            "loss",
            "coefficient of the data term",
            &[3.0, 6.0],
            (1e-4, 1e12),
        ),
        Parameter::positive(
            "gamma",
            "1",
            "exponent of the granularity",
            &[-1.5, -0.5, 0.5],
            (1e-2, 1e1),
        ),
        Parameter::positive(
            "alpha",
            "1",
            "exponent of the parameter term",
            &[-2.0, -1.0, -0.5],
            (1e-2, 3.0),
        ),
        Parameter::positive(
            "beta",
            "1",
            "exponent of the data term",
            &[-2.0, -1.0, -0.5],
            (1e-2, 3.0),
        ),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[0, 1, 2, 3]),
};

impl LawForm for GranularExperts {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let [c, g, a, b, gamma, alpha, beta] = [0, 1, 2, 3, 4, 5, 6].map(|at| parameters[at]);
        let granularity = exp(-gamma * inputs[2]);
        let params = exp(-alpha * inputs[0]);
        let tokens = exp(-beta * inputs[1]);
        let of_params = (g * granularity + a) * params;
        gradient[0] = 1.0;
        gradient[1] = granularity * params;
        gradient[2] = params;
        gradient[3] = tokens;
        gradient[4] = -inputs[2] * g * granularity * params;
        gradient[5] = -inputs[0] * of_params;
        gradient[6] = -inputs[1] * b * tokens;
        c + of_params + b * tokens
    }

    fn example(&self) -> Example {
        Example {
            parameters: vec![0.47, 2.1, 18.1, 30.8, 0.58, 0.115, 0.147],
            rows: grid(&[
                &[1e8, 4e8, 1.6e9, 6.4e9],
                &[4e9, 1.6e10, 6.4e10, 2.5e11],
                &[1.0, 2.0, 4.0, 16.0],
            ]),
        }
    }
}
