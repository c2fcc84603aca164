//! What can go wrong, typed: unusable input, refusals of the data to answer, and warnings.

mod input;
mod refusal;
mod warning;

use thiserror::Error;

pub use input::{InputError, written};
pub use refusal::Refusal;
pub use warning::Warning;

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
