//! Coverage when some problems are never solved: the other laws, levelling off below one.

use std::borrow::Cow;

use super::{COVERAGE, CoverageBeta, CoverageLogitNormal, SAMPLES};
use crate::coverage::{Chance, Difficulty, ln_normal};
use crate::form::{Definition, Example, LawForm, Parameter};
use crate::form::{MOST_PARAMETERS, Residual};

/// Another law of coverage, of the problems that can be solved: for each of them `unsolvable` cannot.
pub struct CoverageUnsolvable {
    others: &'static (dyn LawForm + 'static),
    definition: fn() -> &'static Definition,
}

impl CoverageUnsolvable {
    /// With a Beta distribution of difficulty.
    pub const BETA: Self = Self {
        others: &CoverageBeta,
        definition: || &BETA,
    };
    /// With a logit-normal one.
    pub const LOGIT_NORMAL: Self = Self {
        others: &CoverageLogitNormal,
        definition: || &LOGIT_NORMAL,
    };
}

const UNSOLVABLE: Parameter = Parameter::positive(
    "unsolvable",
    "1",
    "problems that no sample solves, for each that can be solved",
    &[-4.0, -2.0, 0.0],
    (1e-6, 1e3),
);

static BETA: Definition = Definition {
    name: Cow::Borrowed("coverage-beta-unsolvable"),
    equation: Cow::Borrowed(
        "coverage = (1 - Beta(alpha, beta + samples) / Beta(alpha, beta)) / (1 + unsolvable)",
    ),
    source: Cow::Borrowed(
        "Schaeffer et al. 2025, How Do Large Language Monkeys Get Their Power (Laws)?, section 4, with a share at zero",
    ),
    inputs: Cow::Borrowed(&[SAMPLES]),
    response: COVERAGE,
    parameters: Cow::Borrowed(&[
        Parameter::positive("alpha", "1", "weight of solving", &[-2.0, -1.0, 0.0], (1e-3, 1e3)),
        Parameter::positive(
            "beta",
            "1",
            "weight of failing",
            &[0.0, 1.5, 3.0, 6.0],
            (1e-2, 1e6),
        ),
        UNSOLVABLE,
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[]),
};

static LOGIT_NORMAL: Definition = Definition {
    name: Cow::Borrowed("coverage-logit-normal-unsolvable"),
    equation: Cow::Borrowed(
        "coverage = (1 - E[(1 - p)^samples]) / (1 + unsolvable), ln(p / (1 - p)) ~ Normal(mu, sigma)",
    ),
    source: Cow::Borrowed(
        "Levi 2024, A Simple Model of Inference Scaling Laws, arXiv 2410.16377, with a logit-normal mixture and a share at zero",
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
        Parameter::positive("sigma", "1", "its standard deviation", &[0.0, 0.7], (0.2, 10.0)),
        UNSOLVABLE,
    ]),
    residual: Residual::Log,
    linear: Cow::Borrowed(&[]),
};

impl LawForm for CoverageUnsolvable {
    fn definition(&self) -> &Definition {
        (self.definition)()
    }

    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        let last = self.others.parameters().len();
        let mut of_others = [0.0; MOST_PARAMETERS];
        let value = self
            .others
            .value(&parameters[..last], inputs, &mut of_others[..last]);
        let share = (1.0 + parameters[last]).recip();
        for (slope, of_others) in gradient.iter_mut().zip(&of_others[..last]) {
            *slope = share * of_others;
        }
        gradient[last] = -share * share * value;
        share * value
    }

    fn difficulty(&self) -> Option<&dyn Difficulty> {
        Some(self)
    }

    fn example(&self) -> Example {
        let Example { mut parameters, rows } = self.others.example();
        parameters.push(0.25);
        Example { parameters, rows }
    }
}

/// What is expected of the logarithm of `unsolvable`: from a thousandth to most, as nobody knows.
const EXPECTED: (f64, f64) = (-2.2, 1.8);

impl CoverageUnsolvable {
    fn of_others(&self) -> &dyn Difficulty {
        self.others
            .difficulty()
            .expect("both others say how hard problems are")
    }
}

impl Difficulty for CoverageUnsolvable {
    fn ln_density(&self, parameters: &[f64], chance: &Chance) -> f64 {
        self.of_others().ln_density(parameters, chance)
    }

    fn unsolvable(&self, parameters: &[f64]) -> f64 {
        let odds = parameters[parameters.len() - 1];
        odds / (1.0 + odds)
    }

    fn ln_prior(&self, coordinates: &[f64]) -> f64 {
        let last = coordinates.len() - 1;
        self.of_others().ln_prior(&coordinates[..last]) + ln_normal(coordinates[last], EXPECTED.0, EXPECTED.1)
    }

    fn prior_spread(&self) -> Vec<f64> {
        let mut spread = self.of_others().prior_spread();
        spread.push(EXPECTED.1);
        spread
    }
}
