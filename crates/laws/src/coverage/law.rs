//! Laws of coverage by their likelihood, and their average.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::counts::Counts;
use super::curve::{Curve, OneCurve, check_curve};
use super::difficulty::{Difficulty, missed, shares};
use super::posterior::{Evidence, Posterior, Target, is_narrowed, share};
use super::{Problem, check, thinned};
use crate::error::{FitError, InputError, Refusal, Warning};
use crate::fit::{
    Estimate, Fit, FitOptions, HeldOut, Holdout, Interval, LocalMinimum, ParameterEstimate, Prediction,
    Reach, Resampling, fit, marked, percentile,
};
use crate::form::{LawForm, MOST_PARAMETERS, Residual};
use crate::forms::registry;
use crate::numeric::{Stream, quantile_sorted, sorted};
use crate::objective::{Objective, Reduction, Robust};
use crate::observations::{Observations, SIZE_RULE, usable_size};

/// Draws of the average's parameters where no intervals are asked for: its values are medians of them.
const DRAWS: usize = 1000;
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
            law.fit.warnings = vec![Warning::OneCurve];
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
        let ends = sorted(self.seen.0.iter().copied());
        let reach = Reach::of(samples, (ends[0], ends[ends.len() - 1]));
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
        let fewer = FitOptions {
            replicates: 0,
            holdout: HeldOut::None,
            ..options.clone()
        };
        let few = thinned(problems, most as u64, options.seed);
        let checked = match most >= 1.0 && held.iter().all(|at| samples[*at] > most) {
            true => Self::of_counts(&few, forms, &fewer),
            false => Err(Refusal::NoSize.into()),
        };
        let checked = match checked {
            Ok(checked) => checked,
            Err(FitError::Refused(reason)) => {
                self.warnings.push(Warning::NoHoldout { reason });
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let mean = (0..samples.len())
            .filter(kept)
            .map(|at| coverage[at])
            .sum::<f64>();
        let fitted = samples.len() - held.len();
        let off = |value: f64, at: usize| (value - coverage[at]) / coverage[at];
        let errors: Vec<f64> = held
            .iter()
            .map(|at| Ok(off(checked.predict(samples[*at])?.value, *at)))
            .collect::<Result<_, InputError>>()?;
        let average =
            |values: &mut dyn Iterator<Item = f64>| values.map(f64::abs).sum::<f64>() / held.len() as f64;
        let holdout = Holdout {
            fitted,
            runs: vec![0; held.len()],
            reach: last / most,
            mean_absolute: average(&mut errors.iter().copied()),
            baseline: average(&mut held.iter().map(|at| off(mean / fitted as f64, *at))),
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

/// What the program shows of one law.
fn fit_of(
    target: &Target<'_>,
    posterior: &Posterior,
    (samples, coverage): &(Vec<f64>, Vec<f64>),
    options: &FitOptions,
    rows: usize,
) -> Fit {
    let form = target.form;
    let value = |k: &f64| form.value(&posterior.mode, &[k.ln()], &mut [0.0; MOST_PARAMETERS]);
    let residuals: Vec<f64> = samples
        .iter()
        .zip(coverage)
        .map(|(k, seen)| seen - value(k))
        .collect();
    let mean = coverage.iter().sum::<f64>() / coverage.len() as f64;
    let squares = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
    let left =
        squares(&mut residuals.iter().copied()) / squares(&mut coverage.iter().map(|seen| seen - mean));
    let noise = (squares(&mut residuals.iter().copied()) / residuals.len() as f64).sqrt();
    let ends = sorted(samples.iter().copied());
    let mut fit = Fit {
        form: form.name().into(),
        parameters: BTreeMap::new(),
        objective: -posterior.height,
        minimised: Objective {
            residual: Residual::Linear,
            robust: Robust::Squares,
            reduction: Reduction::Sum,
            weight_above: 1.0,
        },
        rows,
        runs: None,
        starts: 1,
        minima: vec![LocalMinimum {
            objective: -posterior.height,
            parameters: posterior.mode.clone(),
        }],
        used_residuals: residuals.clone(),
        residuals,
        r_squared: 1.0 - left,
        freedom: rows.saturating_sub(form.parameters().len()),
        noise: Some(noise),
        pure_error: None,
        replicates: match options.replicates {
            0 => Vec::new(),
            _ => posterior.draws.clone(),
        },
        replicate_noise: Vec::new(),
        resampling: Resampling::Posterior,
        level: options.level,
        seed: options.seed,
        sampled: BTreeMap::from([("samples".to_owned(), (ends[0], ends[ends.len() - 1]))]),
        holdout: None,
        warnings: Vec::new(),
        refusals: Vec::new(),
        best: posterior.mode.clone(),
    };
    let prior = target.difficulty.prior_spread();
    for (at, parameter) in form.parameters().iter().enumerate() {
        let narrowed = is_narrowed(posterior.spread[at], prior[at]);
        let estimate = give_interval(
            &mut fit,
            at,
            parameter.name.as_ref(),
            narrowed && options.replicates > 0,
        );
        if !narrowed && let Some(Interval { low, high }) = estimate.interval {
            fit.warnings.push(Warning::Unidentified {
                parameter: parameter.name.to_string(),
                low,
                high,
                open_below: false,
                open_above: false,
            });
        }
    }
    fit
}

fn give_interval(fit: &mut Fit, at: usize, name: &str, identified: bool) -> Estimate {
    let values: Vec<f64> = fit.replicates.iter().map(|draw| draw[at]).collect();
    let ends = percentile(&values, fit.level);
    let estimate = match ends {
        Some(ends) => Estimate::within(fit.best[at], ends, identified),
        None => Estimate::point(fit.best[at]),
    };
    let intervals = ends
        .map(|ends| ("posterior".to_owned(), ends))
        .into_iter()
        .collect();
    fit.parameters
        .insert(name.to_owned(), ParameterEstimate { estimate, intervals });
    estimate
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::coverage;
    use crate::forms::{CoverageBeta, CoverageLogitNormal, CoveragePower, CoverageUnsolvable};

    fn options(replicates: usize, seed: u64) -> FitOptions {
        FitOptions {
            replicates,
            seed,
            holdout: HeldOut::None,
            ..FitOptions::default()
        }
    }

    /// Problems of chances that a quantile function gives.
    fn problems(count: u64, samples: u64, seed: u64, chance: impl Fn(&mut Stream) -> f64) -> Vec<Problem> {
        let mut stream = Stream::new(seed, "problems", samples);
        let mut draw = |_| {
            let chance = chance(&mut stream);
            Problem {
                samples,
                correct: (0..samples).filter(|_| stream.uniform() < chance).count() as u64,
            }
        };
        (0..count).map(&mut draw).collect()
    }

    /// A draw from Beta(0.4, 1).
    fn beta(stream: &mut Stream) -> f64 {
        stream.uniform().powf(2.5)
    }

    #[test]
    fn the_likelihood_of_counts_is_that_of_the_beta_binomial_distribution() {
        use statrs::function::gamma::ln_gamma;
        let counts: Vec<Problem> = [(10, 0), (10, 3), (50, 7), (200, 1), (9, 9)]
            .map(|(samples, correct)| Problem { samples, correct })
            .to_vec();
        let evidence = Counts::new(&counts);
        let told =
            |alpha: f64, beta: f64| evidence.ln_likelihood(&shares(&CoverageBeta, &[alpha, beta]).unwrap());
        let ln_beta = |a: f64, b: f64| ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
        let closed = |alpha: f64, beta: f64| -> f64 {
            let one = |problem: &Problem| {
                let (correct, wrong) = (problem.correct as f64, (problem.samples - problem.correct) as f64);
                ln_beta(alpha + correct, beta + wrong) - ln_beta(alpha, beta)
            };
            counts.iter().map(one).sum()
        };
        for (alpha, beta) in [(0.1, 0.5), (0.4, 3.0), (2.0, 1.0), (0.3, 200.0)] {
            assert!(
                (told(alpha, beta) - closed(alpha, beta)).abs() < 1e-6,
                "{alpha} {beta}"
            );
        }
    }

    #[test]
    fn few_samples_foretell_many_of_the_same_problems() {
        // Chances at the quantiles of the distribution.
        let place = std::cell::Cell::new(0.0);
        let many = problems(150, 2000, 9, |_| {
            place.set(place.get() + 1.0);
            ((place.get() - 0.5) / 150.0_f64).powf(2.5)
        });
        let truth = coverage(&many, 1000).unwrap();
        let few = thinned(&many, 100, 3);
        let fitted = Coverage::of_counts(
            &few,
            &[&CoverageBeta],
            &FitOptions {
                replicates: 300,
                ..FitOptions::default()
            },
        );
        let fitted = fitted.unwrap();
        let far = fitted.predict(1000.0).unwrap();
        let interval = far.interval.unwrap();
        assert!(
            interval.holds(truth) && interval.width() < 0.12,
            "{truth} {far:?}"
        );
        let fit = fitted.likeliest();
        assert!(
            fit.parameters["alpha"].estimate.covers(0.4),
            "{:?}",
            fit.parameters
        );
        assert!(
            fit.parameters
                .values()
                .all(|parameter| parameter.estimate.identified)
        );
        assert!(fitted.holdout.unwrap().mean_absolute < 0.1);
        // Problems with fewer samples do not hide those of the others.
        let mut unequal = many.clone();
        unequal
            .iter_mut()
            .zip(&few)
            .step_by(5)
            .for_each(|(many, few)| *many = *few);
        let by = |problems: &[Problem]| {
            let fitted = Coverage::of_counts(problems, &laws(), &options(300, 0)).unwrap();
            fitted.predict(1000.0).unwrap().interval.unwrap().width()
        };
        assert!(by(&unequal) < 0.7 * by(&few), "{} {}", by(&unequal), by(&few));
    }

    #[test]
    fn an_average_holds_what_single_laws_miss() {
        let truths: [fn(&mut Stream) -> f64; 3] = [
            beta,
            |stream| (1.0 + (5.0 - 2.0 * stream.normal()).exp()).recip(),
            |stream| if stream.uniform() < 0.2 { 0.0 } else { beta(stream) },
        ];
        let (mut all, mut one, mut told) = (0, 0, 0);
        for chance in truths {
            for seed in 0..6 {
                let many = problems(100, 5000, seed, chance);
                let truth = coverage(&many, 5000).unwrap();
                let few = thinned(&many, 60, seed);
                let holds = |forms: &[&'static dyn LawForm]| {
                    let fitted = Coverage::of_counts(&few, forms, &options(200, seed)).unwrap();
                    u32::from(fitted.predict(5000.0).unwrap().interval.unwrap().holds(truth))
                };
                told += 1;
                all += holds(&laws());
                one += holds(&[&CoverageBeta]);
            }
        }
        assert!(all * 100 >= 80 * told && all > one, "{all} and {one} of {told}");
    }

    #[test]
    fn shares_stay_shares_at_any_number_of_samples() {
        let few = problems(40, 20, 1, beta);
        for form in laws() {
            let fitted = Coverage::of_counts(&few, &[form], &options(100, 0)).unwrap();
            let mut before = 0.0;
            for samples in [1.0, 30.0, 1e4, 1e9] {
                let told = fitted.predict(samples).unwrap();
                let interval = told.interval.unwrap();
                let inside = 0.0 <= interval.low && interval.low <= told.value && interval.high <= 1.0;
                assert!(inside && told.value >= before, "{} {told:?}", form.name());
                before = told.value;
            }
            assert!(fitted.predict(0.5).is_err() && fitted.predict(f64::NAN).is_err());
        }
    }

    #[test]
    fn a_curve_has_intervals_only_by_its_number_of_problems() {
        let many = problems(130, 3000, 4, beta);
        let truth = coverage(&many, 3000).unwrap();
        let table = Curve::new(&thinned(&many, 100, 0)).unwrap().table();
        let by = |problems, forms: &[&'static dyn LawForm]| {
            Coverage::of_curve(&table, problems, forms, &options(200, 0))
                .unwrap()
                .predict(3000.0)
                .unwrap()
        };
        let unknown = by(None, &laws());
        assert!(unknown.interval.is_none() && unknown.law.is_none(), "{unknown:?}");
        let known = by(Some(130), &laws());
        let width = |told: &Prediction| told.interval.unwrap().width();
        assert!(known.interval.unwrap().holds(truth), "{truth} {known:?}");
        assert!(width(&by(Some(13_000), &[&CoverageBeta])) < 0.5 * width(&by(Some(130), &[&CoverageBeta])));
        let points = fit_curve(&CoveragePower, &table, &FitOptions::default()).unwrap();
        assert!(
            points
                .parameters
                .values()
                .all(|parameter| parameter.estimate.interval.is_none())
        );
        assert!(points.warnings.contains(&Warning::OneCurve));
        assert!(
            crate::predict(&CoveragePower, &points, &[1e4])
                .unwrap()
                .interval
                .is_none()
        );
    }

    #[test]
    fn what_tells_nothing_is_refused() {
        let alike = |correct| {
            Coverage::of_counts(&[Problem { samples: 10, correct }; 5], &laws(), &options(0, 0)).err()
        };
        assert!(matches!(
            alike(0),
            Some(FitError::Refused(Refusal::SameOutcome { .. }))
        ));
        assert!(matches!(
            alike(10),
            Some(FitError::Refused(Refusal::SameOutcome { .. }))
        ));
        assert!(matches!(alike(11), Some(FitError::Input(_))));
        let few = problems(40, 20, 1, beta);
        let power = Coverage::of_counts(&few, &[&CoveragePower], &options(0, 0)).err();
        assert!(matches!(
            power,
            Some(FitError::Refused(Refusal::NoDifficulty { .. }))
        ));
        let point = Coverage::of_counts(
            &few,
            &[&CoverageLogitNormal, &CoverageUnsolvable::BETA],
            &options(0, 0),
        )
        .unwrap();
        assert!(point.predict(100.0).unwrap().interval.is_none());
        assert!((point.laws.iter().map(|law| law.weight).sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
