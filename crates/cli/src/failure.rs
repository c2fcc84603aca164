//! What a failure prints, and which exit code it has: 1 failed, 2 wrong usage or input.

use std::io::ErrorKind;
use std::process::ExitCode;

use thiserror::Error;
use triaxis_laws::{FitError, InputError};
use triaxis_runs::Misuse;
use triaxis_study::StudyError;
use triaxis_tables::TableError;

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
    eprintln!("error: {}", message(error));
    let study = error.downcast_ref::<StudyError>();
    let unusable = match error.downcast_ref() {
        Some(TableError::Cell(cell)) => Some(cell.hint()),
        _ => None,
    };
    if let Some(hint) = study.and_then(StudyError::hint).map(String::from).or(unusable) {
        eprintln!(" hint: {hint}");
    }
    ExitCode::from(code(error))
}

/// The error and its causes, without those that it tells itself.
fn message(error: &anyhow::Error) -> String {
    error.chain().skip(1).fold(error.to_string(), |said, cause| {
        let cause = cause.to_string();
        match said.contains(&cause) {
            true => said,
            false => format!("{said}: {cause}"),
        }
    })
}

/// What the system says of a path that the user can mend.
const OF_PATHS: [ErrorKind; 7] = [
    ErrorKind::StorageFull,
    ErrorKind::QuotaExceeded,
    ErrorKind::ReadOnlyFilesystem,
    ErrorKind::PermissionDenied,
    ErrorKind::NotFound,
    ErrorKind::NotADirectory,
    ErrorKind::IsADirectory,
];

/// 2 for what the user can mend, a wrong path and a full disk among it.
fn code(error: &anyhow::Error) -> u8 {
    let input = error
        .downcast_ref::<StudyError>()
        .is_some_and(StudyError::is_input)
        || error.is::<Usage>()
        || error.is::<Misuse>()
        || error.is::<TableError>()
        || error.is::<InputError>()
        || error.is::<FitError>();
    let path = io_kind(error).is_some_and(|kind| OF_PATHS.contains(&kind));
    if input || path { 2 } else { 1 }
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
    fn a_cause_is_told_once() {
        let cause = || std::io::Error::from(ErrorKind::NotFound);
        let told = anyhow::Error::new(cause()).context(format!("cannot read it: {}", cause()));
        assert_eq!(message(&told), "cannot read it: entity not found");
        let untold = anyhow::Error::new(cause()).context("cannot read it");
        assert_eq!(message(&untold), "cannot read it: entity not found");
    }

    #[test]
    fn a_path_and_a_full_disk_are_for_the_user_to_mend() {
        let of = |kind: ErrorKind| {
            let written: Result<(), std::io::Error> = Err(kind.into());
            code(&written.context("cannot write the page").unwrap_err())
        };
        assert_eq!(of(ErrorKind::StorageFull), 2);
        assert_eq!(of(ErrorKind::IsADirectory), 2);
        assert_eq!(of(ErrorKind::Interrupted), 1);
    }
}
