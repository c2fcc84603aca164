//! What a failure prints, and which exit code it has: 1 failed, 2 wrong usage or input.

use std::process::ExitCode;

use triaxis_laws::{FitError, InputError};
use triaxis_study::StudyError;
use triaxis_tables::TableError;

use crate::fit::Misuse;

/// Prints `error` to stderr and gives its exit code.
pub fn report(error: &anyhow::Error) -> ExitCode {
    // A closed pipe is how `head` says that it has seen enough.
    let io = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<std::io::Error>());
    if io.is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe) {
        return ExitCode::SUCCESS;
    }
    let study = error.downcast_ref::<StudyError>();
    eprintln!("error: {error:#}");
    let unusable = matches!(error.downcast_ref(), Some(TableError::Cell(_)));
    let rows = unusable.then_some("--where leaves rows out, as in --where 'loss > 0'");
    if let Some(hint) = study.and_then(StudyError::hint).or(rows) {
        eprintln!(" hint: {hint}");
    }
    let is_input = study.is_some_and(StudyError::is_input)
        || error.is::<Misuse>()
        || error.is::<TableError>()
        || error.is::<InputError>()
        || error.is::<FitError>();
    ExitCode::from(if is_input { 2 } else { 1 })
}
