//! Coverage when the logit of a problem's chance follows a normal distribution.

use std::borrow::Cow;

use super::{COVERAGE, SAMPLES};
use crate::coverage::{Chance, Difficulty, ln_normal};
use crate::form::{Definition, Example, LawForm, Parameter, Residual};
use crate::numeric::exp;

/// `coverage = E[1 - (1 - p)^k]` over `ln(p / (1 - p)) ~ Normal(mu, sigma)`: few problems are very hard, where a
/// Beta distribution has as many in each halving of the chance.
#[derive(Debug, Clone, Copy)]
pub struct CoverageLogitNormal;

static DEFINITION: Definition = Definition {
    name: Cow::Borrowed("coverage-logit-normal"),
    equation: Cow::Borrowed("coverage = 1 - E[(1 - p)^samples], ln(p / (1 - p)) ~ Normal(mu, sigma)"),
    source: Cow::Borrowed(
        "Levi 2024, A Simple Model of Inference Scaling Laws, arXiv 2410.16377, with the logit-normal mixture of item response theory for its Beta",
    ),
    inputs: Cow::Borrowed(&[SAMPLES]),
    response: COVERAGE,
    parameters: Cow::Borrowed(&[
        Parameter::real(
            "mu",
            "1",
            "mean of the logit of a chance",
            &[-9.0, -6.0, -3.0, 0.0],
            (-30.0, 12.0),
        ),
        Parameter::positive(
            "sigma",
            "1",
            "its standard deviation: how far apart problems are",
            &[0.0, 0.7],
            (0.2, 10.0),
        ),
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[]),
};

/// The sum over the normal distribution goes by steps of this, to 8 standard deviations on either side.
const STEP: f64 = 1.0 / 16.0;
const STEPS: i32 = 128;

impl LawForm for CoverageLogitNormal {
    fn definition(&self) -> &Definition {
        &DEFINITION
    }

    #[inline(always)]
    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let (mu, sigma, samples) = (parameters[0], parameters[1], exp(inputs[0]));
        let (mut value, mut by_mu, mut by_sigma) = (0.0, 0.0, 0.0);
        for at in -STEPS..=STEPS {
            let normal = STEP * f64::from(at);
            let weight = STEP * (2.0 * std::f64::consts::PI).sqrt().recip() * exp(-0.5 * normal * normal);
            let logit = mu + sigma * normal;
            // ln(1 - p), of either sign of the logit without overflow.
            let small = exp(-logit.abs());
            let ln_failure = -(logit.max(0.0) + small.ln_1p());
            let chance = -ln_failure.exp_m1();
            let missed = samples * ln_failure;
            // The derivative of ln(1 - p) by the logit is -p.
            let slope = weight * samples * chance * exp(missed);
            value -= weight * missed.exp_m1();
            by_mu += slope;
            by_sigma += slope * normal;
        }
        gradient[0] = by_mu;
        gradient[1] = by_sigma;
        value
    }

    fn difficulty(&self) -> Option<&dyn Difficulty> {
        Some(self)
    }

    fn example(&self) -> Example {
        let rows = (0..14).map(|step| vec![2.0_f64.powi(step)]).collect();
        Example {
            parameters: vec![-4.0, 2.0],
            rows,
        }
    }
}

/// What is expected of the mean of the logit and of the logarithm of sigma: mean and standard deviation. Fits to
/// the published counts that the law of the Beta distribution names have sigmas of 1.4 to 3.7.
const MEAN: (f64, f64) = (-3.0, 4.0);
const APART: (f64, f64) = (0.65, 0.5);

impl Difficulty for CoverageLogitNormal {
    #[inline]
    fn ln_density(&self, parameters: &[f64], chance: &Chance) -> f64 {
        let scaled = (chance.logit - parameters[0]) / parameters[1];
        -0.5 * scaled * scaled
    }

    fn ln_prior(&self, coordinates: &[f64]) -> f64 {
        ln_normal(coordinates[0], MEAN.0, MEAN.1) + ln_normal(coordinates[1], APART.0, APART.1)
    }

    fn prior_spread(&self) -> Vec<f64> {
        vec![MEAN.1, APART.1]
    }
}
