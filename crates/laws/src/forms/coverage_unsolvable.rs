//! Coverage when some problems are never solved: the other laws, levelling off below one.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::{CoverageBeta, CoverageLogitNormal};
use crate::coverage::{Chance, Difficulty, ln_normal};
use crate::form::{Definition, Example, LawForm, MOST_PARAMETERS, Parameter};

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

static BETA: LazyLock<Definition> = LazyLock::new(|| {
    with_unsolvable(
        &CoverageBeta,
        "coverage-beta-unsolvable",
        "coverage = (1 - Beta(alpha, beta + samples) / Beta(alpha, beta)) / (1 + unsolvable)",
    )
});

static LOGIT_NORMAL: LazyLock<Definition> = LazyLock::new(|| {
    with_unsolvable(
        &CoverageLogitNormal,
        "coverage-logit-normal-unsolvable",
        "coverage = (1 - E[(1 - p)^samples]) / (1 + unsolvable), ln(p / (1 - p)) ~ Normal(mu, sigma)",
    )
});

/// The definition of another law with a share at zero.
fn with_unsolvable(others: &dyn LawForm, name: &'static str, equation: &'static str) -> Definition {
    let definition = others.definition();
    Definition {
        name: Cow::Borrowed(name),
        equation: Cow::Borrowed(equation),
        source: Cow::Owned(format!("{}, with a share at zero", definition.source)),
        parameters: Cow::Owned([&definition.parameters[..], &[UNSOLVABLE]].concat()),
        ..definition.clone()
    }
}

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

/// What is expected of the logarithm of `unsolvable`: mean and standard deviation. Fits of the logit-normal law to
/// published counts have -2.2 to 0.2 on MATH and -4.0 to -1.8, or none at zero, on jailbreaks (experiment 0008).
const EXPECTED: (f64, f64) = (-1.5, 1.2);

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
