//! What a study refuses before it runs: more epochs, unique tokens or memory than there are.

use triaxis_units::{Bytes, Tokens};

use crate::error::StudyError;
use crate::trial::{Group, Trial};

/// Refuses a trial that would see its unique tokens, `available` ones unless it takes fewer, more often than `allowed`,
/// or that takes more of them.
///
/// # Errors
/// [`StudyError::TooManyUnique`], or [`StudyError::TooFewTokens`] for the trial of most epochs.
pub fn check_epochs<'a>(
    groups: impl IntoIterator<Item = &'a Group>,
    available: Tokens,
    allowed: f64,
) -> Result<(), StudyError> {
    let trials: Vec<&Trial> = groups.into_iter().flat_map(|group| &group.trials).collect();
    let most = trials.iter().filter_map(|trial| trial.config.unique).max();
    if let Some(asked) = most.filter(|asked| *asked > available) {
        return Err(StudyError::TooManyUnique { asked, available });
    }
    let epochs = |trial: &Trial| trial.tokens / trial.unique(available);
    let longest = trials
        .into_iter()
        .max_by(|one, other| epochs(one).total_cmp(&epochs(other)));
    match longest {
        Some(trial) if epochs(trial) > allowed => Err(StudyError::TooFewTokens {
            trial: named(trial),
            asked: trial.tokens,
            unique: trial.unique(available),
            limit: match trial.config.unique {
                Some(_) => "`training.unique_tokens` leaves",
                None => "the corpus has",
            },
            epochs: epochs(trial),
        }),
        _ => Ok(()),
    }
}

/// Refuses a trial that would take more memory than is `available`, where the system tells.
///
/// # Errors
/// [`StudyError::TooLarge`] for the one that takes most.
pub fn check_memory(groups: &[Group], available: Option<Bytes>) -> Result<(), StudyError> {
    let trials = groups.iter().flat_map(|group| &group.trials);
    match trials.max_by_key(|trial| trial.memory).zip(available) {
        Some((trial, available)) if trial.memory > available => Err(StudyError::TooLarge {
            trial: named(trial),
            needed: trial.memory,
            available,
        }),
        _ => Ok(()),
    }
}

fn named(trial: &Trial) -> String {
    format!(
        "the {} trial of {} parameters",
        trial.role.name(),
        trial.parameters
    )
}
