//! What a fit returns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::options::{LEAST_REPLICATES, Resampling};
use super::repeats::PureError;
use crate::error::{Refusal, Warning};
use crate::form::Residual;
use crate::numeric::{Stream, expanded_level, normal_quantile, quantile_sorted, sorted, student_quantile};
use crate::objective::Objective;

/// A value with the interval of the data around it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Best estimate.
    pub value: f64,
    /// Low end of the interval.
    pub low: f64,
    /// High end of the interval.
    pub high: f64,
    /// False when the data do not bound the value on both sides: the ends are then what was searched.
    pub identified: bool,
    /// Whether the low end is that of a parameter's range, below which nothing was searched.
    #[serde(default)]
    pub open_below: bool,
    /// Whether the high end is.
    #[serde(default)]
    pub open_above: bool,
}

impl Estimate {
    /// A value of which nothing is known but itself.
    pub fn point(value: f64) -> Self {
        Self {
            value,
            low: value,
            high: value,
            identified: false,
            open_below: false,
            open_above: false,
        }
    }

    /// A value with an interval that is widened to hold it.
    pub(crate) fn within(value: f64, (low, high): (f64, f64), identified: bool) -> Self {
        Self {
            value,
            low: low.min(value),
            high: high.max(value),
            identified,
            ..Self::point(value)
        }
    }

    /// Whether `truth` lies in the interval.
    pub fn covers(&self, truth: f64) -> bool {
        (self.low..=self.high).contains(&truth)
    }
}

/// A parameter with its interval, and the interval by each method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParameterEstimate {
    /// The estimate and the interval to be used.
    #[serde(flatten)]
    pub estimate: Estimate,
    /// Intervals by method: `bca`, `percentile`, `profile`.
    pub intervals: BTreeMap<String, (f64, f64)>,
}

/// How far a new run lies from those fitted, in one quantity.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reach {
    /// The smallest value fitted.
    pub smallest: f64,
    /// The largest value fitted.
    pub largest: f64,
    /// How many times the largest, when above it; what part of the smallest, when below; 1 between them.
    /// Infinite or 0 where a quotient of the two has no meaning.
    pub factor: f64,
}

impl Reach {
    pub(crate) fn of(value: f64, (smallest, largest): (f64, f64)) -> Self {
        let quotient = |over: f64, meaningless: f64| match value > 0.0 && over > 0.0 {
            true => value / over,
            false => meaningless,
        };
        // Values come from logarithms and back.
        let slack = 1e-9 * value.abs();
        let factor = match () {
            () if value > largest + slack => quotient(largest, f64::INFINITY),
            () if value < smallest - slack => quotient(smallest, 0.0),
            () => 1.0,
        };
        Self {
            smallest,
            largest,
            factor,
        }
    }

    /// Whether the run lies between those fitted.
    pub fn is_within(&self) -> bool {
        self.factor == 1.0
    }
}

/// A prediction for a new run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Inputs by column name, in natural units.
    pub inputs: BTreeMap<String, f64>,
    /// Predicted response.
    pub value: f64,
    /// Low end of the interval for the response of one new run.
    pub low: f64,
    /// High end.
    pub high: f64,
    /// Low end for the law itself, without a new run's own noise.
    pub law_low: f64,
    /// High end for the law itself.
    pub law_high: f64,
    /// Level of the intervals.
    pub level: f64,
    /// How far each input lies from the runs fitted, and `compute` where parameters and tokens are inputs.
    pub reach: BTreeMap<String, Reach>,
}

/// How well the largest runs are predicted by a fit to the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Holdout {
    /// Rows left out, by index.
    pub rows: Vec<usize>,
    /// Rows fitted.
    pub fitted: usize,
    /// Factor in size between the largest run left out and the largest one fitted.
    pub reach: f64,
    /// Relative errors `(predicted - observed) / observed`, in the order of `rows`.
    pub errors: Vec<f64>,
    /// Mean of their absolute values.
    pub mean_absolute: f64,
    /// Mean absolute relative error of predicting the mean of the fitted rows, to compare with.
    pub baseline: f64,
}

impl Holdout {
    /// A warning when the mean of the runs fitted would have done as well.
    pub(crate) fn warning(&self) -> Option<Warning> {
        let (error, baseline) = (self.mean_absolute, self.baseline);
        let fails = error.is_nan() || error >= baseline;
        fails.then_some(Warning::WorseThanMean { error, baseline })
    }
}

/// A local minimum of the objective.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LocalMinimum {
    /// The objective.
    pub objective: f64,
    /// Parameters in natural units.
    pub parameters: Vec<f64>,
}

/// A fitted law.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// Name of the form.
    pub form: String,
    /// Parameters by name.
    pub parameters: BTreeMap<String, ParameterEstimate>,
    /// The same best values, in the order of the form.
    pub best: Vec<f64>,
    /// Least value of the objective.
    pub objective: f64,
    /// What was minimised.
    pub minimised: Objective,
    /// How many rows had a weight.
    pub rows: usize,
    /// Starts tried.
    pub starts: usize,
    /// Distinct local minima found, the best first.
    pub minima: Vec<LocalMinimum>,
    /// Residuals `observed - predicted` of all rows, in the coordinate of the objective.
    pub residuals: Vec<f64>,
    /// Those of the rows that had a weight: the noise of a new run.
    pub used_residuals: Vec<f64>,
    /// Share of the variance of the response (in the coordinate of the objective) that is explained.
    pub r_squared: f64,
    /// Noise of one run in that coordinate: root of the squared residuals over the degrees of freedom.
    pub noise: f64,
    /// The same from repeated seeds alone; `None` when no setting was run twice.
    pub pure_error: Option<PureError>,
    /// Fits to bootstrap samples, parameters in natural units.
    pub replicates: Vec<Vec<f64>>,
    /// What the bootstrap drew.
    pub resampling: Resampling,
    /// Level of the intervals.
    pub level: f64,
    /// Seed of the random streams.
    pub seed: u64,
    /// Smallest and largest value fitted of every input, and of `compute`, 6 N D, where both are inputs.
    #[serde(default)]
    pub sampled: BTreeMap<String, (f64, f64)>,
    /// Check on the largest runs, when there are enough.
    pub holdout: Option<Holdout>,
    /// What a reader must know.
    pub warnings: Vec<Warning>,
    /// What the data refused to answer.
    pub refusals: Vec<Refusal>,
}

impl Fit {
    /// The best value of a parameter by name; `None` when the form has none of that name.
    pub fn parameter(&self, name: &str) -> Option<f64> {
        self.parameters
            .get(name)
            .map(|parameter| parameter.estimate.value)
    }

    /// Mean absolute relative error on the runs left out of a fit; infinite without such a check.
    pub fn held_out_error(&self) -> f64 {
        let holdout = self.holdout.as_ref();
        holdout.map_or(f64::INFINITY, |holdout| holdout.mean_absolute)
    }

    /// The interval of any function of the parameters (natural units, order of the form), from the replicates.
    ///
    /// Its ends are percentiles; `identified` is true when nine tenths of the replicates are finite.
    pub fn derived(&self, quantity: impl Fn(&[f64]) -> f64) -> Estimate {
        let value = quantity(&self.best);
        let values = sorted(self.replicates.iter().map(|replicate| quantity(replicate)));
        if values.len() < LEAST_REPLICATES || !value.is_finite() {
            return Estimate::point(value);
        }
        let freedom = self.rows.saturating_sub(self.best.len()) as f64;
        let tail = 0.5 * (1.0 - expanded_level(self.level, freedom));
        let ends = (
            quantile_sorted(&values, tail),
            quantile_sorted(&values, 1.0 - tail),
        );
        Estimate::within(value, ends, 10 * values.len() >= 9 * self.replicates.len())
    }

    /// A replicate's prediction moved away from the best one by a factor, in the coordinate of the residual.
    fn widened(&self, best: f64, replicate: f64, factor: f64) -> f64 {
        match self.minimised.residual {
            Residual::Log => best * (replicate / best).powf(factor),
            Residual::Linear => best + factor * (replicate - best),
        }
    }

    /// Interval of `law(parameters)` for a new run: the parameters of each replicate, and noise on top.
    ///
    /// With enough repeated seeds the noise is Student's distribution of their scale. Else it is drawn
    /// from the residuals, inflated for the parameters fitted; with fewer than 30 degrees of freedom from
    /// Student's distribution of the same scale instead, as a handful of residuals has no tails.
    /// `(low, high)` of the new run, then of the law.
    pub(crate) fn spread(&self, law: impl Fn(&[f64]) -> f64) -> ((f64, f64), (f64, f64)) {
        let value = law(&self.best);
        let freedom = self.rows.saturating_sub(self.best.len()).max(1);
        let student = match self.pure_error.filter(PureError::is_preferred) {
            Some(repeats) => Some((repeats.noise, repeats.freedom)),
            None => (freedom < 30).then_some((self.noise, freedom)),
        };
        let inflation = (self.rows as f64 / freedom as f64).sqrt();
        let only = [self.best.clone()];
        let replicates = if self.replicates.is_empty() {
            &only[..]
        } else {
            &self.replicates[..]
        };
        // As much wider as Student's distribution is than the normal one: the replicates know one noise.
        let upper = 0.5 * (1.0 + self.level);
        let widening = student_quantile(upper, freedom as f64) / normal_quantile(upper);
        let (mut laws, mut runs) = (Vec::new(), Vec::new());
        // With few replicates each gets more than one draw of noise.
        let draws = 2000_usize.div_ceil(replicates.len());
        for (index, replicate) in replicates.iter().enumerate() {
            let law = self.widened(value, law(replicate), widening);
            laws.push(law);
            let mut stream = Stream::new(self.seed, "prediction noise", index as u64);
            for _ in 0..draws {
                let noise = match student {
                    Some((noise, freedom)) => noise * student_quantile(stream.uniform(), freedom as f64),
                    None => inflation * self.used_residuals[stream.below(self.used_residuals.len())],
                };
                runs.push(match self.minimised.residual {
                    Residual::Log => law * noise.exp(),
                    Residual::Linear => law + noise,
                });
            }
        }
        let tail = 0.5 * (1.0 - self.level);
        let ends = |values: Vec<f64>| {
            let values = sorted(values);
            (
                quantile_sorted(&values, tail).min(value),
                quantile_sorted(&values, 1.0 - tail).max(value),
            )
        };
        (ends(runs), ends(laws))
    }
}
