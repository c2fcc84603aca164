//! What a reader of a result must know.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Refusal, written};

/// What values the data allow, and which end is that of the parameter's range.
fn allowed(low: f64, high: f64, open_below: bool, open_above: bool) -> String {
    let (low, high) = (format!("{low:.4e}"), format!("{high:.4e}"));
    match (open_below, open_above) {
        (true, false) => format!(" from below: the data allow {low}, the end of its range, to {high}"),
        (false, true) => format!(" from above: the data allow {low} to {high}, the end of its range"),
        _ => format!(": the data allow {low} to {high}"),
    }
}

impl Warning {
    /// What samples without an answer mean for intervals at `level`: [`Warning::FailedSamples`], or
    /// [`Warning::TooManyFailedSamples`] when they are more than an interval leaves out on one side.
    pub(crate) fn failed_samples(found: usize, samples: usize, level: f64) -> Option<Self> {
        let failed = samples - found;
        let few = failed as f64 <= 0.5 * (1.0 - level) * samples as f64;
        match (failed, few) {
            (0, _) => None,
            (_, true) => Some(Self::FailedSamples { failed, samples }),
            (_, false) => Some(Self::TooManyFailedSamples { failed, samples }),
        }
    }
}

/// Something a reader of the result must know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Warning {
    /// A parameter whose profile is flat.
    #[error("{parameter} is unidentified{}", allowed(*.low, *.high, *.open_below, *.open_above))]
    Unidentified {
        /// The parameter.
        parameter: String,
        /// Lowest value the data allow, as far as was searched.
        low: f64,
        /// Highest value the data allow, as far as was searched.
        high: f64,
        /// Whether the low end is that of the parameter's range.
        #[serde(default)]
        open_below: bool,
        /// Whether the high end is.
        #[serde(default)]
        open_above: bool,
    },
    /// No rows beyond the number of parameters.
    #[error(
        "{rows} rows for {parameters} parameters: a law goes through that many whatever their noise, so nothing tells how far off it is and there are no intervals; add runs, or choose a form of fewer parameters"
    )]
    NoFreedom {
        /// Rows fitted.
        rows: usize,
        /// Parameters fitted.
        parameters: usize,
    },
    /// A curve of which nothing is known but its points.
    #[error(
        "the points of a curve of coverage are of the same problems, so they rise and fall together and nothing tells how far off they are: there are no intervals; give the counts of each problem (columns samples and correct), or how many problems there were (--problems)"
    )]
    OneCurve,
    /// Few rows beyond the number of parameters.
    #[error("{rows} rows for {parameters} parameters: intervals from so few rows are rough")]
    FewRows {
        /// Rows fitted.
        rows: usize,
        /// Parameters fitted.
        parameters: usize,
    },
    /// Rows of few runs beyond the number of parameters.
    #[error("{runs} runs for {parameters} parameters: intervals from so few runs are rough")]
    RoughRuns {
        /// Runs that the rows are of.
        runs: usize,
        /// Parameters fitted.
        parameters: usize,
    },
    /// Rows that were to be drawn, and are too few for it.
    #[error(
        "residuals were drawn, not rows as was asked: with {freedom} degrees of freedom most samples of rows would have too few different ones to fit (rows are drawn from {needed} on)"
    )]
    FewForCases {
        /// Degrees of freedom.
        freedom: usize,
        /// From how many on rows are drawn.
        needed: usize,
    },
    /// The parabola goes through its three points exactly.
    #[error("budget {budget:.4e} has only three sizes: its parabola has no residual to judge it by")]
    ExactParabola {
        /// The budget in FLOPs.
        budget: f64,
    },
    /// No residual freedom anywhere, hence no noise estimate.
    #[error("no budget has more than three sizes: the noise is unknown, so there are no intervals")]
    NoNoiseEstimate,
    /// Nothing tells how uncertain the law is as a whole.
    #[error("no bootstrap was drawn: predictions leave out the law's own uncertainty; ask for replicates")]
    NoBootstrap,
    /// Some bootstrap samples gave no answer.
    #[error(
        "{failed} of {samples} bootstrap samples gave no answer: the intervals are of the others and too narrow"
    )]
    FailedSamples {
        /// Samples without an answer.
        failed: usize,
        /// Samples drawn.
        samples: usize,
    },
    /// So many bootstrap samples without an answer that the others are no picture of all.
    #[error(
        "{failed} of {samples} bootstrap samples gave no answer, more than an interval leaves out on one side: none is read from the others; add runs"
    )]
    TooManyFailedSamples {
        /// Samples without an answer.
        failed: usize,
        /// Samples drawn.
        samples: usize,
    },
    /// Approach 1 tells no interval.
    #[error(
        "approach 1 has no intervals: noise decides which size is the best and where the border is, and moves the law by more than samples of the sizes show; approaches 2 and 3 have them"
    )]
    NoIntervalOfEnvelope,
    /// Intervals that come from some of very many rows.
    #[error(
        "intervals and profiles come from {rows} rows chosen at random out of {of}, narrowed by the root of their share; the estimates are of all rows"
    )]
    ThinnedRows {
        /// Rows chosen.
        rows: usize,
        /// Rows fitted.
        of: usize,
    },
    /// Interval methods that disagree by more than a factor of two in width.
    #[error(
        "intervals of {parameter} disagree: {narrow} gives a width of {narrow_width:.3e}, {wide} {wide_width:.3e}"
    )]
    IntervalsDisagree {
        /// The parameter.
        parameter: String,
        /// The method with the narrowest interval.
        narrow: String,
        /// Its width.
        narrow_width: f64,
        /// The method with the widest interval.
        wide: String,
        /// Its width.
        wide_width: f64,
    },
    /// Rows of too few runs.
    #[error(
        "the rows are of {runs} runs, and {needed} are needed to tell how much runs differ: there are no intervals; add runs"
    )]
    FewRuns {
        /// Runs that the rows are of.
        runs: usize,
        /// Least number.
        needed: usize,
    },
    /// Rows that may be checkpoints of a few runs.
    #[error(
        "{rows} rows are of {runs} sizes, and along each the residuals of neighbours agree (correlation {correlation:.2}): if they are checkpoints of {runs} runs, they are no more evidence than {runs} runs, and the intervals are too narrow: say which run each row is of (--group COLUMN); if each is a run of its own, the law misses them in places"
    )]
    Checkpoints {
        /// Rows of sizes that have many.
        rows: usize,
        /// Such sizes.
        runs: usize,
        /// Correlation of neighbouring residuals.
        correlation: f64,
    },
    /// Rows that are equal in every column.
    #[error(
        "{rows} rows repeat an earlier one in every column that was read, and are left out: one run given twice is no more evidence; other seeds would differ in loss"
    )]
    DuplicatedRows {
        /// How many.
        rows: usize,
    },
    /// A parameter that the data put outside the range of its form.
    #[error(
        "{parameter} is {value:.3e}, outside the {} to {} that its form allows for: the law may not suit these runs, or a column may be in another unit", written(*.low), written(*.high)
    )]
    BeyondRange {
        /// The parameter.
        parameter: String,
        /// Its value.
        value: f64,
        /// Low end of the range.
        low: f64,
        /// High end.
        high: f64,
    },
    /// A part of the data that gave no answer, while the others did.
    #[error("left out: {reason}")]
    LeftOut {
        /// Why.
        reason: Refusal,
    },
    /// The runs that would be left cannot be fitted without those held out.
    #[error("no hold-out check: {reason}")]
    NoHoldout {
        /// What the runs left refuse.
        reason: Refusal,
    },
    /// A check that the law failed.
    #[error(
        "the law predicts the runs held out no better than their mean does ({:.1}% off, the mean {:.1}%): it is no base for predictions", 100.0 * .error, 100.0 * .baseline
    )]
    WorseThanMean {
        /// Mean absolute relative error of the law.
        error: f64,
        /// The same of the mean of the runs fitted.
        baseline: f64,
    },
    /// A bootstrap that does not vary around its estimate.
    #[error(
        "{quantity} is {value:.4}, outside the {low:.4} to {high:.4} of its bootstrap samples: its interval is stretched to hold it and tells little; add runs"
    )]
    OutsideInterval {
        /// What was estimated.
        quantity: String,
        /// Its value.
        value: f64,
        /// Low end of the samples' interval.
        low: f64,
        /// High end.
        high: f64,
    },
    /// Residuals larger than repeated seeds differ.
    #[error(
        "the law does not fit to within the noise: residuals of {noise:.3e} where repeated runs differ by {of_repeats:.3e} (F test, p = {chance:.1e}); try another form or fewer of the small runs"
    )]
    LackOfFit {
        /// Noise of one run by the residuals.
        noise: f64,
        /// The same by repeated runs.
        of_repeats: f64,
        /// Chance of this if the law held.
        chance: f64,
    },
}
