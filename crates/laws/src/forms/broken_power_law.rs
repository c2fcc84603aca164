//! Caballero et al. 2023: a power law whose slope changes once, smoothly.

use std::borrow::Cow;

use super::{FLOPS, LOSS, irreducible};
use crate::form::{Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::{exp, ln, ln_1p};

/// `L = E + A C^-c_0 (1 + (C / d)^(1/f))^(-c_1 f)`: slope `c_0` before the break at d, `c_0 + c_1` after it.
#[derive(Debug, Clone, Copy)]
pub struct BrokenPowerLaw;

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("broken-power-law"),
    equation: Cow::Borrowed("loss = E + A flops^-c_0 (1 + (flops / d)^(1/f))^(-c_1 f)"),
    source: Cow::Borrowed("Caballero et al. 2023, Broken Neural Scaling Laws, equation 1 with one break"),
    inputs: Cow::Borrowed(&[FLOPS]),
    response: LOSS,
    parameters: Cow::Borrowed(&[
        irreducible(&[-1.0, 0.5]),
        Parameter::positive(
            "A",
            "loss",
            "reducible loss at one FLOP",
            &[2.0, 6.0],
            (1e-6, 1e20),
        ),
        Parameter::real("c_0", "1", "slope before the break", &[0.05, 0.2], (-1.0, 3.0)),
        Parameter::real("c_1", "1", "change of the slope", &[-0.1, 0.1, 0.3], (-3.0, 3.0)),
        Parameter::positive(
            "d",
            "FLOPs",
            "where the slope changes",
            &[30.0, 36.0, 42.0, 48.0, 54.0],
            (1e8, 1e30),
        ),
        Parameter::positive(
            "f",
            "1",
            "width of the change, in logarithms",
            &[-1.0, 0.5],
            (1e-3, 1e2),
        ),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[0, 1]),
};

impl LawForm for BrokenPowerLaw {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let [irreducible, a, first, change, place, width] = [0, 1, 2, 3, 4, 5].map(|at| parameters[at]);
        let at = (inputs[0] - ln(place)) / width;
        // ln(1 + e^at) and its derivative, without overflow.
        let soft = at.max(0.0) + ln_1p(exp(-at.abs()));
        let share = (1.0 + exp(-at)).recip();
        let power = exp(-first * inputs[0] - change * width * soft);
        let term = a * power;
        gradient[0] = 1.0;
        gradient[1] = power;
        gradient[2] = -inputs[0] * term;
        gradient[3] = -width * soft * term;
        gradient[4] = change * share * term / place;
        gradient[5] = -change * term * (soft - share * at);
        irreducible + term
    }

    fn example(&self) -> Example {
        let rows = (0..60).map(|step| vec![1e14 * 1.4_f64.powi(step)]).collect();
        Example {
            parameters: vec![1.5, 60.0, 0.09, 0.25, 2e18, 0.5],
            rows,
        }
    }
}
