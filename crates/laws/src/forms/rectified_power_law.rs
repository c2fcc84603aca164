//! Qin et al. 2025 (SynthLLM): what a model knows before it sees the data counts as data.

use std::borrow::Cow;

use super::{LOSS, TOKENS, irreducible, of_tokens};
use crate::form::{Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::exp;

/// `L(D) = E + B / (D_l + D^beta)`.
///
/// A power law of the data that is flat below the length `D_l^(1/beta)`, as that of a model which was trained on
/// other text before.
#[derive(Debug, Clone, Copy)]
pub struct RectifiedPowerLaw;

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("rectified-power-law"),
    equation: Cow::Borrowed("loss = E + B / (D_l + tokens^beta)"),
    source: Cow::Borrowed("Qin et al. 2025, Scaling Laws of Synthetic Data for Language Models, equation 2"),
    inputs: Cow::Borrowed(&[TOKENS]),
    response: LOSS,
    parameters: Cow::Borrowed(&[
        irreducible(&[-1.0, 0.0, 0.7]),
        of_tokens(&[3.0, 6.0, 9.0]),
        Parameter::positive(
            "D_l",
            "tokens^beta",
            "what was learnt before, in the measure of the data",
            &[2.0, 5.0, 8.0],
            (1e-3, 1e12),
        ),
        Parameter::positive(
            "beta",
            "1",
            "exponent of the data",
            &[-1.5, -0.7, 0.0],
            (1e-2, 3.0),
        ),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[0, 1]),
};

impl LawForm for RectifiedPowerLaw {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let [irreducible, b, learnt, beta] = [0, 1, 2, 3].map(|at| parameters[at]);
        let tokens = exp(beta * inputs[0]);
        let inverse = 1.0 / (learnt + tokens);
        let term = b * inverse;
        gradient[0] = 1.0;
        gradient[1] = inverse;
        gradient[2] = -term * inverse;
        gradient[3] = -term * inverse * tokens * inputs[0];
        irreducible + term
    }

    fn example(&self) -> Example {
        let rows = (0..24).map(|step| vec![1e6 * 2.0_f64.powi(step)]).collect();
        Example {
            parameters: vec![0.6, 900.0, 2000.0, 0.45],
            rows,
        }
    }
}
