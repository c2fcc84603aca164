//! Laws of coverage by their likelihood, and their average.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::counts::Counts;
use super::curve::{Curve, OneCurve, check_curve};
use super::difficulty::{Difficulty, missed, shares};
use super::posterior::{Evidence, Target, share};
use super::shown::fit_of;
use super::{Problem, check, thinned};
use crate::error::{FitError, InputError, Refusal, Warning};
use crate::fit::{Estimate, Fit, FitOptions, HeldOut, Holdout, Interval, Prediction, Reach, fit, marked};
use crate::form::LawForm;
use crate::forms::registry;
use crate::numeric::{Stream, quantile_sorted, sorted};
use crate::observations::{Observations, SIZE_RULE, usable_size};

/// Draws of the average's parameters where no intervals are asked for: its values are medians of them.
const DRAWS: usize = 1000;
/// Samples at most that the check draws from: their loss to more is how far it reaches.
const MOST_KEPT: f64 = 1e4;
/// Problems that a curve is taken to be of where nobody says: it decides how sharply forms are weighed only.
const SUPPOSED: f64 = 100.0;

/// A law of coverage and how much it is believed.
pub struct Weighted {
    /// Its fit: the likeliest parameters and, where there are intervals, draws of them.
    pub fit: Fit,
    /// The chance that of the laws averaged this is the one, by how likely each makes the data.
    pub weight: f64,
    /// The form.
    pub form: &'static dyn LawForm,
    draws: Vec<Vec<f64>>,
}

/// Laws of coverage fitted to the same problems, and averaged.
pub struct Coverage {
    /// The laws, the most believed first.
    pub laws: Vec<Weighted>,
    /// Check of the average on larger numbers of samples.
    pub holdout: Option<Holdout>,
    /// What a reader must know of the average.
    pub warnings: Vec<Warning>,
    /// The curve of the counts, or the points of the table.
    seen: (Vec<f64>, Vec<f64>),
    /// The most samples that any problem has.
    most: f64,
    evidence: Box<dyn Evidence>,
    /// Whether there are intervals, at which level and by which seed.
    has_intervals: bool,
    level: f64,
    seed: u64,
}

/// The registered forms that say how hard single problems are.
pub fn laws() -> Vec<&'static dyn LawForm> {
    let forms = registry().iter().copied();
    forms.filter(|form| form.difficulty().is_some()).collect()
}

impl Coverage {
    /// Fits forms to counts, of any number of samples a problem, and averages them.
    ///
    /// Parameters are draws of their posterior, which a weak prior keeps where published laws are; forms weigh
    /// by the probability that each gives to the counts, so the average is as wide as the forms are apart.
    ///
    /// # Errors
    /// [`InputError::OutOfRange`] for a problem with more correct than drawn samples or none drawn;
    /// [`Refusal::TooFewRows`] with fewer than three problems; [`Refusal::SameOutcome`] when no sample or every
    /// sample is correct; [`Refusal::NoDifficulty`] for a form that says nothing of single problems.
    pub fn of_counts(
        problems: &[Problem],
        forms: &[&'static dyn LawForm],
        options: &FitOptions,
    ) -> Result<Self, FitError> {
        options.check()?;
        check(problems)?;
        let curve = Curve::new(problems)?;
        let seen = (
            curve.samples.iter().map(|k| *k as f64).collect(),
            curve.coverage.clone(),
        );
        let mut coverage = Self::new(Box::new(told(problems)?), seen, forms, options, problems.len())?;
        coverage.has_intervals = options.replicates > 0;
        coverage.most = problems
            .iter()
            .map(|problem| problem.samples as f64)
            .fold(1.0, f64::max);
        coverage.check_by(problems, forms, options)?;
        Ok(coverage)
    }

    /// Fits forms to one curve in columns `samples` and `coverage`, and averages them.
    ///
    /// The points of a curve are of the same problems, so they rise and fall together: how far they may be off
    /// hangs on the number of problems, and without it there are no intervals.
    ///
    /// # Errors
    /// As [`Coverage::of_counts`]; [`InputError::OutOfRange`] for shares outside 0 to 1 and a number of samples
    /// that is there twice.
    pub fn of_curve(
        table: &Observations,
        problems: Option<u64>,
        forms: &[&'static dyn LawForm],
        options: &FitOptions,
    ) -> Result<Self, FitError> {
        const NEEDED: usize = 3;
        options.check()?;
        check_curve(table)?;
        if table.rows() < NEEDED {
            return Err(Refusal::TooFewRows {
                rows: table.rows(),
                parameters: 2,
                needed: NEEDED,
            }
            .into());
        }
        let seen = (
            table.column("samples")?.to_vec(),
            table.column("coverage")?.to_vec(),
        );
        let of = problems.map_or(SUPPOSED, |problems| problems as f64);
        let evidence = Box::new(OneCurve::new(table, of)?);
        let mut coverage = Self::new(evidence, seen, forms, options, table.rows())?;
        coverage.has_intervals = problems.is_some() && options.replicates > 0;
        if problems.is_none() {
            coverage.without_intervals();
        }
        Ok(coverage)
    }

    fn new(
        evidence: Box<dyn Evidence>,
        seen: (Vec<f64>, Vec<f64>),
        forms: &[&'static dyn LawForm],
        options: &FitOptions,
        rows: usize,
    ) -> Result<Self, FitError> {
        let draws = if options.replicates > 0 {
            options.replicates
        } else {
            DRAWS
        };
        let law = |form: &&'static dyn LawForm| {
            let target = Target {
                form: *form,
                difficulty: difficulty(*form)?,
                evidence: evidence.as_ref(),
            };
            let posterior = target.posterior(draws, options.seed);
            let posterior = posterior.ok_or(Refusal::NoFiniteObjective { starts: 1 })?;
            Ok(Weighted {
                fit: fit_of(&target, &posterior, &seen, options, rows),
                weight: posterior.evidence,
                form: *form,
                draws: posterior.draws,
            })
        };
        let laws: Result<Vec<Weighted>, FitError> = forms.par_iter().map(law).collect();
        let mut laws = laws?;
        let largest = laws
            .iter()
            .map(|law| law.weight)
            .fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = laws.iter().map(|law| (law.weight - largest).exp()).sum();
        laws.iter_mut()
            .for_each(|law| law.weight = (law.weight - largest).exp() / total);
        laws.sort_by(|one, other| other.weight.total_cmp(&one.weight));
        Ok(Self {
            laws,
            holdout: None,
            warnings: Vec::new(),
            most: seen.0.iter().copied().fold(1.0, f64::max),
            seen,
            evidence,
            has_intervals: true,
            level: options.level,
            seed: options.seed,
        })
    }

    /// The most believed law.
    pub fn likeliest(&self) -> &Fit {
        &self.laws[0].fit
    }

    /// Takes the intervals away, as nothing tells how far off a curve of unknown problems is.
    fn without_intervals(&mut self) {
        for law in &mut self.laws {
            law.fit.freedom = 0;
            law.fit.replicates.clear();
            law.fit.warnings.clear();
            for parameter in law.fit.parameters.values_mut() {
                parameter.estimate = Estimate::point(parameter.estimate.value);
                parameter.intervals.clear();
            }
        }
        self.warnings.push(Warning::OneCurve);
    }

    /// Coverage of these problems at `samples`: of the law, and of so many new samples of each.
    ///
    /// # Errors
    /// [`InputError`] for a number of samples below one or beyond what is computed with.
    pub fn predict(&self, samples: f64) -> Result<Prediction, InputError> {
        if !(samples >= 1.0 && usable_size(samples)) {
            return Err(InputError::OutOfRange {
                column: "samples".into(),
                row: 0,
                value: samples,
                rule: if samples >= 1.0 { SIZE_RULE } else { "one or more" },
            });
        }
        let (laws, runs) = self.drawn(samples);
        let value = quantile_sorted(&laws, 0.5);
        let interval = |values: &[f64]| {
            let tail = 0.5 * (1.0 - self.level);
            self.has_intervals.then(|| Interval {
                low: quantile_sorted(values, tail).min(value),
                high: quantile_sorted(values, 1.0 - tail).max(value),
            })
        };
        let reach = Reach::of(samples, (1.0, self.most));
        Ok(Prediction {
            inputs: BTreeMap::from([("samples".to_owned(), samples)]),
            value,
            interval: interval(&runs),
            law: interval(&laws),
            level: self.level,
            reach: BTreeMap::from([("samples".to_owned(), reach)]),
        })
    }

    /// Coverage at `samples` by the draws of all laws, each as often as its law is believed, in order: expected,
    /// and seen.
    fn drawn(&self, samples: f64) -> (Vec<f64>, Vec<f64>) {
        let (once, twice) = (missed(samples), missed(2.0 * samples));
        let problems = self.evidence.problems();
        let drawn = self.laws.iter().enumerate().flat_map(|(at, law)| {
            let draws = &law.draws;
            let count = (law.weight * draws.len() as f64).round() as usize;
            // Draws come in the order of their weights' sum: every n-th of them is a fair choice.
            let step = draws.len() as f64 / count.max(1) as f64;
            (0..count).map(move |index| (at, index, &draws[(index as f64 * step) as usize]))
        });
        let drawn: Vec<(usize, usize, &Vec<f64>)> = drawn.collect();
        let one = |(law, index, parameters): &(usize, usize, &Vec<f64>)| {
            let form = self.laws[*law].form;
            let shares = shares(form.difficulty()?, parameters)?;
            let expected = self.evidence.expected(&shares, [&once, &twice]);
            let mut stream = Stream::new(self.seed, form.name(), *index as u64);
            let law = share(&mut stream, expected.mean, expected.law);
            let run = share(&mut stream, expected.mean, expected.run);
            Some((law, (run * problems).round() / problems))
        };
        let (laws, runs): (Vec<f64>, Vec<f64>) = drawn.par_iter().filter_map(one).unzip();
        (sorted(laws), sorted(runs))
    }

    /// Checks the average on the curve beyond a smaller number of samples, drawn from those of each problem.
    fn check_by(
        &mut self,
        problems: &[Problem],
        forms: &[&'static dyn LawForm],
        options: &FitOptions,
    ) -> Result<(), FitError> {
        const SHARE: f64 = 0.2;
        let (samples, coverage) = &self.seen;
        let last = samples.last().copied().unwrap_or(1.0);
        let held: Vec<usize> = match &options.holdout {
            HeldOut::None => return Ok(()),
            HeldOut::Largest => (0..samples.len())
                .filter(|at| samples[*at] > SHARE * last)
                .collect(),
            HeldOut::Rows(marks) => marked(marks, samples.len())?,
        };
        let kept = |at: &usize| !held.contains(at);
        let most = (0..samples.len())
            .filter(kept)
            .map(|at| samples[at])
            .fold(0.0, f64::max);
        // A fifth of the fewest samples may be none.
        if most < 1.0 && options.holdout == HeldOut::Largest {
            return Ok(());
        }
        if let Some(at) = held.iter().find(|at| samples[**at] <= most) {
            return Err(InputError::OutOfRange {
                column: "samples".into(),
                row: *at,
                value: samples[*at],
                rule: "above all that are fitted: hold out the largest",
            }
            .into());
        }
        let fewer = FitOptions {
            replicates: 0,
            holdout: HeldOut::None,
            ..options.clone()
        };
        let most = most.min(MOST_KEPT);
        let fitted: Vec<usize> = (0..samples.len()).filter(|at| samples[*at] <= most).collect();
        let few = thinned(problems, most as u64, options.seed);
        let checked = Self::of_counts(&few, forms, &fewer);
        let checked = match checked {
            Ok(checked) => checked,
            Err(FitError::Refused(reason)) => {
                self.warnings.push(Warning::NoHoldout { reason });
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let fitted = (fitted.len(), fitted.iter().map(|at| coverage[*at]).sum::<f64>());
        let mean = fitted.1 / fitted.0 as f64;
        let off = |value: f64, at: usize| (value - coverage[at]) / coverage[at];
        let errors: Vec<f64> = held
            .iter()
            .map(|at| Ok(off(checked.predict(samples[*at])?.value, *at)))
            .collect::<Result<_, InputError>>()?;
        let average =
            |values: &mut dyn Iterator<Item = f64>| values.map(f64::abs).sum::<f64>() / held.len() as f64;
        let holdout = Holdout {
            fitted: fitted.0,
            runs: vec![0; held.len()],
            reach: last / most,
            mean_absolute: average(&mut errors.iter().copied()),
            baseline: average(&mut held.iter().map(|at| off(mean, *at))),
            errors,
            rows: held,
        };
        self.warnings.extend(holdout.warning());
        self.holdout = Some(holdout);
        Ok(())
    }
}

/// Fits any form of coverage to a curve by its points, without intervals: they are of the same problems, so
/// their residuals tell nothing of how far off all of them are.
///
/// # Errors
/// As [`fit()`]; [`InputError::OutOfRange`] for shares outside 0 to 1 and a number of samples that is there twice.
pub fn fit_curve(form: &dyn LawForm, table: &Observations, options: &FitOptions) -> Result<Fit, FitError> {
    check_curve(table)?;
    let points = FitOptions {
        replicates: 0,
        profile: false,
        ..options.clone()
    };
    let mut fit = fit(form, table, &points)?;
    fit.freedom = 0;
    fit.noise = None;
    fit.warnings
        .retain(|warning| !matches!(warning, Warning::FewRows { .. }));
    fit.warnings.push(Warning::OneCurve);
    Ok(fit)
}

/// Counts as evidence, if they tell anything.
fn told(problems: &[Problem]) -> Result<Counts, Refusal> {
    let all = |outcome: &'static str, same: fn(&Problem) -> bool| match problems.iter().all(same) {
        true => Err(Refusal::SameOutcome {
            problems: problems.len(),
            outcome: outcome.into(),
        }),
        false => Ok(()),
    };
    all("wrong", |problem| problem.correct == 0)?;
    all("correct", |problem| problem.correct == problem.samples)?;
    Ok(Counts::new(problems))
}

fn difficulty(form: &dyn LawForm) -> Result<&dyn Difficulty, Refusal> {
    form.difficulty().ok_or_else(|| no_difficulty(form))
}

/// Why a form cannot be fitted to counts: it says nothing of single problems.
pub fn no_difficulty(form: &dyn LawForm) -> Refusal {
    let forms: Vec<&str> = laws().into_iter().map(LawForm::name).collect();
    Refusal::NoDifficulty {
        form: form.name().into(),
        forms: forms.join(", "),
    }
}

#[cfg(test)]
mod tests;
