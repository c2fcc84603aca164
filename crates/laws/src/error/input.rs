//! Input that no fit can use.

use thiserror::Error;

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
    #[error("{option} is {}: it must be {rule}", written(*.value))]
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
    /// No arm of that name.
    #[error("no arm `{name}`: the arms are {available}{hint}")]
    UnknownArm {
        /// The name asked for.
        name: String,
        /// The arms, comma separated.
        available: String,
        /// Empty, or a sentence naming the nearest name.
        hint: String,
    },
    /// Two arms of one name.
    #[error("two arms are called `{name}`: give each a name of its own")]
    RepeatedArm {
        /// The name.
        name: String,
    },
    /// One run given twice.
    #[error(
        "arm `{arm}` has two runs of size `{size}`, budget {} and seed {seed}: a run counts once; give repeats seeds of their own", written(*.budget)
    )]
    RepeatedRun {
        /// The arm.
        arm: String,
        /// The size.
        size: String,
        /// The budget.
        budget: f64,
        /// The seed.
        seed: u64,
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
    #[error("`{name}` cannot be held at {}: {rule}", written(*.value))]
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

/// A number in few digits, however large or small it is: as it is, or with a power of ten beyond counting.
///
/// ```
/// assert_eq!(triaxis_laws::written(1000.5), "1000.5");
/// assert_eq!(triaxis_laws::written(1e9), "1e9");
/// ```
pub fn written(value: f64) -> String {
    match value.abs() {
        0.0 | 1e-6..1e7 => format!("{value}"),
        _ => format!("{value:e}"),
    }
}
