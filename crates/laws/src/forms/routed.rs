//! Clark et al. 2022: routed language models, bilinear in the logarithms of size and experts.

use std::borrow::Cow;

use super::{LOSS, PARAMS, grid};
use crate::form::{Column, Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::{exp, ln};

/// `log10 L = a log10 N + b log10 E' + c log10 N log10 E' + d`, where the count of experts saturates:
/// `1 / E' = 1 / (E - 1 + 1 / (1/E_start - 1/E_max)) + 1 / E_max`.
#[derive(Debug, Clone, Copy)]
pub struct Routed;

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("routed"),
    equation: Cow::Borrowed(
        "log10 loss = a log10 params + b log10 E' + c log10 params log10 E' + d, \
         1/E' = 1/(experts - 1 + 1/(1/E_start - 1/E_max)) + 1/E_max",
    ),
    source: Cow::Borrowed(
        "Clark et al. 2022, Unified Scaling Laws for Routed Language Models, equations 1 and 2",
    ),
    inputs: Cow::Borrowed(&[
        PARAMS,
        Column::linear("experts", "experts", "experts a layer; 1 for a dense model").sized(),
    ]),
    response: LOSS,
    parameters: Cow::Borrowed(&[
        Parameter::real("a", "1", "slope in parameters", &[-0.15, -0.05], (-2.0, 2.0)),
        Parameter::real("b", "1", "slope in experts", &[-0.2, -0.05], (-2.0, 2.0)),
        Parameter::real("c", "1", "their interaction", &[0.0, 0.02], (-1.0, 1.0)),
        Parameter::real(
            "d",
            "1",
            "logarithm of the loss at one parameter",
            &[0.5, 1.5],
            (-10.0, 10.0),
        ),
        Parameter::positive(
            "E_start",
            "experts",
            "effective experts of a dense model",
            &[0.1, 0.7, 1.5],
            (1.0, 1e3),
        ),
        Parameter::positive(
            "E_max",
            "experts",
            "effective experts at most",
            &[4.0, 6.0, 8.0],
            (1.0, 1e6),
        ),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[]),
};

impl LawForm for Routed {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let [a, b, c, d, start, most] = [0, 1, 2, 3, 4, 5].map(|at| parameters[at]);
        let size = inputs[0] / std::f64::consts::LN_10;
        let offset = (start.recip() - most.recip()).recip();
        let shifted = inputs[1] - 1.0 + offset;
        let effective = (shifted.recip() + most.recip()).recip();
        let experts = ln(effective) / std::f64::consts::LN_10;
        let value = exp(std::f64::consts::LN_10 * (a * size + b * experts + c * size * experts + d));
        let outer = value * std::f64::consts::LN_10;
        gradient[0] = outer * size;
        gradient[1] = outer * experts;
        gradient[2] = outer * size * experts;
        gradient[3] = outer;
        // d ln E' = -E' d(1/E'), with offset^2 / shifted^2 the share that E_start has in it.
        let share = (offset / shifted).powi(2);
        let by_effective = value * (b + c * size) * effective;
        gradient[4] = by_effective * share / (start * start);
        gradient[5] = by_effective * (1.0 - share) / (most * most);
        value
    }

    fn example(&self) -> Example {
        Example {
            parameters: vec![-0.083, -0.126, 0.012, 1.111, 1.85, 314.0],
            rows: grid(&[
                &[1.5e7, 5e7, 1.3e8, 4e8, 1.3e9],
                &[1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 128.0, 512.0],
            ]),
        }
    }
}
