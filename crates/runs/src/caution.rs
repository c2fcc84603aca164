//! What a reader must know of the rows, beside what the fit says of itself.

use serde::Serialize;
use thiserror::Error;
use triaxis_laws::Warning;

use crate::equation::number;

/// A warning of the fit or of its rows.
#[derive(Debug, Clone, PartialEq, Serialize, Error)]
#[serde(untagged)]
pub enum Caution {
    /// What the fit says.
    #[error(transparent)]
    Fit(#[from] Warning),
    /// What the rows say.
    #[error(transparent)]
    Rows(#[from] OfRows),
}

/// What is to be known of the rows.
#[derive(Debug, Clone, PartialEq, Serialize, Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OfRows {
    /// A compute that is not that of the size and length beside it.
    #[error(
        "the compute is {} to {} times 6ND: it counts other operations, or N or D; leave a column out, or name another, if that is not meant",
        number(*least),
        number(*most)
    )]
    ComputeApart {
        /// The least of the rows.
        least: f64,
        /// The most.
        most: f64,
    },
    /// A text that tells rows of one size and length apart.
    #[error(
        "rows of equal {inputs} differ in `{column}` ({}): one law for several data sets; --by {} fits each and compares, --where chooses one",
        listed(values),
        quoted(column)
    )]
    SeveralSets {
        /// What is equal.
        inputs: String,
        /// The column.
        column: String,
        /// Its values.
        values: Vec<String>,
    },
    /// Optima at the end of what was tried.
    #[error(
        "at {at_edge} of {settings} settings the best {response} is the smallest or largest tried ({}): the optimum may lie beyond; try more there or leave them out",
        places.join(", ")
    )]
    BestAtEdge {
        /// What is tuned.
        response: String,
        /// Settings whose best is at an edge.
        at_edge: usize,
        /// All settings.
        settings: usize,
        /// Where the first of them stand.
        places: Vec<String>,
    },
}

/// As many values as a message can hold.
fn listed(values: &[String]) -> String {
    const MOST: usize = 6;
    let mut shown: Vec<String> = values
        .iter()
        .take(MOST)
        .map(|value| match value.as_str() {
            "" => "empty".into(),
            value => value.to_owned(),
        })
        .collect();
    if values.len() > MOST {
        shown.push(format!("and {} more", values.len() - MOST));
    }
    shown.join(", ")
}

/// A name as a shell takes it for one word.
fn quoted(name: &str) -> String {
    match name
        .chars()
        .all(|sign| sign.is_alphanumeric() || matches!(sign, '_' | '.' | '-' | '/'))
    {
        true => name.to_owned(),
        false => format!("'{name}'"),
    }
}
