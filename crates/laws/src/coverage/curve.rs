//! Coverage against samples from counts, and laws of it whose intervals come from the problems.

use super::{Problem, check, pass_at_k};
use crate::error::{FitError, InputError, Warning};
use crate::fit::{
    Estimate, Fit, FitOptions, ParameterEstimate, Resampling, Starts, fit, percentile, resampled,
};
use crate::form::LawForm;
use crate::observations::Observations;

/// Numbers of samples at most.
const POINTS: usize = 40;

/// Coverage at increasing numbers of samples, from the counts of each problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Numbers of samples k, from 1 to the fewest that any problem has, evenly in logarithms.
    pub samples: Vec<u64>,
    /// The unbiased estimate of every problem at every k (Chen et al. 2021, equation 1), a problem a row.
    passes: Vec<Vec<f64>>,
}

impl Curve {
    /// The curve of `problems`.
    ///
    /// # Errors
    /// [`InputError::OutOfRange`] for a problem without samples or with more correct than drawn;
    /// [`TooFewRows`](crate::error::Refusal::TooFewRows) with fewer than three problems.
    pub fn new(problems: &[Problem]) -> Result<Self, FitError> {
        check(problems)?;
        let most = problems.iter().map(|problem| problem.samples).min().unwrap_or(1);
        let step = (most as f64).ln() / (POINTS - 1) as f64;
        let mut samples: Vec<u64> = (0..POINTS)
            .map(|at| (step * at as f64).exp().round() as u64)
            .collect();
        samples.dedup();
        let pass = |problem: &Problem| {
            samples
                .iter()
                .map(|k| pass_at_k(*problem, *k).unwrap_or(f64::NAN))
                .collect()
        };
        Ok(Self {
            passes: problems.iter().map(pass).collect(),
            samples,
        })
    }

    /// Coverage at each number of samples, each problem counted by its weight.
    fn weighted(&self, weights: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.samples.len()];
        for (passes, weight) in self.passes.iter().zip(weights) {
            for (sum, pass) in sums.iter_mut().zip(passes) {
                *sum += weight * pass;
            }
        }
        let total: f64 = weights.iter().sum();
        sums.iter().map(|sum| sum / total).collect()
    }

    /// Coverage at each number of samples: the mean over problems.
    pub fn coverage(&self) -> Vec<f64> {
        self.weighted(&vec![1.0; self.passes.len()])
    }

    /// The curve as a table of `samples` and `coverage`.
    ///
    /// # Errors
    /// [`InputError::OutOfRange`] when no sample of any problem is correct, as then there is no curve.
    pub fn table(&self) -> Result<Observations, InputError> {
        self.table_of(self.coverage())
    }

    fn table_of(&self, coverage: Vec<f64>) -> Result<Observations, InputError> {
        if coverage.iter().any(|share| *share <= 0.0) {
            return Err(InputError::OutOfRange {
                column: "correct".into(),
                row: 0,
                value: 0.0,
                rule: "above zero for some problem, as coverage is zero else",
            });
        }
        Observations::new()
            .with("samples", self.samples.iter().map(|k| *k as f64).collect())?
            .with("coverage", coverage)
    }

    /// Fits a form of coverage to the curve, with intervals from resampled problems: the points of one
    /// curve rise and fall together, so their residuals say nothing of its uncertainty.
    ///
    /// # Errors
    /// As [`fit()`] and [`Curve::table`].
    pub fn fit(&self, form: &dyn LawForm, options: &FitOptions) -> Result<Fit, FitError> {
        let points = FitOptions {
            replicates: 0,
            profile: false,
            ..options.clone()
        };
        let mut fit = fit(form, &self.table()?, &points)?;
        let near = FitOptions {
            objective: options.objective,
            starts: Starts::Given(vec![fit.best.clone()]),
            ..FitOptions::point_only()
        };
        let (replicates, warning) = resampled(options, "problems", |stream| {
            let drawn = self.weighted(&stream.resample_counts(self.passes.len()));
            let refit = crate::fit::fit(form, &self.table_of(drawn).ok()?, &near);
            refit.ok().map(|fit| fit.best)
        });
        fit.replicates = replicates;
        fit.resampling = Resampling::Case;
        // What varies are the problems, of whose mean chances the curve is made.
        fit.freedom = self.passes.len().saturating_sub(1);
        fit.warnings
            .retain(|warning| !matches!(warning, Warning::FewRows { .. }));
        fit.warnings.extend(warning);
        if options.profile && options.replicates == 0 {
            fit.warnings.push(Warning::NoBootstrap);
        }
        self.give_intervals(form, &mut fit);
        Ok(fit)
    }

    fn give_intervals(&self, form: &dyn LawForm, fit: &mut Fit) {
        for (at, parameter) in form.parameters().iter().enumerate() {
            let values: Vec<f64> = fit.replicates.iter().map(|replicate| replicate[at]).collect();
            let Some(ends) = percentile(&values, fit.level) else {
                continue;
            };
            let mut estimate = Estimate::within(fit.best[at], ends, true);
            estimate.open_below = ends.0 <= parameter.range.0;
            estimate.open_above = ends.1 >= parameter.range.1;
            estimate.identified = !estimate.open_below && !estimate.open_above;
            let intervals = [("percentile".to_owned(), ends)].into();
            fit.parameters.insert(
                parameter.name.to_string(),
                ParameterEstimate { estimate, intervals },
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forms::{CoverageBeta, CoveragePower};
    use crate::numeric::Stream;
    use crate::predict;

    /// Problems whose chances are at the quantiles of Beta(0.4, 1), which are `u^(1 / 0.4)`.
    fn problems(samples: u64) -> Vec<Problem> {
        let mut stream = Stream::new(9, "problems", 0);
        let solved = |chance: f64, stream: &mut Stream| {
            (0..samples).filter(|_| stream.uniform() < chance).count() as u64
        };
        (0..150)
            .map(|at| Problem {
                samples,
                correct: solved(((f64::from(at) + 0.5) / 150.0).powf(2.5), &mut stream),
            })
            .collect()
    }

    #[test]
    fn the_curve_of_few_samples_foretells_more_within_its_interval() {
        let many = problems(2000);
        let few: Vec<Problem> = problems(100);
        let curve = Curve::new(&few).unwrap();
        assert_eq!(
            (curve.samples[0], curve.samples[curve.samples.len() - 1]),
            (1, 100)
        );
        assert!(curve.samples.is_sorted_by(|one, other| one < other));
        assert!((curve.coverage()[0] - super::super::coverage(&few, 1).unwrap()).abs() < 1e-12);
        let options = FitOptions {
            replicates: 200,
            ..FitOptions::default()
        };
        let truth = super::super::coverage(&many, 1000).unwrap();
        let fit = curve.fit(&CoverageBeta, &options).unwrap();
        let far = predict(&CoverageBeta, &fit, &[1000.0]).unwrap();
        assert!(far.interval.unwrap().holds(truth), "{truth} {far:?}");
        assert!((far.value / truth - 1.0).abs() < 0.15, "{truth} {far:?}");
        assert!(
            fit.parameters
                .values()
                .all(|parameter| parameter.estimate.identified)
        );
        assert!(fit.holdout.unwrap().mean_absolute < 0.1);
        // A curve alone would claim far more: its points rise and fall together.
        let alone = crate::fit::fit(&CoveragePower, &curve.table().unwrap(), &options).unwrap();
        let honest = curve.fit(&CoveragePower, &options).unwrap();
        let width = |fit: &Fit| fit.parameters["a"].estimate.interval.unwrap().width();
        assert!(
            width(&honest) > 2.0 * width(&alone),
            "{} {}",
            width(&honest),
            width(&alone)
        );
    }

    #[test]
    fn what_cannot_be_a_count_is_refused() {
        let wrong = |samples, correct| Curve::new(&[Problem { samples, correct }; 4]);
        assert!(matches!(
            wrong(4, 5),
            Err(FitError::Input(InputError::OutOfRange { .. }))
        ));
        assert!(matches!(wrong(0, 0), Err(FitError::Input(_))));
        assert!(wrong(10, 0).unwrap().table().is_err());
        assert!(matches!(
            Curve::new(&[Problem {
                samples: 1,
                correct: 1
            }]),
            Err(FitError::Refused(_))
        ));
    }
}
