//! Chen et al. 2025 (ParScale): parallel streams of one model are worth more parameters.

use std::borrow::Cow;

use super::{LOSS, PARAMS, grid, irreducible};
use crate::form::{Column, Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::{exp, ln};

/// `L = E + (A / (N (k ln P + 1)))^alpha`.
#[derive(Debug, Clone, Copy)]
pub struct Parallel;

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("parallel"),
    equation: Cow::Borrowed("loss = E + (A / (params (k ln streams + 1)))^alpha"),
    source: Cow::Borrowed("Chen et al. 2025, Parallel Scaling Law for Language Models, equation 5"),
    inputs: Cow::Borrowed(&[
        PARAMS,
        Column::log("streams", "streams", "parallel streams P").sized(),
    ]),
    response: LOSS,
    parameters: Cow::Borrowed(&[
        irreducible(&[-1.0, -0.4, 0.0, 0.5]),
        Parameter::positive(
            "A",
            "parameters",
            "parameters at which the reducible loss is 1",
            &[10.0, 15.0, 20.0, 25.0],
            (1.0, 1e20),
        ),
        Parameter::real(
            "k",
            "1",
            "parameters gained with the logarithm of streams",
            &[0.1, 0.3, 1.0],
            (0.0, 10.0),
        ),
        Parameter::positive("alpha", "1", "exponent", &[-2.5, -1.6, -1.0], (1e-2, 3.0)),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[0]),
};

impl LawForm for Parallel {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let [irreducible, a, k, alpha] = [0, 1, 2, 3].map(|at| parameters[at]);
        let gain = k * inputs[1] + 1.0;
        let distance = ln(a) - inputs[0] - ln(gain);
        let term = exp(alpha * distance);
        gradient[0] = 1.0;
        gradient[1] = alpha * term / a;
        gradient[2] = -alpha * term * inputs[1] / gain;
        gradient[3] = distance * term;
        irreducible + term
    }

    fn example(&self) -> Example {
        Example {
            parameters: vec![1.29, 1.97e8, 0.334, 0.196],
            rows: grid(&[&[5e8, 7e8, 1.1e9, 1.6e9, 2.8e9, 4.4e9], &[1.0, 2.0, 4.0, 8.0]]),
        }
    }
}
