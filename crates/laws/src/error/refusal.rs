//! What the data cannot answer, and the remedy.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::flattening::Points;

/// The data cannot answer what was asked. Not a fault of the program; more or other runs are the remedy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Refusal {
    /// Too few rows for the number of parameters.
    #[error(
        "{} cannot determine {parameters} parameters: at least {needed} are needed; add runs or choose a smaller form", counted(*.rows, "row")
    )]
    TooFewRows {
        /// Rows given.
        rows: usize,
        /// Parameters of the form.
        parameters: usize,
        /// Least number of rows.
        needed: usize,
    },
    /// Rows enough, but too few that differ.
    #[error(
        "of {given} rows {rows} differ{}, the others repeat {}, and a run given twice is no more evidence: {} cannot determine {parameters} parameters, at least {needed} are needed; add runs or choose a smaller form", if *.rows == 1 { "s" } else { "" }, if *.rows == 1 { "it" } else { "them" }, counted(*.rows, "row")
    )]
    TooFewDiffer {
        /// Rows given.
        given: usize,
        /// Rows that repeat no earlier one.
        rows: usize,
        /// Parameters of the form.
        parameters: usize,
        /// Least number of rows.
        needed: usize,
    },
    /// Too few distinct model sizes at one budget.
    #[error(
        "budget {budget:.4e} has {}: a parabola needs at least {needed}; add runs at this budget", counted(*.points, "distinct size")
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
        "{}: a power law in compute needs at least {needed}; add budgets or sizes (runs are grouped by the exact value of their budget)", have(*.budgets, "budget", "an accepted optimum")
    )]
    TooFewBudgets {
        /// Budgets accepted.
        budgets: usize,
        /// Least number.
        needed: usize,
    },
    /// Too few model sizes are ever the best one.
    #[error(
        "{} on the lower envelope of the loss curves: at least {needed} are needed; add sizes, or train each at more token counts", are(*.sizes, "model size")
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
        "{} ({from}) cannot tell whether the curve flattens: at least {needed} are needed; add runs at other computes", counted(*.points, "point")
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
    /// An arm without runs.
    #[error("arm `{arm}` has no runs: nothing tells what it is worth; run it, or leave it out")]
    NoRuns {
        /// The arm.
        arm: String,
    },
    /// An arm that was never run where the baseline was.
    #[error(
        "arm `{arm}` has no size and budget in common with `{baseline}`: losses are compared at equal sizes and budgets; run both at the same ones"
    )]
    NothingInCommon {
        /// The arm.
        arm: String,
        /// The baseline.
        baseline: String,
    },
    /// An arm without pairs at the ladder's end.
    #[error(
        "arm `{arm}` has no run of the same size and seed as `{baseline}` at budget {budget:.4e}: nothing is paired there; run both with the same seeds"
    )]
    NoPairs {
        /// The arm.
        arm: String,
        /// The baseline.
        baseline: String,
        /// The largest budget of all arms.
        budget: f64,
    },
    /// An arm better than all compute would make the baseline.
    #[error(
        "arm `{arm}` has a loss of {loss:.4} at the ladder's end, not above the floor of {floor:.4} that all arms share: no compute brings the baseline there by this law; compare the arms by laws of their own"
    )]
    BeneathFloor {
        /// The arm.
        arm: String,
        /// Its mean loss.
        loss: f64,
        /// The floor.
        floor: f64,
    },
    /// A law some of whose parameters the rows leave open.
    #[error("{} leave {parameters} open: the law is not identified; add sizes, budgets or seeds", counted(*.rows, "row"))]
    Unidentified {
        /// Rows given.
        rows: usize,
        /// The parameters, comma separated.
        parameters: String,
    },
    /// No start led to a finite objective.
    #[error("none of {starts} starts reached a finite objective: the form does not suit these data")]
    NoFiniteObjective {
        /// Starts tried.
        starts: usize,
    },
}

impl Refusal {
    /// The same of a table in which so many rows were given, some of them more than once.
    pub(crate) fn of_given(self, given: usize) -> Self {
        match self {
            Self::TooFewRows {
                rows,
                parameters,
                needed,
            } if rows < given => Self::TooFewDiffer {
                given,
                rows,
                parameters,
                needed,
            },
            other => other,
        }
    }

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

/// So many things, in words.
fn counted(count: usize, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    }
}

/// That so many things are somewhere.
fn are(count: usize, thing: &str) -> String {
    let verb = if count == 1 { "is" } else { "are" };
    format!("{} {verb}", counted(count, thing))
}

/// That so many things have something.
fn have(count: usize, thing: &str, what: &str) -> String {
    let verb = if count == 1 { "has" } else { "have" };
    format!("{} {verb} {what}", counted(count, thing))
}

fn no_split(without: usize, samples: usize) -> String {
    match without {
        0 => "a term or an exponent of it is nothing".to_owned(),
        _ => format!("{without} of {samples} bootstrap samples have none; add runs that differ in both"),
    }
}
