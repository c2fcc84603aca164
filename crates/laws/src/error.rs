//! What can go wrong, typed: unusable input, refusals of the data to answer, and warnings.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::flattening::Points;

/// Input that no fit can use. The remedy is in the message.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum InputError {
    /// A column that the form needs is not there.
    #[error("no column `{column}`: the form needs it and the data have {available}{hint}")]
    MissingColumn {
        /// The canonical name asked for.
        column: String,
        /// The names that exist, comma separated.
        available: String,
        /// Empty, or a sentence naming the nearest name.
        hint: String,
    },
    /// Columns of one table differ in length.
    #[error(
        "column `{column}` has {found} rows and the table has {expected}: every column needs a value in every row"
    )]
    Length {
        /// The column at fault.
        column: String,
        /// Its number of rows.
        found: usize,
        /// The table's number of rows.
        expected: usize,
    },
    /// NaN or infinity in the data.
    #[error("column `{column}` row {} is {}: every value must be finite; drop the row or correct it", .row + 1, written(*.value))]
    NotFinite {
        /// The column at fault.
        column: String,
        /// Zero-based row.
        row: usize,
        /// The value found.
        value: f64,
    },
    /// Zero or negative where a logarithm is taken.
    #[error("column `{column}` row {} is {}: it must be above zero; drop the row or correct it", .row + 1, written(*.value))]
    NotPositive {
        /// The column at fault.
        column: String,
        /// Zero-based row.
        row: usize,
        /// The value found.
        value: f64,
    },
    /// A value outside the range its column allows.
    #[error("column `{column}` row {} is {}: it must be {rule}; drop the row or correct it", .row + 1, written(*.value))]
    OutOfRange {
        /// The column at fault.
        column: String,
        /// Zero-based row.
        row: usize,
        /// The value found.
        value: f64,
        /// The range in words.
        rule: &'static str,
    },
    /// A share that a law puts outside 0 to 1.
    #[error(
        "the law puts `{column}` at {value:.3} there, and it is a share, 0 to 1: the law does not reach so far; ask for a run nearer to those fitted, or fit a form that levels off"
    )]
    NoShare {
        /// The response.
        column: String,
        /// Its value by the law.
        value: f64,
    },
    /// A hold-out that holds nothing out.
    #[error("none of the {rows} rows is held out: the condition must be true for one or more of them")]
    NothingHeldOut {
        /// Rows of the table.
        rows: usize,
    },
    /// A hold-out that leaves nothing to fit.
    #[error("all {rows} rows are held out: the condition must leave some to predict them from")]
    AllHeldOut {
        /// Rows of the table.
        rows: usize,
    },
    /// An option outside its range.
    #[error("{option} is {value}: it must be {rule}")]
    Option {
        /// The option's name.
        option: &'static str,
        /// The value given.
        value: f64,
        /// The rule in words.
        rule: &'static str,
    },
    /// No form of that name.
    #[error("no form `{name}`: the forms are {available}{hint}")]
    UnknownForm {
        /// The name asked for.
        name: String,
        /// The registered names, comma separated.
        available: String,
        /// Empty, or a sentence naming the nearest name.
        hint: String,
    },
    /// No parameter of that name in a form.
    #[error("no parameter `{name}` in form `{form}`: it has {available}{hint}")]
    UnknownParameter {
        /// The name asked for.
        name: String,
        /// The form.
        form: String,
        /// Its parameters, comma separated.
        available: String,
        /// Empty, or a sentence naming the nearest name.
        hint: String,
    },
    /// A parameter held at a value that it cannot have.
    #[error("`{name}` cannot be held at {value}: {rule}")]
    Held {
        /// The parameter.
        name: String,
        /// The value asked for.
        value: f64,
        /// What it must be, or what else is the matter.
        rule: &'static str,
    },
    /// A user's expression that cannot be used.
    #[error("the expression `{expression}` cannot be used: {problem}")]
    Expression {
        /// The expression as given.
        expression: String,
        /// What is wrong, where, and what would be right.
        problem: String,
    },
}

/// A number in few digits, however large or small it is.
fn written(value: f64) -> String {
    match value.abs() {
        0.0 | 1e-6..1e15 => format!("{value}"),
        _ => format!("{value:e}"),
    }
}

/// The data cannot answer what was asked. Not a fault of the program; more or other runs are the remedy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Refusal {
    /// Too few rows for the number of parameters.
    #[error(
        "{rows} rows cannot determine {parameters} parameters: at least {needed} are needed; add runs or choose a smaller form"
    )]
    TooFewRows {
        /// Rows given.
        rows: usize,
        /// Parameters of the form.
        parameters: usize,
        /// Least number of rows.
        needed: usize,
    },
    /// Too few distinct model sizes at one budget.
    #[error(
        "budget {budget:.4e} has {points} distinct sizes: a parabola needs at least {needed}; add runs at this budget"
    )]
    TooFewPoints {
        /// The budget in FLOPs.
        budget: f64,
        /// Distinct sizes.
        points: usize,
        /// Least number.
        needed: usize,
    },
    /// The loss at one budget does not curve upwards.
    #[error(
        "budget {budget:.4e} has no interior minimum: the loss does not curve upwards (curvature {curvature:.3e}); add smaller and larger models at this budget"
    )]
    NoInteriorMinimum {
        /// The budget in FLOPs.
        budget: f64,
        /// Half the second derivative of the loss in the logarithm of size.
        curvature: f64,
    },
    /// The fitted optimum lies beyond the models that were trained.
    #[error(
        "budget {budget:.4e} has its optimum at {optimum:.4e} {unit}, outside the sampled {low:.4e} to {high:.4e}; add runs on that side"
    )]
    OptimumOutOfRange {
        /// The budget in FLOPs.
        budget: f64,
        /// What is optimised: parameters or tokens.
        unit: String,
        /// The optimum that the parabola suggests.
        optimum: f64,
        /// Smallest sampled value.
        low: f64,
        /// Largest sampled value.
        high: f64,
    },
    /// Too few budgets with an accepted optimum for a power law in compute.
    #[error(
        "{budgets} budgets have an accepted optimum: a power law in compute needs at least {needed}; add budgets or sizes (runs are grouped by the exact value of their budget)"
    )]
    TooFewBudgets {
        /// Budgets accepted.
        budgets: usize,
        /// Least number.
        needed: usize,
    },
    /// Too few model sizes are ever the best one.
    #[error(
        "{sizes} model sizes are on the lower envelope of the loss curves: at least {needed} are needed; add sizes, or train each at more token counts"
    )]
    ThinEnvelope {
        /// Sizes that win somewhere.
        sizes: usize,
        /// Least number.
        needed: usize,
    },
    /// An input of fewer values than there are unknowns that only it can tell apart.
    #[error(
        "`{column}` has {values} distinct values, and {parameters} hang on it: more than one of each would fit as well; add runs at other values of `{column}`, or choose a form that has fewer parameters or some of them fixed"
    )]
    FewValues {
        /// The input.
        column: String,
        /// Its distinct values.
        values: usize,
        /// The parameters that cannot be told apart.
        parameters: String,
    },
    /// An input that never varies, or that is a function of another one.
    #[error("the design cannot separate {columns}: {reason}; add runs that vary them independently")]
    Collinear {
        /// The inputs concerned.
        columns: String,
        /// What is the matter.
        reason: String,
    },
    /// A response that never varies.
    #[error(
        "`{column}` is the same in all {rows} rows: there is nothing for a law to explain; add runs that differ in it"
    )]
    Constant {
        /// The response.
        column: String,
        /// Rows given.
        rows: usize,
    },
    /// Nothing says which rows are the largest.
    #[error("neither an input nor another column tells how large a run is; choose the runs to hold out")]
    NoSize,
    /// Runs held out that have no optimum of their own.
    #[error(
        "no optimum of the runs held out lies beyond the compute of the others; hold out all runs of the largest budgets"
    )]
    NoOptimumBeyond,
    /// Problems that all came out alike.
    #[error(
        "every sample of all {problems} problems is {outcome}: nothing tells how hard they are; draw more samples, or take other problems"
    )]
    SameOutcome {
        /// How many problems.
        problems: usize,
        /// Correct or wrong.
        outcome: String,
    },
    /// A law of curves, which counts have no likelihood under.
    #[error(
        "form `{form}` says how coverage grows and not how hard single problems are, so counts have no likelihood under it: name one of {forms}, or fit it to a table of k and coverage"
    )]
    NoDifficulty {
        /// The form.
        form: String,
        /// Those that do.
        forms: String,
    },
    /// A law that is best with one parameter or one token.
    #[error(
        "the law has no best split of a compute into parameters and tokens: {}", no_split(*.without, *.samples)
    )]
    NoSplit {
        /// Bootstrap samples without one.
        without: usize,
        /// Bootstrap samples.
        samples: usize,
    },
    /// Too few points for a curve of loss against compute.
    #[error(
        "{points} points ({from}) are too few to tell whether the curve flattens: at least {needed} are needed; add runs at other computes"
    )]
    ShortCurve {
        /// Points there are.
        points: usize,
        /// What they are.
        from: Points,
        /// Least number.
        needed: usize,
    },
    /// A loss that does not fall with compute.
    #[error(
        "the loss does not fall with compute (it goes as C^{:.3}), so there is nothing to flatten; check the columns", -.exponent
    )]
    RisingCurve {
        /// The exponent of its fall.
        exponent: f64,
    },
    /// No start led to a finite objective.
    #[error("none of {starts} starts reached a finite objective: the form does not suit these data")]
    NoFiniteObjective {
        /// Starts tried.
        starts: usize,
    },
}

/// A fit that failed.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum FitError {
    /// The input cannot be used.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The data do not answer the question.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The data do not answer the question, for more than one reason.
    #[error("{}", several(.0))]
    Several(Vec<Refusal>),
}

impl Refusal {
    /// The budget that refused, where one did.
    pub fn budget(&self) -> Option<f64> {
        match self {
            Self::TooFewPoints { budget, .. }
            | Self::NoInteriorMinimum { budget, .. }
            | Self::OptimumOutOfRange { budget, .. } => Some(*budget),
            _ => None,
        }
    }
}

fn no_split(without: usize, samples: usize) -> String {
    match without {
        0 => "a term or an exponent of it is nothing".to_owned(),
        _ => format!("{without} of {samples} bootstrap samples have none; add runs that differ in both"),
    }
}

/// The last reason, which the others lead to, and some of these.
fn several(refusals: &[Refusal]) -> String {
    const SHOWN: usize = 4;
    let Some((last, others)) = refusals.split_last() else {
        return "the data do not answer the question".into();
    };
    let mut words = vec![last.to_string()];
    words.extend(others.iter().take(SHOWN).map(ToString::to_string));
    if others.len() > SHOWN {
        words.push(format!("and {} more such reasons", others.len() - SHOWN));
    }
    words.join("; ")
}

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
        "{parameter} is {value:.3e}, outside the {low} to {high} that its form allows for: the law may not suit these runs, or a column may be in another unit"
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
        "{quantity} is {value:.4}, outside the {low:.4} to {high:.4} of its bootstrap samples: its interval is stretched to hold it and tells little; add sizes"
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
