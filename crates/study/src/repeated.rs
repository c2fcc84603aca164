//! What repeated text is worth: the data-constrained law of an arm that repeats, beside one that does not.

use std::sync::Arc;

use triaxis_corpus::Corpus;
use triaxis_laws::FitOptions;
use triaxis_laws::worth::{self, Repeated, RepeatedLaw, RepeatedRun};
use triaxis_train::TrainError;
use triaxis_units::Finding;

use crate::arm::Arm;
use crate::ladder;
use crate::mixtures::text_seen;
use crate::survey::Survey;

/// Bootstrap samples of a data-constrained law at most: it has seven parameters and is searched from many starts.
const MOST_REPLICATES: usize = 300;

/// The law of each arm with `unique_tokens`; corpora are in the order of the arms.
///
/// # Errors
/// As [`text_seen`].
pub(crate) fn of(
    arms: &[Arm],
    survey: &Survey,
    corpora: &[Arc<Corpus>],
) -> Result<Vec<Repeated>, TrainError> {
    let both: Vec<_> = arms.iter().zip(corpora).collect();
    let repeat = both
        .iter()
        .filter(|(arm, _)| arm.spec.training.unique_tokens.is_some());
    let of_arm = |&(arm, corpus): &(&Arm, &Arc<Corpus>)| -> Result<Repeated, TrainError> {
        let beside = both.iter().find(|(other, _)| is_fresh(other, arm));
        let mut of_both = runs(arm, corpus, survey)?;
        if let Some((other, corpus)) = beside {
            of_both.extend(runs(other, corpus, survey)?);
        }
        Ok(Repeated {
            arm: arm.name.clone(),
            beside: beside.map(|(other, _)| other.name.clone()),
            level: arm.spec.laws.level,
            found: law(arm, &of_both),
        })
    };
    repeat.map(of_arm).collect()
}

/// Whether `other` is `arm` on fresh text.
fn is_fresh(other: &Arm, arm: &Arm) -> bool {
    let mut training = arm.spec.training.clone();
    training.unique_tokens = None;
    training.order = other.spec.training.order;
    training.epochs = other.spec.training.epochs;
    other.spec.training == training
        && other.spec.corpus == arm.spec.corpus
        && other.spec.curation == arm.spec.curation
        && other.spec.tokenizer == arm.spec.tokenizer
        && other.spec.model == arm.spec.model
}

fn law(arm: &Arm, runs: &[RepeatedRun]) -> Finding<RepeatedLaw> {
    let options = ladder::options(&arm.spec);
    let options = FitOptions {
        replicates: options.replicates.min(MOST_REPLICATES),
        ..options
    };
    let unique = arm.spec.training.unique_tokens.unwrap_or_default();
    Finding::of(RepeatedLaw::of(runs, unique.as_f64(), &options))
}

/// An arm's runs with the unique tokens that each saw.
fn runs(arm: &Arm, corpus: &Corpus, survey: &Survey) -> Result<Vec<RepeatedRun>, TrainError> {
    let unique = match arm.spec.training.unique_tokens {
        Some(unique) => unique.as_f64(),
        None => text_seen(&arm.spec, corpus)?.as_f64(),
    };
    let rows = crate::answer::rows(arm, survey).into_iter();
    let run = |run: worth::Run| RepeatedRun {
        params: run.params,
        tokens: run.tokens,
        // Part of an epoch repeats nothing.
        unique: unique.min(run.tokens),
        loss: run.loss,
    };
    Ok(rows.map(run).collect())
}
