use thiserror::Error;

/// Why no plan can be made.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PlanError {
    /// A quantity that must be above zero is not.
    #[error("{field} is {value}: it must be above 0 and finite; {remedy}")]
    NotPositive {
        /// The quantity.
        field: String,
        /// What it was.
        value: f64,
        /// What to do.
        remedy: &'static str,
    },
    /// A share outside 0 to 1.
    #[error("{field} is {value}: it must be above 0 and {rule}")]
    NotAShare {
        /// The share.
        field: &'static str,
        /// What it was.
        value: f64,
        /// The upper limit.
        rule: &'static str,
    },
    /// A serving demand that is not given in exactly one way.
    #[error("the demand {given}: {rule}")]
    Demand {
        /// What was given.
        given: String,
        /// How to give it.
        rule: &'static str,
    },
    /// A name that is in no catalogue.
    #[error("unknown {what} `{name}`{}; known: {known}", did_you_mean(.nearest))]
    UnknownName {
        /// What kind of name.
        what: &'static str,
        /// The name.
        name: String,
        /// The nearest known name.
        nearest: Option<String>,
        /// All known names.
        known: String,
    },
    /// A law whose constants cannot be planned with.
    #[error(
        "the law `{law}` cannot be planned with: {reason}; fit again with more or wider spread runs, \
         or plan with published constants"
    )]
    UnusableLaw {
        /// The law.
        law: String,
        /// What is wrong with its constants.
        reason: String,
    },
    /// A quality goal at or below the law's irreducible loss.
    #[error(
        "the goal of {goal:.4} {unit} is out of reach: no size and no data bring the law `{law}` to or \
         below its floor of {floor:.4}; choose a goal above the floor"
    )]
    UnreachableGoal {
        /// The goal, in the law's unit.
        goal: f64,
        /// The law's irreducible loss.
        floor: f64,
        /// The unit of both.
        unit: &'static str,
        /// The law.
        law: String,
    },
    /// A goal in a unit that cannot be brought to the law's.
    #[error(
        "the goal is in {given}, the law `{law}` in {wanted}: give the goal in {wanted}, or give the \
         law the bytes per token of its validation text"
    )]
    GoalUnit {
        /// The goal's unit.
        given: &'static str,
        /// The law's unit.
        wanted: &'static str,
        /// The law.
        law: String,
    },
    /// A goal without a law of the same tokenizer and text to hold it against.
    #[error(
        "a quality goal needs a law fitted to your own runs: the loss of published laws is of another \
         text and tokenizer; leave the goal out or fit a law first"
    )]
    GoalWithoutStudy,
    /// Neither a study's law nor a published one.
    #[error("there is no law to plan with: fit one, or name published ones (known: {known})")]
    NoLaw {
        /// The published laws.
        known: String,
    },
    /// An optimum that cannot be trained or even written down.
    #[error("the optimum by `{law}` has {value:.3e} {what}: a plan holds from 1 to 2^53; {remedy}")]
    OutOfRange {
        /// The law.
        law: String,
        /// Parameters or tokens.
        what: &'static str,
        /// How many.
        value: f64,
        /// What to do.
        remedy: &'static str,
    },
    /// A search without an interior minimum.
    #[error("no optimum between {low:.3e} and {high:.3e} parameters: {reason}")]
    NoInteriorOptimum {
        /// Lower end of the search.
        low: f64,
        /// Upper end of the search.
        high: f64,
        /// What was found instead.
        reason: &'static str,
    },
    /// The built-in catalogue cannot be read.
    #[error("the built-in hardware catalogue is damaged: {reason}; build the program again")]
    Catalogue {
        /// The parser's words.
        reason: String,
    },
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest
        .as_ref()
        .map_or_else(String::new, |name| format!(", did you mean `{name}`?"))
}
