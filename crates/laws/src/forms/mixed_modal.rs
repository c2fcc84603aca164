//! Aghajanyan et al. 2023: two modalities in one model, with synergy or competition.

use std::borrow::Cow;

use super::{LOSS, PARAMS, TOKENS, params_exponent, tokens_exponent};
use crate::form::{Column, Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::exp;

/// `L = (L_i + L_j) / 2 - C + A / N^alpha + B / D^beta`, with `L_i`, `L_j` the losses of the two unimodal
/// laws at the same N and their own tokens, and D the tokens of both.
#[derive(Debug, Clone, Copy)]
pub struct MixedModal;

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("mixed-modal"),
    equation: Cow::Borrowed("loss = (loss_first + loss_second) / 2 - C + A / params^alpha + B / tokens^beta"),
    source: Cow::Borrowed(
        "Aghajanyan et al. 2023, Scaling Laws for Generative Mixed-Modal Language Models, equation 7",
    ),
    inputs: Cow::Borrowed(&[
        PARAMS,
        TOKENS,
        Column::linear(
            "loss_first",
            "nats/token or bits/byte",
            "unimodal loss of the first modality",
        ),
        Column::linear(
            "loss_second",
            "nats/token or bits/byte",
            "unimodal loss of the second modality",
        ),
    ]),
    response: LOSS,
    parameters: Cow::Borrowed(&[
        Parameter::real(
            "C",
            "loss",
            "interaction: above zero is synergy",
            &[0.0, 0.2],
            (-10.0, 10.0),
        ),
        Parameter::positive(
            "A",
            "loss",
            "competition for parameters",
            &[2.0, 5.0, 8.0],
            (1e-4, 1e12),
        ),
        Parameter::positive(
            "B",
            "loss",
            "competition for tokens",
            &[2.0, 5.0, 8.0],
            (1e-4, 1e12),
        ),
        params_exponent(&[0.1, 0.3, 0.6]),
        tokens_exponent(&[0.1, 0.3, 0.6]),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[0, 1, 2]),
};

impl LawForm for MixedModal {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let (params, tokens) = (exp(-parameters[3] * inputs[0]), exp(-parameters[4] * inputs[1]));
        gradient[0] = -1.0;
        gradient[1] = params;
        gradient[2] = tokens;
        gradient[3] = -inputs[0] * parameters[1] * params;
        gradient[4] = -inputs[1] * parameters[2] * tokens;
        0.5 * (inputs[2] + inputs[3]) - parameters[0] + parameters[1] * params + parameters[2] * tokens
    }

    fn example(&self) -> Example {
        let mut rows = Vec::new();
        for params in [8e6, 1.25e8, 3.5e8, 7.6e8, 1.3e9, 6.7e9] {
            for tokens in [5e9_f64, 1.5e10, 5e10, 1e11] {
                let first = 1.8 + 400.0 / f64::powf(params, 0.35) + 900.0 / tokens.powf(0.33);
                let second = 2.9 + 90.0 / f64::powf(params, 0.28) + 400.0 / tokens.powf(0.3);
                rows.push(vec![params, tokens, first, second]);
            }
        }
        Example {
            parameters: vec![0.15, 120.0, 500.0, 0.38, 0.31],
            rows,
        }
    }
}
