//! The text of each arm, where arms differ in it.

use triaxis_corpus::Corpus;
use triaxis_records::{ArmText, TextStep};
use triaxis_study::{Arm, Library, Survey, epochs};
use triaxis_units::Tokens;

/// That of arms with these corpora; nothing where all train on all of one text.
pub fn of(arms: &[Arm], corpora: &[Option<Corpus>], survey: &Survey, library: &Library) -> Vec<ArmText> {
    let differs = |arm: &Arm| {
        let (spec, first) = (&arm.spec, &arms[0].spec);
        spec.corpus != first.corpus
            || spec.curation != first.curation
            || spec.training.unique_tokens != first.training.unique_tokens
            || spec.training.shares != first.training.shares
    };
    if !arms.iter().any(differs) {
        return Vec::new();
    }
    let of_arm = |(arm, corpus): (&Arm, &Option<Corpus>)| {
        let corpus = corpus.as_ref()?;
        let available = Tokens(corpus.train().len() as u64);
        let unique = arm.spec.training.unique_tokens.unwrap_or(available);
        let seen = survey.trials_of(&arm.name).map(|trial| epochs(trial, corpus));
        Some(ArmText {
            arm: arm.name.clone(),
            steps: steps(arm, survey, library),
            bytes: corpus.manifest().train.total.bytes,
            unique,
            epochs: seen.fold(0.0, f64::max),
        })
    };
    arms.iter().zip(corpora).filter_map(of_arm).collect()
}

fn steps(arm: &Arm, survey: &Survey, library: &Library) -> Vec<TextStep> {
    let id = survey.frozen.curated.get(&arm.name);
    let facts = id.and_then(|id| library.curated_facts(id).ok().flatten());
    let steps = facts.into_iter().flat_map(|facts| facts.steps);
    steps
        .map(|of| TextStep {
            step: of.step,
            read: of.read.documents,
            read_bytes: of.read.bytes,
            kept: of.kept.documents,
            kept_bytes: of.kept.bytes,
            edited: of.edited.documents,
        })
        .collect()
}
