//! The power law of compute above an irreducible loss.

use std::borrow::Cow;

use super::{FLOPS, LOSS, irreducible};
use crate::form::{Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::exp;

/// `L = E + A / C^alpha`.
#[derive(Debug, Clone, Copy)]
pub struct SaturatingPowerLaw;

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("saturating-power-law"),
    equation: Cow::Borrowed("loss = E + A / flops^alpha"),
    source: Cow::Borrowed(
        "Henighan et al. 2020, Scaling Laws for Autoregressive Generative Modeling, equation 1.1",
    ),
    inputs: Cow::Borrowed(&[FLOPS]),
    response: LOSS,
    parameters: Cow::Borrowed(&[
        irreducible(&[-1.0, 0.0, 0.7]),
        Parameter::positive(
            "A",
            "loss",
            "reducible loss at one FLOP",
            &[1.0, 5.0, 10.0, 20.0],
            (1e-6, 1e20),
        ),
        Parameter::real("alpha", "1", "exponent", &[0.03, 0.1, 0.3, 0.6], (0.0, 3.0)),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[0, 1]),
};

impl LawForm for SaturatingPowerLaw {
    fn definition(&self) -> &Definition {
        &DEFINITION
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
        let rows = (0..24).map(|step| vec![1e15 * 2.0_f64.powi(step)]).collect();
        Example {
            parameters: vec![1.7, 2000.0, 0.18],
            rows,
        }
    }
}
