//! The power law above an irreducible loss: of compute, of the parameters alone, or of the tokens alone.

use std::borrow::Cow;

use super::{
    FLOPS, LOSS, PARAMS, TOKENS, irreducible, of_params, of_tokens, params_exponent, tokens_exponent,
};
use crate::form::{Column, Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::exp;

/// `L = E + A / X^alpha`, X the compute, the parameters or the tokens.
///
/// Of one of N and D alone it holds where the other is the same in all runs, or has ceased to matter.
#[derive(Debug, Clone, Copy)]
pub struct SaturatingPowerLaw(&'static Definition);

impl SaturatingPowerLaw {
    /// Of the compute.
    pub const OF_COMPUTE: Self = Self(&OF_COMPUTE);
    /// Of the parameters alone.
    pub const OF_PARAMS: Self = Self(&OF_PARAMS);
    /// Of the tokens alone.
    pub const OF_TOKENS: Self = Self(&OF_TOKENS);
}

const IRREDUCIBLE: Parameter = irreducible(&[-1.0, 0.0, 0.7]);
const COEFFICIENT_STARTS: &[f64] = &[1.0, 5.0, 10.0, 20.0];
const EXPONENT_STARTS: &[f64] = &[0.03, 0.1, 0.3, 0.6];
const LINEAR: &[usize] = &[0, 1];

const COMPUTE: (&[Column], &[Parameter]) = (
    &[FLOPS],
    &[
        IRREDUCIBLE,
        Parameter::positive(
            "A",
            "loss",
            "reducible loss at one FLOP",
            COEFFICIENT_STARTS,
            (1e-6, 1e20),
        ),
        Parameter::real("alpha", "1", "exponent", EXPONENT_STARTS, (0.0, 3.0)),
    ],
);
const PARAMS_ALONE: (&[Column], &[Parameter]) = (
    &[PARAMS],
    &[
        IRREDUCIBLE,
        of_params(COEFFICIENT_STARTS),
        params_exponent(EXPONENT_STARTS),
    ],
);
const TOKENS_ALONE: (&[Column], &[Parameter]) = (
    &[TOKENS],
    &[
        IRREDUCIBLE,
        of_tokens(COEFFICIENT_STARTS),
        tokens_exponent(EXPONENT_STARTS),
    ],
);

static OF_COMPUTE: Definition = defined("saturating-power-law", "loss = E + A / flops^alpha", COMPUTE);
static OF_PARAMS: Definition = defined("params-power-law", "loss = E + A / params^alpha", PARAMS_ALONE);
static OF_TOKENS: Definition = defined("tokens-power-law", "loss = E + B / tokens^beta", TOKENS_ALONE);

const fn defined(
    name: &'static str,
    equation: &'static str,
    (inputs, parameters): (&'static [Column], &'static [Parameter]),
) -> Definition {
    Definition {
        name: Cow::Borrowed(name),
        equation: Cow::Borrowed(equation),
        source: Cow::Borrowed(
            "Henighan et al. 2020, Scaling Laws for Autoregressive Generative Modeling, equation 1.1",
        ),
        inputs: Cow::Borrowed(inputs),
        response: LOSS,
        parameters: Cow::Borrowed(parameters),
        residual: Residual::Log,
        linear: Cow::Borrowed(LINEAR),
    }
}

impl LawForm for SaturatingPowerLaw {
    fn definition(&self) -> &Definition {
        self.0
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let power = exp(-parameters[2] * inputs[0]);
        gradient[0] = 1.0;
        gradient[1] = power;
        gradient[2] = -inputs[0] * parameters[1] * power;
        parameters[0] + parameters[1] * power
    }

    fn example(&self) -> Example {
        let first = if self.0.inputs[0] == FLOPS { 1e15 } else { 1e6 };
        let rows = (0..24).map(|step| vec![first * 2.0_f64.powi(step)]).collect();
        Example {
            parameters: vec![1.7, if first == 1e15 { 2000.0 } else { 100.0 }, 0.18],
            rows,
        }
    }
}
