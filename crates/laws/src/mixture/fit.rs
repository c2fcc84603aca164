//! Fits of a mixture's law: least squares, and rows drawn again for how sure it is.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{MixtureForm, Mixtures, check_mixture};
use crate::error::{FitError, InputError, Refusal};
use crate::fit::Estimate;
use crate::numeric::{Curvature, Minimum, Quadratic, Stream, descend, least_squares};

/// Weight of the squares of the exponents `t_j` beside those of residuals, which is a residual of a thousandth of each:
/// without it a domain that is in few mixtures has an exponent that runs away.
const RIDGE: f64 = 1e-6;

/// The least share of the bootstrap's samples that must tell all domains apart.
const LEAST_KEPT: f64 = 0.9;

/// Where the search for an exponential law starts: the part of the lowest loss that no mixture removes.
const FLOORS: [f64; 3] = [0.3, 0.7, 0.95];

/// How a mixture's law is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MixtureOptions {
    /// Bootstrap samples of rows; 0 for none.
    pub replicates: usize,
    /// Level of the intervals.
    pub level: f64,
    /// Seed of the bootstrap.
    pub seed: u64,
}

impl Default for MixtureOptions {
    fn default() -> Self {
        Self {
            replicates: 200,
            level: 0.9,
            seed: 0,
        }
    }
}

/// A fitted law of mixtures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MixtureFit {
    /// The form.
    pub form: MixtureForm,
    /// Number of domains.
    pub domains: usize,
    /// Parameters in the order of the form's equation.
    pub best: Vec<f64>,
    /// Parameters of every bootstrap sample whose rows tell all domains apart.
    pub draws: Vec<Vec<f64>>,
    /// Bootstrap samples whose rows do not.
    #[serde(default)]
    pub left_out: usize,
    /// Standard deviation of a run's loss around the law.
    pub noise: f64,
    /// Share of the variance of the losses that is explained.
    pub r_squared: f64,
    /// The largest share of each domain in the runs fitted.
    pub largest: Vec<f64>,
    /// Level of the intervals.
    pub level: f64,
}

/// Fits a form to runs that differ in their mixture, by least squares.
///
/// # Errors
/// [`InputError::Option`] for a level outside 0 to 1; [`Refusal::TooFewRows`] with no more rows than parameters;
/// [`Refusal::Constant`] when all losses are one; [`Refusal::Collinear`] when the mixtures do not tell all domains
/// apart, or nine tenths of the bootstrap's samples do not.
///
/// ```
/// use triaxis_laws::mixture::{MixtureForm, MixtureOptions, Mixtures, fit_mixture};
/// let shares: Vec<Vec<f64>> = (0..9).map(|step| vec![0.1 + 0.1 * f64::from(step), 0.9 - 0.1 * f64::from(step)]).collect();
/// let losses: Vec<f64> = shares.iter().map(|share| 3.0 * share[0] + 2.0 * share[1]).collect();
/// let runs = Mixtures::new(&shares, &losses).unwrap();
/// let fit = fit_mixture(MixtureForm::Linear, &runs, &MixtureOptions::default()).unwrap();
/// assert!((fit.predict(&[0.5, 0.5]).unwrap().value - 2.5).abs() < 1e-9);
/// ```
pub fn fit_mixture(
    form: MixtureForm,
    runs: &Mixtures,
    options: &MixtureOptions,
) -> Result<MixtureFit, FitError> {
    if !(options.level > 0.0 && options.level < 1.0) {
        return Err(InputError::Option {
            option: "level",
            value: options.level,
            rule: "between 0 and 1",
        }
        .into());
    }
    let (rows, parameters) = (runs.rows(), form.parameters(runs.domains));
    if rows <= parameters {
        return Err(Refusal::TooFewRows {
            rows,
            parameters,
            needed: parameters + 1,
        }
        .into());
    }
    let different = runs.different();
    if different < parameters {
        return Err(Refusal::TooFewDiffer {
            given: rows,
            rows: different,
            parameters,
            needed: parameters,
        }
        .into());
    }
    let mean = runs.losses.iter().sum::<f64>() / rows as f64;
    let all: f64 = runs.losses.iter().map(|loss| (loss - mean).powi(2)).sum();
    if all <= 0.0 {
        return Err(Refusal::Constant {
            column: "loss".into(),
            rows,
        }
        .into());
    }
    let problem = Problem { form, runs };
    let best = problem
        .solve(&vec![1.0; rows], None)
        .ok_or_else(|| Refusal::Collinear {
            columns: "the shares".into(),
            reason: "the mixtures do not tell all domains apart".into(),
        })?;
    let draw = |at: u64| {
        let counts = Stream::new(options.seed, "mixtures drawn", at).resample_counts(rows);
        problem.solve(&counts, Some(&best))
    };
    let draws: Vec<Vec<f64>> = (0..options.replicates as u64)
        .into_par_iter()
        .filter_map(draw)
        .collect();
    let left_out = options.replicates - draws.len();
    if (draws.len() as f64) < LEAST_KEPT * options.replicates as f64 {
        return Err(Refusal::Collinear {
            columns: "the shares".into(),
            reason: format!(
                "only {} of {} bootstrap samples of the {rows} runs tell all domains apart, and those that do say too little \
                 of how sure the law is; add runs, or join domains that are in few of them",
                draws.len(),
                options.replicates
            ),
        }
        .into());
    }
    let residuals = runs.mixtures().zip(&runs.losses);
    let squares = residuals.map(|(shares, loss)| (form.loss(&best, shares) - loss).powi(2));
    let squares: f64 = squares.sum();
    let largest = (0..runs.domains).map(|domain| {
        let shares = runs.mixtures().map(|shares| shares[domain]);
        shares.fold(0.0, f64::max)
    });
    Ok(MixtureFit {
        form,
        domains: runs.domains,
        draws,
        left_out,
        noise: (squares / (rows - parameters) as f64).sqrt(),
        r_squared: 1.0 - squares / all,
        largest: largest.collect(),
        level: options.level,
        best,
    })
}

/// The best parameters with weights of the rows, from the point given or else from starts.
pub(super) fn solved(
    form: MixtureForm,
    runs: &Mixtures,
    weights: &[f64],
    from: Option<&[f64]>,
) -> Option<Vec<f64>> {
    Problem { form, runs }.solve(weights, from)
}

impl MixtureFit {
    /// The law's loss at a mixture, with the interval of the bootstrap.
    ///
    /// # Errors
    /// [`InputError`] for another number of domains, and for what are no shares.
    pub fn predict(&self, shares: &[f64]) -> Result<Estimate, InputError> {
        if shares.len() != self.domains {
            return Err(InputError::Length {
                column: "shares".into(),
                found: shares.len(),
                expected: self.domains,
            });
        }
        let shares = check_mixture(shares, 0)?;
        let value = self.form.loss(&self.best, &shares);
        let draws = self.draws.iter().map(|draw| self.form.loss(draw, &shares));
        Ok(Estimate::of_samples(value, draws, self.level))
    }
}

struct Problem<'a> {
    form: MixtureForm,
    runs: &'a Mixtures,
}

impl Problem<'_> {
    /// The best parameters with weights of the rows, from the point given or else from starts.
    fn solve(&self, weights: &[f64], from: Option<&[f64]>) -> Option<Vec<f64>> {
        let (form, runs) = (self.form, self.runs);
        let width = form.parameters(runs.domains);
        if form.is_linear() {
            let mut design = vec![0.0; width * runs.rows()];
            let none = vec![0.0; width];
            for (row, shares) in design.chunks_exact_mut(width).zip(runs.mixtures()) {
                form.value(&none, shares, row);
            }
            return least_squares(&design, &runs.losses, weights, width);
        }
        let search = |start: &[f64]| {
            let mut weighted = Weighted {
                problem: self,
                weights,
                slopes: vec![0.0; width],
            };
            descend(&mut weighted, start, 400, 1e-12)
        };
        let lowest = runs.losses.iter().copied().fold(f64::INFINITY, f64::min);
        let mean = runs.losses.iter().sum::<f64>() / runs.rows() as f64;
        let start = |part: &f64| {
            // Below the lowest loss also where losses are logarithms.
            let floor = lowest - (1.0 - part) * lowest.abs().max(1e-3);
            let mut start = vec![0.0; width];
            (start[0], start[1]) = (floor, (mean - floor).max(1e-9).ln());
            start
        };
        let starts = match from {
            Some(point) => vec![point.to_vec()],
            None => FLOORS.iter().map(start).collect(),
        };
        let minima = starts.iter().map(|start| search(start));
        let best = minima
            .filter(|minimum| minimum.value.is_finite())
            .min_by(|one: &Minimum, other| one.value.total_cmp(&other.value))?;
        Some(best.point)
    }
}

/// Squares of weighted residuals, and of the exponents.
struct Weighted<'a> {
    problem: &'a Problem<'a>,
    weights: &'a [f64],
    slopes: Vec<f64>,
}

impl Curvature for Weighted<'_> {
    fn quadratic(&mut self, point: &[f64], model: &mut Quadratic) {
        let Problem { form, runs } = self.problem;
        let order = point.len();
        model.value = 0.0;
        model.gradient.fill(0.0);
        model.hessian.fill(0.0);
        for ((shares, loss), weight) in runs.mixtures().zip(&runs.losses).zip(self.weights) {
            let residual = form.value(point, shares, &mut self.slopes) - loss;
            model.value += 0.5 * weight * residual * residual;
            for (row, slope) in self.slopes.iter().enumerate() {
                model.gradient[row] += weight * residual * slope;
                for (column, other) in self.slopes[..=row].iter().enumerate() {
                    model.hessian[row * order + column] += weight * slope * other;
                }
            }
        }
        for (at, exponent) in point.iter().enumerate().skip(2) {
            model.value += 0.5 * RIDGE * exponent * exponent;
            model.gradient[at] += RIDGE * exponent;
            model.hessian[at * (order + 1)] += RIDGE;
        }
    }
}
