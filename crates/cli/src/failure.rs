//! What a failure prints, and which exit code it has: 1 failed, 2 wrong usage or input.

use std::io::ErrorKind;
use std::process::ExitCode;

use thiserror::Error;
use triaxis_laws::{FitError, InputError};
use triaxis_study::StudyError;
use triaxis_tables::TableError;

use crate::fit::Misuse;

/// Arguments that each read well but do not go together.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// Prints `error` to stderr and gives its exit code.
pub fn report(error: &anyhow::Error) -> ExitCode {
    // A closed pipe is how `head` says that it has seen enough.
    if io_kind(error) == Some(ErrorKind::BrokenPipe) {
        return ExitCode::SUCCESS;
    }
    eprintln!("error: {error:#}");
    let study = error.downcast_ref::<StudyError>();
    let unusable = matches!(error.downcast_ref(), Some(TableError::Cell(_)));
    let rows = unusable.then_some("--where leaves rows out, as in --where 'loss > 0'");
    if let Some(hint) = study.and_then(StudyError::hint).or(rows) {
        eprintln!(" hint: {hint}");
    }
    ExitCode::from(code(error))
}

/// 2 for what the user can mend, a full disk among it.
fn code(error: &anyhow::Error) -> u8 {
    let input = error
        .downcast_ref::<StudyError>()
        .is_some_and(StudyError::is_input)
        || error.is::<Usage>()
        || error.is::<Misuse>()
        || error.is::<TableError>()
        || error.is::<InputError>()
        || error.is::<FitError>();
    let full = [ErrorKind::StorageFull, ErrorKind::QuotaExceeded];
    let full = io_kind(error).is_some_and(|kind| full.contains(&kind));
    if input || full { 2 } else { 1 }
}

fn io_kind(error: &anyhow::Error) -> Option<ErrorKind> {
    let mut causes = error.chain();
    causes.find_map(|cause| cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind))
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn a_full_disk_is_for_the_user_to_mend() {
        let of = |kind: ErrorKind| {
            let written: Result<(), std::io::Error> = Err(kind.into());
            code(&written.context("cannot write the page").unwrap_err())
        };
        assert_eq!(of(ErrorKind::StorageFull), 2);
        assert_eq!(of(ErrorKind::Interrupted), 1);
    }
}
