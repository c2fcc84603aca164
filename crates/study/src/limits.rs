//! What a study refuses before it runs: more epochs, unique tokens or memory than there are.

use triaxis_corpus::{Corpus, SourceFacts};
use triaxis_records::Role;
use triaxis_train::{
    SourceText, TrainingText, most_sequences, shares_seen, source_of_too_little, source_texts,
};
use triaxis_units::{Bytes, Tokens};

use crate::error::StudyError;
use crate::trial::{Group, Trial};

/// Refuses a trial of an arm that would see its unique tokens, `available` ones unless it takes fewer, more often than
/// `allowed`, or that takes more of them; where it has shares, those of a source. Mixtures of a sweep have a bound of their
/// own.
///
/// # Errors
/// [`StudyError::TooManyUnique`], [`StudyError::TooFewTokens`] for the trial of most epochs, or [`StudyError::Spec`] for a
/// trial whose shares its text does not give.
pub fn check_epochs(groups: &[Group], corpus: &Corpus, allowed: f64) -> Result<(), StudyError> {
    let available = Tokens(corpus.train().len() as u64);
    let all = || groups.iter().flat_map(|group| &group.trials);
    let trials: Vec<&Trial> = all().filter(|trial| trial.role != Role::Mixture).collect();
    let most = trials.iter().filter_map(|trial| trial.config.unique).max();
    if let Some(asked) = most.filter(|asked| *asked > available) {
        return Err(StudyError::TooManyUnique { asked, available });
    }
    let with_shares: Vec<&Trial> = all().filter(|trial| !trial.config.shares.is_empty()).collect();
    let texts = check_shares(&with_shares, corpus)?;
    let sequences: Vec<u64> = texts.iter().map(SourceText::sequences).collect();
    let seen = trials.iter().flat_map(|trial| {
        let tokens = |count: &u64| Tokens(count * trial.config.context as u64);
        let sources: Vec<Tokens> = sequences.iter().map(tokens).collect();
        let own = seen(trial, available, corpus, &sources);
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

/// How far a share of what is seen may be from the one that is asked for.
const FAR: f64 = 0.05;

/// Refuses a trial, of those of an arm that have shares, of a source of which there is too little, or whose sequences of
/// several sources give far other shares; returns what there is of each. Laws of a sweep are of the shares that were seen, so
/// that its mixtures may be as far as they are.
fn check_shares(trials: &[&Trial], corpus: &Corpus) -> Result<Vec<SourceText>, StudyError> {
    // Those of an arm that have unique tokens have its shares.
    let Some(first) = trials.first() else {
        return Ok(Vec::new());
    };
    let context = first.config.context;
    let most = most_sequences(&first.config);
    let texts = source_texts(&TrainingText(corpus), context, &most)?;
    let name = |source: usize| &corpus.manifest().sources[source].name;
    for trial in trials {
        let shares = &trial.config.shares;
        let refused = |message: String| StudyError::Spec {
            place: match trial.role {
                Role::Mixture => "`mixtures`".to_owned(),
                _ => "`training.shares`".to_owned(),
            },
            message,
            hint: None,
        };
        if let Some(source) = source_of_too_little(shares, &texts, &most) {
            return Err(refused(format!(
                "source `{}` is to be {:.3} of what {} sees and has {} sequences of {context} tokens that are mostly of it, too \
                 few; lower its share or the unique tokens, shorten `training.context`, or add text",
                name(source),
                shares[source],
                named(trial),
                texts[source].sequences()
            )));
        }
        if trial.role == Role::Mixture {
            continue;
        }
        let seen = shares_seen(shares, &texts);
        let away = |source: &usize| (seen[*source] - shares[*source]).abs();
        let farthest = (0..shares.len()).max_by(|one, other| away(one).total_cmp(&away(other)));
        if let Some(source) = farthest.filter(|source| away(source) > FAR) {
            return Err(refused(format!(
                "source `{}` is to be {:.3} of what {} sees and would be {:.3}, as sequences of {context} tokens are of documents \
                 of several sources; shorten `training.context`, or join sources of short documents",
                name(source),
                shares[source],
                named(trial),
                seen[source]
            )));
        }
    }
    Ok(texts)
}

/// How often a trial sees its unique tokens; where it has shares, those of the source that it sees most often.
pub fn epochs(trial: &Trial, corpus: &Corpus) -> f64 {
    let sources = corpus.manifest().sources.iter();
    let sources: Vec<Tokens> = sources.map(|source| source.train.tokens).collect();
    let seen = seen(trial, Tokens(corpus.train().len() as u64), corpus, &sources);
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

/// What a trial sees of its corpus, or of each source where it has shares, which has so many tokens.
fn seen(trial: &Trial, available: Tokens, corpus: &Corpus, of_sources: &[Tokens]) -> Vec<Seen> {
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
    let sources = corpus.manifest().sources.iter().zip(of_sources).zip(shares);
    let sources = sources.filter(|(_, share)| **share > 0.0);
    let of = |((source, tokens), share): ((&SourceFacts, &Tokens), &f64)| Seen {
        asked: Tokens((trial.tokens.as_f64() * share).round() as u64),
        unique: *tokens,
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
