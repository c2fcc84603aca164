//! Goyal et al. 2024: each further epoch of a text has less use, halved after so many epochs.

use std::borrow::Cow;
use std::f64::consts::LN_2;

use super::{LOSS, TOKENS, UNIQUE_TOKENS, grid, irreducible};
use crate::form::{Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::{exp, ln};

/// `L = E + A n_1^(-b_1) (n_2 / n_1)^(-b_2) (n_3 / n_2)^(-b_3) ...` with `n_j` the tokens seen by the end of epoch j
/// and `b_j = b 2^(-(j - 1) / tau)` (Goyal et al. 2024, section 3).
///
/// The floor stands outside the product, as in the paper.
#[derive(Debug, Clone, Copy)]
pub struct HalfLife;

/// Epochs that are computed: the use of later ones is below any measure at every half-life of the range.
const EPOCHS: usize = 4000;

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("half-life"),
    equation: Cow::Borrowed(
        "loss = E + A prod_j (n_j / n_(j-1))^(-b 2^(-(j - 1) / tau)), \
         n_j = min(j unique_tokens, tokens), n_0 = 1",
    ),
    source: Cow::Borrowed(
        "Goyal et al. 2024, Scaling Laws for Data Filtering: Data Curation cannot be Compute Agnostic, section 3",
    ),
    inputs: Cow::Borrowed(&[TOKENS, UNIQUE_TOKENS]),
    response: LOSS,
    parameters: Cow::Borrowed(&[
        irreducible(&[-1.0, 0.5]),
        Parameter::positive(
            "A",
            "loss",
            "coefficient of the data term",
            &[2.0, 5.0, 8.0],
            (1e-3, 1e20),
        ),
        Parameter::positive(
            "b",
            "1",
            "use of the first epoch: exponent of the data",
            &[-2.5, -1.5, -0.7],
            (1e-3, 3.0),
        ),
        Parameter::positive(
            "tau",
            "epochs",
            "half-life: epochs after which the use is halved",
            &[0.0, 1.5, 3.0],
            (5e-2, 1e2),
        ),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[0, 1]),
};

impl HalfLife {
    /// The logarithm of the tokens of a first epoch that are of as much use as `tokens` of which `unique` differ,
    /// both logarithms, at the half-life `tau`; and its derivative by `tau`.
    ///
    /// ```
    /// use triaxis_laws::forms::HalfLife;
    /// let fresh = HalfLife::ln_effective(9.0, 9.0, 4.0);
    /// assert_eq!(fresh, (9.0, 0.0));
    /// let twice = HalfLife::ln_effective(9.0 + 2.0_f64.ln(), 9.0, 4.0).0;
    /// assert!((twice - (9.0 + 2.0_f64.powf(-0.25) * 2.0_f64.ln())).abs() < 1e-9);
    /// ```
    #[inline(always)]
    pub fn ln_effective(tokens: f64, unique: f64, tau: f64) -> (f64, f64) {
        let epochs = exp(tokens - unique);
        let (mut sum, mut by_tau) = (tokens.min(unique), 0.0);
        let mut done = 1.0;
        for _ in 1..EPOCHS {
            if done >= epochs {
                break;
            }
            let use_of = exp(-LN_2 * done / tau);
            let gained = use_of * ln(epochs.min(done + 1.0) / done);
            sum += gained;
            by_tau += gained * LN_2 * done / (tau * tau);
            done += 1.0;
        }
        (sum, by_tau)
    }
}

impl LawForm for HalfLife {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let [irreducible, a, b, tau] = [0, 1, 2, 3].map(|at| parameters[at]);
        let (effective, by_tau) = Self::ln_effective(inputs[0], inputs[1], tau);
        let data = exp(-b * effective);
        gradient[0] = 1.0;
        gradient[1] = data;
        gradient[2] = -effective * a * data;
        gradient[3] = -b * by_tau * a * data;
        irreducible + a * data
    }

    fn example(&self) -> Example {
        let rows = grid(&[&[1.0, 2.0, 4.5, 12.0, 40.0], &[1e7, 3e8, 1e10]]);
        let rows = rows.iter().map(|row| vec![row[0] * row[1], row[1]]).collect();
        Example {
            parameters: vec![1.6, 90.0, 0.2, 3.5],
            rows,
        }
    }
}
