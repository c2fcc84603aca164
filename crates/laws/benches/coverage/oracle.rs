//! Estimators that know what nobody does: errors below which none that sees few samples can be expected.

use std::borrow::Cow;

use triaxis_laws::coverage::{Chance, Coverage, Difficulty, Problem, coverage, thinned};
use triaxis_laws::form::{Definition, Example, LawForm};
use triaxis_laws::forms::CoverageBeta;
use triaxis_laws::numeric::Stream;

use crate::told::{Told, judged, options};
use crate::{FEW, MANY};

/// Problems whose chances are draws from a known distribution: how hard they are is known exactly, only not
/// which of them are hard.
///
/// The mean that Bayes' theorem leaves of coverage has the least mean squared error of all estimators that see
/// the same samples, so none can be closer on the average over such problems.
pub(crate) struct Known {
    /// The chance that a problem with so many of the [`FEW`] samples correct is solved by [`MANY`].
    solved: Vec<f64>,
}

impl Known {
    /// The distribution that gives each of `chances` the same probability.
    pub(crate) fn new(chances: &[f64]) -> Self {
        let solved = |correct: u64| {
            let (mut weight, mut solved) = (0.0, 0.0);
            for chance in chances {
                let likelihood = chance.powi(correct as i32) * (1.0 - chance).powi((FEW - correct) as i32);
                // The samples seen are among the many.
                let missed = match correct {
                    0 => (1.0 - chance).powi((MANY - FEW) as i32),
                    _ => 0.0,
                };
                weight += likelihood;
                solved += likelihood * (1.0 - missed);
            }
            if weight > 0.0 { solved / weight } else { 1.0 }
        };
        Self {
            solved: (0..=FEW).map(solved).collect(),
        }
    }

    pub(crate) fn error(&self, few: &[Problem], truth: f64) -> f64 {
        let solved = few.iter().map(|problem| self.solved[problem.correct as usize]);
        (solved.sum::<f64>() / few.len() as f64 - truth).abs()
    }

    /// The error on other problems that are as hard: drawn from `chances` with replacement.
    pub(crate) fn error_of_others(&self, chances: &[f64], seed: u64) -> f64 {
        let mut stream = Stream::new(seed, "problems as hard", 0);
        let problems: Vec<Problem> = (0..chances.len())
            .map(|_| sampled(chances[stream.below(chances.len())], &mut stream))
            .collect();
        self.error(&thinned(&problems, FEW, seed), coverage(&problems, MANY).unwrap())
    }
}

/// Many samples of a problem.
pub(crate) fn sampled(chance: f64, stream: &mut Stream) -> Problem {
    Problem {
        samples: MANY,
        correct: (0..MANY).filter(|_| stream.uniform() < chance).count() as u64,
    }
}

/// The law of a Beta distribution whose exponent is expected around a given one.
pub(crate) struct Exponent {
    /// Mean and standard deviation of the logarithm.
    expected: (f64, f64),
    definition: Definition,
}

impl Exponent {
    /// The logarithm of the exponent that all counts have.
    pub(crate) fn of(problems: &[Problem]) -> Option<f64> {
        let fitted = Coverage::of_counts(problems, &[&CoverageBeta], &options(0)).ok()?;
        Some(fitted.likeliest().parameter("alpha")?.ln())
    }

    /// An exponent that is known, so that the scale alone is not.
    pub(crate) fn known(ln_exponent: f64) -> &'static dyn LawForm {
        Self::expected((ln_exponent, 0.01))
    }

    /// An exponent as those of other models are, which their all counts tell.
    pub(crate) fn like(others: &[f64]) -> &'static dyn LawForm {
        let count = others.len() as f64;
        let mean = others.iter().sum::<f64>() / count;
        let squares = others.iter().map(|one| (one - mean).powi(2)).sum::<f64>();
        Self::expected((mean, (squares / (count - 1.0)).sqrt()))
    }

    fn expected(expected: (f64, f64)) -> &'static dyn LawForm {
        let definition = Definition {
            name: Cow::Borrowed("coverage-beta-of-expected-exponent"),
            ..CoverageBeta.definition().clone()
        };
        // A few for each model, for as long as the benchmark runs.
        Box::leak(Box::new(Self { expected, definition }))
    }

    /// What it tells of few samples.
    pub(crate) fn told(form: &'static dyn LawForm, few: &[Problem], truth: f64, seed: u64) -> Option<Told> {
        let fitted = Coverage::of_counts(few, &[form], &options(seed)).ok()?;
        Some(judged(&fitted, truth))
    }
}

impl LawForm for Exponent {
    fn definition(&self) -> &Definition {
        &self.definition
    }

    fn value(&self, parameters: &[f64], inputs: &[f64], gradient: &mut [f64]) -> f64 {
        CoverageBeta.value(parameters, inputs, gradient)
    }

    fn difficulty(&self) -> Option<&dyn Difficulty> {
        Some(self)
    }

    fn example(&self) -> Example {
        CoverageBeta.example()
    }
}

impl Difficulty for Exponent {
    fn ln_density(&self, parameters: &[f64], chance: &Chance) -> f64 {
        CoverageBeta.ln_density(parameters, chance)
    }

    fn ln_prior(&self, coordinates: &[f64]) -> f64 {
        let (mean, spread) = self.expected;
        let exponent = (coordinates[0] - mean) / spread;
        // The logit of coverage at one sample, which the counts tell.
        let first = (coordinates[0] - coordinates[1] + 3.0) / 4.0;
        -0.5 * (exponent * exponent + first * first)
    }

    fn prior_spread(&self) -> Vec<f64> {
        vec![self.expected.1, self.expected.1.hypot(4.0)]
    }
}
