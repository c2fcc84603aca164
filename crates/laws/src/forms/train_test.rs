//! Roberts et al. 2026 (T2): what more samples a problem are worth beside parameters and data.

use std::borrow::Cow;

use super::{
    PARAMS, SAMPLES, TOKENS, grid, irreducible, of_params, of_tokens, params_exponent, tokens_exponent,
};
use crate::form::{Column, Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::exp;

/// `-ln pass@k = E + A / N^alpha + B / D^beta + G / k^gamma`, the mean over the problems.
#[derive(Debug, Clone, Copy)]
pub struct TrainTest;

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("train-test"),
    equation: Cow::Borrowed("negative_log_pass = E + A / params^alpha + B / tokens^beta + G / samples^gamma"),
    source: Cow::Borrowed(
        "Roberts et al. 2026, Test-Time Scaling Makes Overtraining Compute-Optimal, approach 1",
    ),
    inputs: Cow::Borrowed(&[PARAMS, TOKENS, SAMPLES]),
    response: Column::log(
        "negative_log_pass",
        "1",
        "mean over problems of -ln of the chance that one of k samples solves them",
    ),
    parameters: Cow::Borrowed(&[
        irreducible(&[-1.0, 0.5]),
        of_params(&[3.0, 7.0]),
        of_tokens(&[3.0, 7.0]),
        params_exponent(&[0.2, 0.5]),
        tokens_exponent(&[0.2, 0.5]),
        Parameter::positive("G", "1", "what one sample lacks", &[0.0, 1.5], (1e-4, 1e4)),
        Parameter::real("gamma", "1", "exponent of the samples", &[0.3, 1.0], (0.0, 5.0)),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[0, 1, 2, 5]),
};

impl LawForm for TrainTest {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let [irreducible, a, b, alpha, beta, g, gamma] = [0, 1, 2, 3, 4, 5, 6].map(|at| parameters[at]);
        let params = exp(-alpha * inputs[0]);
        let tokens = exp(-beta * inputs[1]);
        let samples = exp(-gamma * inputs[2]);
        gradient[0] = 1.0;
        gradient[1] = params;
        gradient[2] = tokens;
        gradient[3] = -inputs[0] * a * params;
        gradient[4] = -inputs[1] * b * tokens;
        gradient[5] = samples;
        gradient[6] = -inputs[2] * g * samples;
        irreducible + a * params + b * tokens + g * samples
    }

    fn example(&self) -> Example {
        Example {
            parameters: vec![0.3, 120.0, 900.0, 0.32, 0.34, 2.5, 0.4],
            rows: grid(&[
                &[5e6, 3e7, 2e8, 9e8],
                &[1e8, 1e9, 1e10, 1e11],
                &[1.0, 4.0, 32.0, 256.0],
            ]),
        }
    }
}
