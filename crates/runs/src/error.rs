//! What a user of `triaxis fit` can get wrong, beyond what tables and laws say themselves.

use std::path::PathBuf;

use thiserror::Error;

/// Wrong usage or input; exit code 2.
#[derive(Debug, Error)]
pub enum Misuse {
    /// No file was named.
    #[error("no file: give a CSV, JSON, JSON Lines or Parquet file, as in `triaxis fit runs.csv`")]
    NoFile,
    /// `--column` without a known name on its left.
    #[error("`--column {given}` does not name an input: write INPUT=COLUMN, INPUT one of {inputs}{hint}")]
    Input {
        /// As given.
        given: String,
        /// The names that exist.
        inputs: String,
        /// Empty, or the nearest name.
        hint: String,
    },
    /// A column that the file has not.
    #[error("`{option} {given}`: the file has no such column; it has {known}{hint}")]
    NoColumn {
        /// The option.
        option: String,
        /// As given.
        given: String,
        /// The columns.
        known: String,
        /// Empty, or the nearest name.
        hint: String,
    },
    /// A row whose shares are no mixture.
    #[error(
        "{place}: the shares add up to {sum:.3}: those of a mixture add up to 1; name all domains, or scale them"
    )]
    NoMixture {
        /// Where it stands.
        place: String,
        /// What the shares add up to.
        sum: f64,
    },
    /// A form of mixtures that is none.
    #[error("`--form {given}`: laws of mixtures are {known}{hint}")]
    MixtureForm {
        /// As given.
        given: String,
        /// The forms.
        known: String,
        /// Empty, or the nearest name.
        hint: String,
    },
    /// `--cap` that is not understood.
    #[error("`--cap {given}`: write DOMAIN=SHARE, a share from 0 to 1, as in `web=0.4`; domains are {known}")]
    Cap {
        /// As given.
        given: String,
        /// The domains.
        known: String,
    },
    /// Caps that leave no mixture.
    #[error(
        "the caps of the domains add up to {sum:.3}: they must add up to 1 or more, or no mixture is left; raise some `--cap`"
    )]
    Caps {
        /// What they add up to.
        sum: f64,
    },
    /// `--unit` that is not understood.
    #[error("`--unit {given}`: {problem}, as in `tokens=B`, `compute=PF-days` or `error=%`")]
    Unit {
        /// As given.
        given: String,
        /// What is wrong.
        problem: String,
    },
    /// Numbers that no run has.
    #[error("{problem}: {remedy}")]
    Impossible {
        /// The column and its numbers.
        problem: String,
        /// The unit they are likely in, and the options that say so.
        remedy: String,
    },
    /// `--group` by a column that names no runs.
    #[error(
        "`--group {column}`: the file has no such column beside the inputs, or it has lists or more than 65,535 names: name the column that tells which run each row is of, or none"
    )]
    Group {
        /// The column.
        column: String,
    },
    /// `--by` a column without few labels.
    #[error("`--by {column}`: {problem}")]
    By {
        /// The column.
        column: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Several columns of the file could be meant.
    #[error("the columns {candidates} could all be {meaning}: name one with {option}")]
    Ambiguous {
        /// The candidates.
        candidates: String,
        /// What is asked for.
        meaning: String,
        /// The option that decides.
        option: String,
    },
    /// Several columns of one name.
    #[error("{count} columns are named `{column}`: rename all but one")]
    SameName {
        /// How many.
        count: usize,
        /// Their name.
        column: String,
    },
    /// A column that a form needs and the file does not have under a usual name.
    #[error(
        "form `{form}` needs {meaning}, and no column has a usual name for it: name one with {option}; the file has {available}"
    )]
    Unnamed {
        /// The form.
        form: String,
        /// What is needed.
        meaning: String,
        /// The option that names it.
        option: String,
        /// The columns of the file.
        available: String,
    },
    /// No form has all its columns.
    #[error(
        "no form has all its columns: recognised are {recognised}; name {missing}{near}; the file has {available}; \
         `triaxis fit --list` says what each form needs"
    )]
    NothingSuits {
        /// The columns recognised.
        recognised: String,
        /// The usual inputs that are not there, with the options that name them.
        missing: String,
        /// Empty, or the forms that a column recognised as something else would do for.
        near: String,
        /// The columns of the file.
        available: String,
    },
    /// `--drop-worst` leaves nothing.
    #[error("`--drop-worst {count}` leaves none of {rows} rows: drop fewer")]
    NothingLeft {
        /// Rows to drop.
        count: usize,
        /// Rows there are.
        rows: usize,
    },
    /// A count that is no whole number, or beyond all counts.
    #[error(
        "{column} {place}: it is {}, and must be a whole number of at most 100,000,000: a count; correct it or leave the row out",
        short(*value)
    )]
    Count {
        /// The input.
        column: &'static str,
        /// Where it stands.
        place: String,
        /// What is there.
        value: f64,
    },
    /// More correct samples than were drawn.
    #[error(
        "{place}: {} of {} samples are correct, which cannot be; correct it or leave the row out",
        short(*correct),
        short(*samples)
    )]
    MoreCorrect {
        /// Where it stands.
        place: String,
        /// Correct samples.
        correct: f64,
        /// Samples drawn.
        samples: f64,
    },
    /// A problem in two rows.
    #[error(
        "problem {problem} stands in {first} and in {second}: each problem has one row; choose the rows of one model \
         or task with --where, as in `model == \"small\"`"
    )]
    ProblemTwice {
        /// The problem.
        problem: f64,
        /// Its first row.
        first: String,
        /// Its second row.
        second: String,
    },
    /// An option that has no meaning for counts.
    #[error(
        "`{0}` is for other tables: these are counts of problems or a curve of them, which are fitted by their likelihood; leave it out, and choose rows with --where"
    )]
    OfCounts(&'static str),
    /// A number of problems for what is no curve of coverage.
    #[error("`--problems` is for a table of k and coverage, and these rows are of {0}: leave it out")]
    NoCurve(String),
    /// A condition on something else than the curve.
    #[error(
        "`--holdout` of counts chooses points of the curve by samples (or k) and coverage: it has no `{0}`"
    )]
    HoldoutOfCounts(String),
    /// A prediction that is not understood.
    #[error("`--predict {given}`: {problem}, as in `N=7B,D=4T`")]
    Prediction {
        /// As given.
        given: String,
        /// What is wrong.
        problem: String,
    },
    /// A parameter to be held that is not understood.
    #[error("`--fix {given}`: {problem}; write a parameter and its value, as in `E=1.6`")]
    Held {
        /// As given.
        given: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// Bootstrap samples that cannot be written.
    #[error("`--draws {path}`: {problem}")]
    Draws {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what is right.
        problem: &'static str,
    },
    /// A law that cannot be saved.
    #[error("the law is not saved: {0}")]
    Save(String),
    /// A saved law that cannot be used.
    #[error("`{path}` {problem}")]
    SavedLaw {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A form file that cannot be used.
    #[error("`{path}`: {problem}")]
    UserForm {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// An option for a single form, with none named.
    #[error("`{0}` needs a form: name one with --form, since forms differ in it")]
    NeedsForm(&'static str),
    /// An option that approaches 1 and 2 do not have.
    #[error(
        "`{0}` is for forms: approaches 1 and 2 find optima and fit lines by least squares; leave it out"
    )]
    NotOfFrontiers(&'static str),
    /// All forms refused.
    #[error("no form can be fitted to these runs:\n{reasons}")]
    NothingFitted {
        /// Why, each reason once.
        reasons: String,
        /// Whether the data have no answer for some form, and not only what was asked is none.
        is_refused: bool,
    },
    /// The fit was made and the data cannot tell.
    #[error("refused: {0}")]
    Refused(String),
}

/// A number as it is, with an exponent where it would be long.
fn short(number: f64) -> String {
    match number.abs() {
        size if size == 0.0 || (1e-5..1e15).contains(&size) => number.to_string(),
        _ => format!("{number:e}"),
    }
}
