//! What a failure prints, and which exit code it has: 1 failed, 2 wrong usage or input, 3 refused.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use thiserror::Error;
use triaxis_classifiers::ClassifierError;
use triaxis_corpus::CorpusError;
use triaxis_curation::CurationError;
use triaxis_host::Kind;
use triaxis_infer::InferError;
use triaxis_laws::{FitError, InputError};
use triaxis_model::PublishedError;
use triaxis_ngrams::NgramsError;
use triaxis_plan::PlanError;
use triaxis_plan::decide::Refusal;
use triaxis_runs::Misuse;
use triaxis_study::StudyError;
use triaxis_tables::TableError;
use triaxis_tokens::TokensError;
use triaxis_train::TrainError;

use crate::output::printable;

/// Arguments that each read well but do not go together.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// That the data cannot tell, or that nothing does what is asked.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Refused(pub String);

/// What could not be printed: the place where it goes to is at fault, which no argument mends.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Unprinted(pub String);

/// The exit code where nothing meets the aim, or the data cannot tell.
const REFUSED: u8 = 3;

/// Prints `error` to stderr and gives its exit code.
pub fn report(error: &anyhow::Error) -> ExitCode {
    // A closed pipe is how `head` says that it has seen enough.
    if of_system(error).is_some_and(|error| error.kind() == ErrorKind::BrokenPipe) {
        return ExitCode::SUCCESS;
    }
    let study = error.downcast_ref::<StudyError>();
    let table = error.downcast_ref::<TableError>();
    let hint = study
        .and_then(StudyError::hint)
        .or(table.and_then(TableError::hint));
    let hint = hint.map_or_else(String::new, |hint| format!(" hint: {hint}\n"));
    // Whoever reads no messages, as of `2>&1 | head`, still has the exit code.
    let said = format!("error: {}\n{hint}", message(error));
    let _ = io::stderr().write_all(printable(&said).as_bytes());
    if is_refused(error) {
        return ExitCode::from(REFUSED);
    }
    ExitCode::from(code(kind(error)))
}

/// Whether what was asked is right, and the data or the choices there are have no answer.
fn is_refused(error: &anyhow::Error) -> bool {
    let of_plan = matches!(error.downcast_ref(), Some(Refusal::Unmet(_)));
    let of_fit = matches!(
        error.downcast_ref(),
        Some(FitError::Refused(_) | FitError::Several(_))
    );
    let of_runs = matches!(
        error.downcast_ref(),
        Some(Misuse::Refused(_) | Misuse::NothingFitted { is_refused: true, .. })
    );
    let of_classifier = error
        .downcast_ref::<ClassifierError>()
        .is_some_and(|error| error.kind() == Kind::Unanswered);
    of_plan || of_fit || of_runs || of_classifier || error.is::<Refused>()
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

/// 2 for what the user can mend, a wrong path and a full disk among it.
fn code(kind: Kind) -> u8 {
    match kind {
        Kind::Input | Kind::Path | Kind::Full => 2,
        Kind::Damaged | Kind::Machine | Kind::Unanswered => 1,
    }
}

fn kind(error: &anyhow::Error) -> Kind {
    if error.is::<Unprinted>() {
        return Kind::Machine;
    }
    let told = error
        .downcast_ref()
        .map(StudyError::kind)
        .or_else(|| error.downcast_ref().map(CorpusError::kind))
        .or_else(|| error.downcast_ref().map(CurationError::kind))
        .or_else(|| error.downcast_ref().map(ClassifierError::kind))
        .or_else(|| error.downcast_ref().map(TrainError::kind))
        .or_else(|| error.downcast_ref().map(InferError::kind))
        .or_else(|| error.downcast_ref().map(TokensError::kind))
        .or_else(|| error.downcast_ref().map(NgramsError::kind))
        .or_else(|| error.downcast_ref().map(PublishedError::kind));
    if let Some(kind) = told {
        return kind;
    }
    let is_input = error.is::<Usage>()
        || error.is::<Misuse>()
        || error.is::<TableError>()
        || error.is::<PlanError>()
        || error.is::<Refusal>()
        || error.is::<InputError>()
        || error.is::<FitError>();
    match of_system(error).map(Kind::from) {
        None | Some(Kind::Damaged) if is_input => Kind::Input,
        kind => kind.unwrap_or(Kind::Machine),
    }
}

fn of_system(error: &anyhow::Error) -> Option<&io::Error> {
    error.chain().find_map(|cause| cause.downcast_ref())
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
        let of = |of: ErrorKind| {
            let written: Result<(), io::Error> = Err(of.into());
            code(kind(&written.context("cannot write the page").unwrap_err()))
        };
        assert_eq!(of(ErrorKind::StorageFull), 2);
        let unprinted =
            anyhow::Error::new(io::Error::from(ErrorKind::StorageFull)).context(Unprinted("full".to_owned()));
        assert_eq!(code(kind(&unprinted)), 1);
        assert_eq!(of(ErrorKind::IsADirectory), 2);
        assert_eq!(of(ErrorKind::Interrupted), 1);
    }
}
