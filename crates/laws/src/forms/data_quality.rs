//! Effective tokens: a token of the second source is worth q tokens of the first.

use std::borrow::Cow;

use super::{LOSS, PARAMS, grid, irreducible, of_params, of_tokens, params_exponent, tokens_exponent};
use crate::form::{Column, Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::{exp, ln};

/// `L = E + A / N^alpha + B / (D_1 + q D_2)^beta`.
#[derive(Debug, Clone, Copy)]
pub struct DataQuality;

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("data-quality"),
    equation: Cow::Borrowed("loss = E + A / params^alpha + B / (tokens_first + q tokens_second)^beta"),
    source: Cow::Borrowed(
        "Chinchilla's law (Hoffmann et al. 2022, equation 2) of effective tokens, as Muennighoff et al. 2023 do for repeats",
    ),
    inputs: Cow::Borrowed(&[
        PARAMS,
        Column::linear("tokens_first", "tokens", "training tokens of the first source").sized(),
        Column::linear("tokens_second", "tokens", "training tokens of the second source"),
    ]),
    response: LOSS,
    parameters: Cow::Borrowed(&[
        irreducible(&[-0.5, 0.5]),
        of_params(&[3.0, 6.0, 9.0]),
        of_tokens(&[3.0, 6.0, 9.0]),
        params_exponent(&[0.2, 0.5, 1.0]),
        tokens_exponent(&[0.2, 0.5, 1.0]),
        Parameter::positive(
            "q",
            "1",
            "worth of a token of the second source",
            &[-2.0, 0.0, 1.0],
            (1e-3, 1e3),
        ),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[0, 1, 2]),
};

impl LawForm for DataQuality {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let effective = inputs[1] + parameters[5] * inputs[2];
        let logarithm = ln(effective);
        let (params, tokens) = (exp(-parameters[3] * inputs[0]), exp(-parameters[4] * logarithm));
        let (of_params, of_tokens) = (parameters[1] * params, parameters[2] * tokens);
        gradient[0] = 1.0;
        gradient[1] = params;
        gradient[2] = tokens;
        gradient[3] = -inputs[0] * of_params;
        gradient[4] = -logarithm * of_tokens;
        gradient[5] = -parameters[4] * of_tokens * inputs[2] / effective;
        parameters[0] + of_params + of_tokens
    }

    fn example(&self) -> Example {
        Example {
            parameters: vec![1.8, 480.0, 2100.0, 0.35, 0.37, 0.4],
            rows: grid(&[&[5e7, 3e8, 1.5e9, 8e9], &[1e9, 5e9, 2.5e10], &[1e8, 5e9, 5e10]]),
        }
    }
}
