//! What a fit returns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::options::{LEAST_REPLICATES, Resampling};
use super::repeats::PureError;
use super::widening::Widening;
use crate::error::{Refusal, Warning};
use crate::form::Residual;
use crate::numeric::{Stream, expanded_level, quantile_sorted, sorted, student_quantile};
use crate::objective::Objective;

/// The two ends of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Low end.
    pub low: f64,
    /// High end.
    pub high: f64,
}

impl Interval {
    /// Whether `value` lies between the ends.
    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// What of it lies between two bounds.
    pub(crate) fn clamped(self, low: f64, high: f64) -> Self {
        Self {
            low: self.low.clamp(low, high),
            high: self.high.clamp(low, high),
        }
    }

    /// The interval as it is told, with its level beside it.
    pub fn at(self, level: f64) -> triaxis_units::Interval {
        triaxis_units::Interval {
            low: self.low,
            high: self.high,
            level,
        }
    }

    /// High end less low end.
    pub fn width(&self) -> f64 {
        self.high - self.low
    }
}

/// A value with the interval of the data around it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Estimate {
    /// Best estimate.
    pub value: f64,
    /// The interval; `None` where the data do not tell how far from the truth the value may be.
    pub interval: Option<Interval>,
    /// False when the data do not bound the value on both sides: the ends, if any, are then what was searched.
    pub identified: bool,
    /// Whether the low end is that of a parameter's range, below which nothing was searched.
    pub open_below: bool,
    /// Whether the high end is.
    pub open_above: bool,
}

/// An estimate as it is written: an interval that is not known has the ends `null`.
#[derive(Serialize, Deserialize)]
struct Written {
    value: f64,
    low: Option<f64>,
    high: Option<f64>,
    identified: bool,
    #[serde(default)]
    open_below: bool,
    #[serde(default)]
    open_above: bool,
}

impl From<Estimate> for Written {
    fn from(of: Estimate) -> Self {
        Self {
            value: of.value,
            low: of.interval.map(|interval| interval.low),
            high: of.interval.map(|interval| interval.high),
            identified: of.identified,
            open_below: of.open_below,
            open_above: of.open_above,
        }
    }
}

impl From<Written> for Estimate {
    fn from(of: Written) -> Self {
        Self {
            value: of.value,
            interval: of.low.zip(of.high).map(|(low, high)| Interval { low, high }),
            identified: of.identified,
            open_below: of.open_below,
            open_above: of.open_above,
        }
    }
}

impl Estimate {
    /// A value of which nothing is known but itself.
    pub fn point(value: f64) -> Self {
        Self {
            value,
            interval: None,
            identified: false,
            open_below: false,
            open_above: false,
        }
    }

    /// A value with an interval that is widened to hold it.
    pub(crate) fn within(value: f64, (low, high): (f64, f64), identified: bool) -> Self {
        Self {
            interval: Some(Interval {
                low: low.min(value),
                high: high.max(value),
            }),
            identified,
            ..Self::point(value)
        }
    }

    /// A value with the percentiles of what samples of the data give, without those that give nothing finite.
    pub(crate) fn of_samples(value: f64, samples: impl ExactSizeIterator<Item = f64>, level: f64) -> Self {
        let drawn = samples.len();
        let values = sorted(samples);
        if values.len() < LEAST_REPLICATES || !value.is_finite() {
            return Self::point(value);
        }
        let tail = 0.5 * (1.0 - level);
        let ends = (
            quantile_sorted(&values, tail),
            quantile_sorted(&values, 1.0 - tail),
        );
        Self::within(value, ends, 10 * values.len() >= 9 * drawn)
    }

    /// The value and its interval as they are told, with the interval's level beside it.
    pub fn told(&self, level: f64) -> triaxis_units::Estimate {
        triaxis_units::Estimate {
            value: self.value,
            interval: self.interval.map(|interval| interval.at(level)),
        }
    }

    /// The side on which the value is known, where one end or both are those of all that was searched or measured.
    pub fn bound(&self, print: impl Fn(f64) -> String) -> Option<String> {
        match (self.interval?, self.open_below, self.open_above) {
            (_, true, true) => Some("open".to_owned()),
            (ends, true, false) => Some(format!("at most {}", print(ends.high))),
            (ends, false, true) => Some(format!("at least {}", print(ends.low))),
            _ => None,
        }
    }

    /// Whether `truth` lies in the interval, if there is one.
    pub fn covers(&self, truth: f64) -> bool {
        self.interval.is_some_and(|interval| interval.holds(truth))
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
    /// That of a value from those between two.
    pub fn of(value: f64, (smallest, largest): (f64, f64)) -> Self {
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

    /// How many times above the largest or below the smallest; 1 between them.
    fn distance(&self) -> f64 {
        self.factor.max(self.factor.recip())
    }

    /// The distance in a quantity of that name over the farthest that any published prediction was checked: a factor of
    /// 100 in one input or ratio and of 10,000 in a compute (300 times: Gadre et al. 2024; at most 10,000: OpenAI 2023,
    /// GPT-4 Technical Report, section 3.1).
    fn over(&self, name: &str) -> f64 {
        let most = if matches!(name, "compute" | "flops") {
            1e4
        } else {
            100.0
        };
        self.distance() / most
    }

    /// Why nothing is said of a run so far away in the quantity of that name, if it is too far.
    pub fn too_far(&self, name: &str) -> Option<String> {
        let side = if self.factor > 1.0 { "above" } else { "below" };
        (self.over(name) > 1.0).then(|| {
            format!(
                "{name} is {} times {side} all that was fitted, farther than any prediction was ever checked",
                match self.distance() {
                    times if times < 1e6 => format!("{times:.0}"),
                    times => format!("{times:.1e}"),
                }
            )
        })
    }

    /// Whether the run lies between those fitted.
    pub fn is_within(&self) -> bool {
        self.factor == 1.0
    }
}

/// Degrees of freedom from which on residuals have tails of their own.
const NORMAL: usize = 30;

/// A prediction for a new run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Inputs by column name, in natural units.
    pub inputs: BTreeMap<String, f64>,
    /// Predicted response.
    pub value: f64,
    /// The interval for the response of one new run; `None` where the rows tell of no noise.
    pub interval: Option<Interval>,
    /// That of the law itself, without a new run's own noise; `None` without a bootstrap, too.
    pub law: Option<Interval>,
    /// Level of the intervals.
    pub level: f64,
    /// How far it lies from the runs fitted: in each input, in every ratio of two sizes of a run, and in
    /// `compute` where parameters and tokens are inputs. Each may be within while their ratio is not.
    pub reach: BTreeMap<String, Reach>,
}

impl Prediction {
    /// Why this is an extrapolation rather than a prediction: the quantity that is farthest beyond the farthest
    /// that any published prediction was checked.
    pub fn extrapolation(&self) -> Option<String> {
        let over = |(name, reach): &(&String, &Reach)| reach.over(name);
        let farthest = self
            .reach
            .iter()
            .max_by(|one, other| over(one).total_cmp(&over(other)));
        farthest.and_then(|(name, reach)| reach.too_far(name))
    }
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
    /// The run that each row is of: rows of one run are one piece of evidence.
    #[serde(default)]
    pub runs: Vec<usize>,
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
    /// Runs that the rows are of, where some run has several rows, as its checkpoints: the evidence.
    #[serde(default)]
    pub runs: Option<usize>,
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
    /// Degrees of freedom that tell of the noise: the rows less the parameters, or of rows that share runs the
    /// runs less one. Without any there is no interval.
    pub freedom: usize,
    /// Noise of one run in that coordinate: root of the squared residuals over the degrees of freedom.
    pub noise: Option<f64>,
    /// The same from repeated seeds alone; `None` when no setting was run twice.
    pub pure_error: Option<PureError>,
    /// Fits to bootstrap samples, parameters in natural units.
    pub replicates: Vec<Vec<f64>>,
    /// The noise that each of these was drawn with: it varies as Student's distribution has it. Empty where
    /// rows were drawn.
    #[serde(default)]
    pub replicate_noise: Vec<f64>,
    /// What the bootstrap drew.
    pub resampling: Resampling,
    /// Level of the intervals.
    pub level: f64,
    /// Seed of the random streams.
    pub seed: u64,
    /// Smallest and largest value fitted of every input, of the ratio of every two that are sizes (as
    /// `tokens/params`), and of `compute`, 6 N D, where both are inputs.
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

    /// The level at which percentiles of the replicates are read. Residuals are drawn with a noise that varies
    /// as widely as few rows leave it open; rows know one noise, and are read as far out as Student's distribution.
    pub(crate) fn percentile_level(&self) -> f64 {
        match self.resampling {
            Resampling::Case => expanded_level(self.level, self.freedom as f64),
            Resampling::Residual | Resampling::Posterior => self.level,
        }
    }

    /// The interval of any function of the parameters (natural units, order of the form), from the replicates.
    ///
    /// Its ends are percentiles; `identified` is true when nine tenths of the replicates are finite.
    pub fn derived(&self, quantity: impl Fn(&[f64]) -> f64) -> Estimate {
        let value = quantity(&self.best);
        if self.freedom == 0 {
            return Estimate::point(value);
        }
        Estimate::of_samples(
            value,
            self.replicates.iter().map(|replicate| quantity(replicate)),
            self.percentile_level(),
        )
    }

    /// Intervals of `law(parameters)` for a new run, and for the law itself: the parameters of each replicate,
    /// and noise on top.
    ///
    /// With enough repeated seeds the noise is Student's distribution of their scale. Else it is drawn from
    /// the residuals, inflated for the parameters fitted; with fewer than 30 degrees of freedom from the
    /// normal distribution of each replicate's own scale instead, as a handful of residuals has no tails.
    pub(crate) fn spread(&self, law: impl Fn(&[f64]) -> f64) -> (Option<Interval>, Option<Interval>) {
        let value = law(&self.best);
        let failed = |said: &Warning| matches!(said, Warning::TooManyFailedSamples { .. });
        if self.freedom == 0 || self.warnings.iter().any(failed) {
            return (None, None);
        }
        let noise = self.noise.unwrap_or(f64::NAN);
        let repeats = self.pure_error.filter(PureError::is_preferred);
        let squares: f64 = self
            .used_residuals
            .iter()
            .map(|residual| residual * residual)
            .sum();
        let raw = (squares / self.used_residuals.len() as f64).sqrt();
        let inflation = if raw > 0.0 { noise / raw } else { 1.0 };
        let one_run = |replicate: usize, stream: &mut Stream| {
            let scale = self.replicate_noise.get(replicate).map(|own| own / noise);
            match (repeats, scale) {
                (Some(repeats), _) => {
                    repeats.noise * student_quantile(stream.uniform(), repeats.freedom as f64)
                }
                (None, Some(scale)) if self.freedom < NORMAL => scale * noise * stream.normal(),
                (None, None) if self.freedom < NORMAL => {
                    noise * student_quantile(stream.uniform(), self.freedom as f64)
                }
                (None, scale) => {
                    let residual = self.used_residuals[stream.below(self.used_residuals.len())];
                    scale.unwrap_or(1.0) * inflation * residual
                }
            }
        };
        let only = [self.best.clone()];
        let replicates = match self.replicates.is_empty() {
            true => &only[..],
            false => &self.replicates[..],
        };
        let widening = self.widening();
        let (mut laws, mut runs) = (Vec::new(), Vec::new());
        // With few replicates each gets more than one draw of noise.
        let draws = 2000_usize.div_ceil(replicates.len());
        for (index, replicate) in replicates.iter().enumerate() {
            let law = widening.of(value, law(replicate));
            laws.push(law);
            let mut stream = Stream::new(self.seed, "prediction noise", index as u64);
            for _ in 0..draws {
                let noise = one_run(index, &mut stream);
                runs.push(match self.minimised.residual {
                    Residual::Log => law * noise.exp(),
                    Residual::Linear => law + noise,
                });
            }
        }
        let tail = 0.5 * (1.0 - self.level);
        let ends = |values: Vec<f64>| {
            let values = sorted(values);
            (values.len() >= LEAST_REPLICATES).then(|| Interval {
                low: quantile_sorted(&values, tail).min(value),
                high: quantile_sorted(&values, 1.0 - tail).max(value),
            })
        };
        (ends(runs), ends(laws))
    }

    /// How much farther off than a replicate says the law may be.
    pub fn widening(&self) -> Widening {
        Widening::new(self.resampling, self.minimised.residual, self.level, self.freedom)
    }
}
