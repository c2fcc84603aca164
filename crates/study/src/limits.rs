//! What a study refuses before it runs: more epochs, unique tokens or memory than there are.

use triaxis_corpus::{Corpus, SourceFacts};
use triaxis_records::Role;
use triaxis_units::{Bytes, Tokens};

use crate::error::StudyError;
use crate::trial::{Group, Trial};

/// Refuses a trial that would see its unique tokens, `available` ones unless it takes fewer, more often than `allowed`,
/// or that takes more of them; where it has shares, those of a source. Mixtures of a sweep have a bound of their own.
///
/// # Errors
/// [`StudyError::TooManyUnique`], or [`StudyError::TooFewTokens`] for the trial of most epochs.
pub fn check_epochs<'a>(
    groups: impl IntoIterator<Item = &'a Group>,
    corpus: &Corpus,
    allowed: f64,
) -> Result<(), StudyError> {
    let available = Tokens(corpus.train().len() as u64);
    let groups = groups.into_iter().filter(|group| group.role != Role::Mixture);
    let trials: Vec<&Trial> = groups.flat_map(|group| &group.trials).collect();
    let most = trials.iter().filter_map(|trial| trial.config.unique).max();
    if let Some(asked) = most.filter(|asked| *asked > available) {
        return Err(StudyError::TooManyUnique { asked, available });
    }
    let seen = trials.iter().flat_map(|trial| {
        let own = seen(trial, available, corpus);
        own.into_iter().map(|seen| (*trial, seen))
    });
    let longest = seen.max_by(|(_, one), (_, other)| one.epochs().total_cmp(&other.epochs()));
    match longest {
        Some((trial, seen)) if seen.epochs() > allowed => Err(StudyError::TooFewTokens {
            trial: named(trial),
            asked: seen.asked,
            unique: seen.unique,
            epochs: seen.epochs(),
            limit: seen.limit,
        }),
        _ => Ok(()),
    }
}

/// How often a trial sees its unique tokens; where it has shares, those of the source that it sees most often.
pub fn epochs(trial: &Trial, corpus: &Corpus) -> f64 {
    let seen = seen(trial, Tokens(corpus.train().len() as u64), corpus);
    seen.iter().map(Seen::epochs).fold(0.0, f64::max)
}

/// How much a trial sees of some text.
struct Seen {
    asked: Tokens,
    unique: Tokens,
    limit: String,
}

impl Seen {
    fn epochs(&self) -> f64 {
        self.asked / self.unique
    }
}

/// What a trial sees of its corpus, or of each source where it has shares.
fn seen(trial: &Trial, available: Tokens, corpus: &Corpus) -> Vec<Seen> {
    let unique = trial.config.unique;
    let shares = &trial.config.shares;
    if shares.is_empty() || unique.is_some() {
        return vec![Seen {
            asked: trial.tokens,
            unique: trial.unique(available),
            limit: match unique {
                Some(_) => "`training.unique_tokens` leaves".to_owned(),
                None => "the corpus has".to_owned(),
            },
        }];
    }
    let sources = corpus.manifest().sources.iter().zip(shares);
    let sources = sources.filter(|(_, share)| **share > 0.0);
    let of = |(source, share): (&SourceFacts, &f64)| Seen {
        asked: Tokens((trial.tokens.as_f64() * share).round() as u64),
        unique: source.train.tokens,
        limit: format!(
            "source `{}`, of which they are to be {share:.3}, has",
            source.name
        ),
    };
    sources.map(of).collect()
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
