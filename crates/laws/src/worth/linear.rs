//! Factors near the best law, where it is linear: their standard errors, whether one law does, how a factor changes
//! with compute, and what would have been seen.

use statrs::distribution::{ContinuousCDF, FisherSnedecor};

use super::base::Base;
use super::components::Components;
use super::ladder::Ladder;
use super::law::Law;
use super::{Call, OneLaw, Options};
use crate::error::FitError;
use crate::numeric::{Cholesky, student_chance, student_quantile};
use crate::problem::Problem;

/// Chance below which one law is said not to do.
const SIGNIFICANT: f64 = 0.05;
/// Chance of a difference that is called detectable to be seen.
const POWER: f64 = 0.8;
/// Part of a column's own square that keeps columns that are nearly one apart: a ridge of a law is known to it.
const RIDGE: f64 = 1e-10;

/// The logarithm of an arm's reducible loss over the baseline's at equal compute at the ladder's end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Factor {
    estimate: f64,
    error: f64,
    freedom: usize,
}

impl Factor {
    /// Two-sided chance of a factor as far from 1 if there were none.
    pub(super) fn chance(&self) -> f64 {
        student_chance(self.estimate / self.error, self.freedom as f64)
    }
}

/// How an arm's factor changes with the logarithm of compute.
pub(super) struct Trend {
    /// Its best value.
    pub(super) slope: f64,
    /// The logarithm of compute around which it turns.
    pub(super) centre: f64,
    /// By what residuals are weighed to give the slope.
    weights: Vec<f64>,
}

impl Trend {
    /// The slope that residuals (predicted minus observed) add up to.
    pub(super) fn of(&self, residuals: &[f64]) -> f64 {
        -dot(&self.weights, residuals)
    }
}

pub(super) struct Linear {
    /// By arm, the baseline's first.
    pub(super) factors: Vec<Factor>,
    pub(super) trends: Vec<Trend>,
    pub(super) one_law: Option<OneLaw>,
    exponent: f64,
}

fn dot(first: &[f64], second: &[f64]) -> f64 {
    first.iter().zip(second).map(|(one, other)| one * other).sum()
}

/// Least squares of residuals on the columns of a linear law.
struct Solver {
    columns: Vec<Vec<f64>>,
    factor: Cholesky,
    lengths: Vec<f64>,
}

impl Solver {
    fn of(columns: Vec<Vec<f64>>) -> Option<Self> {
        let length = |column: &Vec<f64>| Some(dot(column, column).sqrt()).filter(|length| *length > 0.0);
        // A parameter that the rows know nothing of has no column, and stays where it is.
        let lengths: Vec<f64> = columns
            .iter()
            .map(|column| length(column).unwrap_or(1.0))
            .collect();
        let order = columns.len();
        let mut squares = vec![0.0; order * order];
        for row in 0..order {
            for column in 0..=row {
                squares[row * order + column] =
                    dot(&columns[row], &columns[column]) / (lengths[row] * lengths[column]);
            }
            squares[row * order + row] += RIDGE;
        }
        let factor = Cholesky::of(&squares, order)?;
        Some(Self {
            columns,
            factor,
            lengths,
        })
    }

    /// The weights of rows by which a sum of coefficients moves with the observed.
    fn weights(&self, of: &[f64]) -> Vec<f64> {
        let scaled: Vec<f64> = of
            .iter()
            .zip(&self.lengths)
            .map(|(of, length)| of / length)
            .collect();
        let solved = self.factor.solve(&scaled);
        let mut weights = vec![0.0; self.columns[0].len()];
        for ((column, solved), length) in self.columns.iter().zip(&solved).zip(&self.lengths) {
            let times = solved / length;
            weights
                .iter_mut()
                .zip(column)
                .for_each(|(weight, value)| *weight += times * value);
        }
        weights
    }

    fn unit(&self, at: usize) -> Vec<f64> {
        let mut unit = vec![0.0; self.columns.len()];
        unit[at] = 1.0;
        self.weights(&unit)
    }

    /// What is left of residuals when every column has taken its part.
    fn left(&self, residuals: &[f64]) -> Vec<f64> {
        let mut left = residuals.to_vec();
        for (at, column) in self.columns.iter().enumerate() {
            let part = dot(&self.unit(at), residuals);
            left.iter_mut()
                .zip(column)
                .for_each(|(left, value)| *left -= part * value);
        }
        left
    }
}

impl Linear {
    pub(super) fn of(law: &Law, ladder: &Ladder<'_>) -> Result<Self, FitError> {
        let order = law.best.len();
        let slopes = Problem::new(&law.form, &law.rows, &law.objective, 1.0).slopes(&law.minima[0]);
        let columns: Vec<Vec<f64>> = (0..order)
            .map(|at| slopes.iter().skip(at).step_by(order).copied().collect())
            .collect();
        let compute: Vec<f64> = ladder.rows().map(|(_, run)| run.flops.ln()).collect();
        let ratio: Vec<f64> = ladder
            .rows()
            .map(|(_, run)| (run.tokens / run.params).ln())
            .collect();
        let arms = ladder.arms.len();
        let at_factor = |arm: usize| law.shared() + arm - 1;
        let turning = |of: &[f64]| -> Vec<(Vec<f64>, f64)> {
            (1..arms)
                .map(|arm| turned(&columns[at_factor(arm)], of))
                .collect()
        };
        let by_compute = turning(&compute);
        let extended: Vec<Vec<f64>> = by_compute.iter().map(|(column, _)| column.clone()).collect();
        let counts = |more: usize| (law.shared(), arms - 1 + more);
        let model = |more: &[Vec<f64>]| Model::of(law, ladder, &columns, more, counts(more.len()));
        let (plain, trended) = (model(&[]), model(&extended));
        let both = match law.base {
            Base::Joint | Base::Tokens => {
                let by_ratio = turning(&ratio).into_iter().map(|(column, _)| column);
                model(&extended.iter().cloned().chain(by_ratio).collect::<Vec<_>>())
            }
            Base::Compute => model(&extended),
        };
        let one_law = both.and_then(|both| both.test(order, ladder));
        let holds = one_law.as_ref().is_none_or(|test| test.holds);
        let trends = by_compute.iter().enumerate().map(|(number, (_, centre))| {
            let weights = trended.as_ref().map(|of| of.solver.unit(order + number));
            let weights = weights.unwrap_or_else(|| vec![0.0; law.rows.len()]);
            Trend {
                slope: -dot(&weights, &law.residuals),
                centre: *centre,
                weights,
            }
        });
        let mut linear = Self {
            trends: trends.collect(),
            factors: Vec::new(),
            one_law,
            exponent: law.base.exponent(&law.best).0,
        };
        let model = if holds { plain } else { trended };
        linear.factors = (0..arms)
            .map(|arm| linear.factor(arm, law, ladder, model.as_ref()))
            .collect();
        Ok(linear)
    }

    /// The factor of an arm at equal compute at the ladder's end, by the model that holds.
    fn factor(&self, arm: usize, law: &Law, ladder: &Ladder<'_>, model: Option<&Model>) -> Factor {
        let Some((model, number)) = model.zip(arm.checked_sub(1)) else {
            return Factor {
                estimate: 0.0,
                error: f64::INFINITY,
                freedom: 0,
            };
        };
        let (exponent, of_exponent) = law.base.exponent(&law.best);
        let (power, of_power) = law.base.power(&law.best);
        let at = law.shared() + number;
        let mut factor = law.best[at].ln();
        let mut gradient = vec![0.0; model.solver.columns.len()];
        gradient[at] = power;
        if model.is_trended {
            let trend = &self.trends[number];
            let beyond = ladder.end.flops.ln() - trend.centre;
            gradient[law.best.len() + number] = power * beyond;
            factor += beyond * trend.slope;
        }
        for (at, of) in law.base.form().parameters().iter().enumerate() {
            let slope = factor * of_power[at] + law.costs[arm] * of_exponent[at];
            gradient[at] = slope * of.scale.derivative(law.best[at]);
        }
        let estimate = power * factor + exponent * law.costs[arm];
        let weights = model.solver.weights(&gradient);
        let variance = model.components.covariance(&weights, &weights, &ladder.cells);
        Factor {
            estimate,
            error: variance.sqrt(),
            freedom: model.components.freedom,
        }
    }

    /// Whether an arm is called different, and which way.
    pub(super) fn call(&self, arm: usize, options: &Options) -> Call {
        let factor = &self.factors[arm];
        match factor.chance() < 1.0 - options.level_of_calls(self.factors.len() - 1) {
            true if factor.estimate < 0.0 => Call::Better,
            true => Call::Worse,
            false => Call::NoDifferenceSeen,
        }
    }

    /// The smallest multiplier that would have been called different with a chance of [`POWER`].
    pub(super) fn detectable(&self, arm: usize, options: &Options) -> Option<f64> {
        let factor = &self.factors[arm];
        let quantile = |probability| student_quantile(probability, factor.freedom as f64);
        let level = options.level_of_calls(self.factors.len() - 1);
        let distance = quantile(0.5 * (1.0 + level)) + quantile(POWER);
        let multiplier = (distance * factor.error / self.exponent).exp();
        (factor.freedom > 0 && self.exponent > 0.0 && multiplier.is_finite()).then_some(multiplier)
    }
}

/// A column times what a coordinate is away from its mean over the column's rows, and that mean.
fn turned(column: &[f64], of: &[f64]) -> (Vec<f64>, f64) {
    let weight: f64 = dot(column, column);
    let centre = column
        .iter()
        .zip(of)
        .map(|(slope, at)| slope * slope * at)
        .sum::<f64>()
        / weight;
    let turned = column.iter().zip(of).map(|(slope, at)| slope * (at - centre));
    (turned.collect(), centre)
}

/// The linear law with some columns more, and what is left of the residuals then.
struct Model {
    solver: Solver,
    components: Components,
    coefficients: Vec<f64>,
    is_trended: bool,
}

impl Model {
    fn of(
        law: &Law,
        ladder: &Ladder<'_>,
        columns: &[Vec<f64>],
        more: &[Vec<f64>],
        counts: (usize, usize),
    ) -> Option<Self> {
        let solver = Solver::of(columns.iter().chain(more).cloned().collect())?;
        let components = match more.is_empty() {
            true => law.components.clone(),
            false => Components::of(&solver.left(&law.residuals), &ladder.cells, counts),
        };
        let order = columns.len();
        let extra = (order..order + more.len()).map(|at| -dot(&solver.unit(at), &law.residuals));
        Some(Self {
            coefficients: extra.collect(),
            is_trended: !more.is_empty(),
            solver,
            components,
        })
    }

    /// The F test of the columns beyond the first `order`.
    fn test(&self, order: usize, ladder: &Ladder<'_>) -> Option<OneLaw> {
        let count = self.coefficients.len();
        let freedom = self.components.freedom;
        let weights: Vec<Vec<f64>> = (order..order + count).map(|at| self.solver.unit(at)).collect();
        let mut covariance = vec![0.0; count * count];
        for row in 0..count {
            for column in 0..=row {
                covariance[row * count + column] =
                    self.components
                        .covariance(&weights[row], &weights[column], &ladder.cells);
            }
        }
        let solved = Cholesky::of(&covariance, count)?.solve(&self.coefficients);
        let statistic = dot(&solved, &self.coefficients) / count as f64;
        let distribution = FisherSnedecor::new(count as f64, freedom as f64).ok()?;
        let chance = distribution.sf(statistic);
        (freedom > 0 && statistic.is_finite()).then_some(OneLaw {
            statistic,
            freedom: (count, freedom),
            chance,
            holds: chance >= SIGNIFICANT,
        })
    }
}
