//! Losses by validation text and by source: means over seeds of what records hold.

use std::collections::BTreeMap;

use triaxis_records::{ArmLoss, LossesByText, Role, TextLoss};
use triaxis_study::{Arm, Outcome, Survey, Trial};
use triaxis_units::Flops;

/// Losses of the size that the baseline does best with, at the largest budget of its ladder.
pub fn of(arms: &[Arm], baseline: usize, survey: &Survey) -> Option<LossesByText> {
    let own: Vec<(Trial, Outcome)> = finished(&arms[baseline], survey);
    let asked = own.iter().filter_map(|(trial, _)| Some(trial.place?.asked));
    let largest = asked.reduce(f64::max)?;
    let there = own
        .into_iter()
        .filter(|(trial, _)| trial.place.is_some_and(|place| place.asked == largest));
    let (best, _) = there.min_by(|a, b| bits(&a.1).total_cmp(&bits(&b.1)))?;
    let place = best.place?;
    // The baseline first, which the others are told against.
    let order = std::iter::once(baseline).chain((0..arms.len()).filter(|at| *at != baseline));
    let runs: Vec<(&Arm, Vec<Outcome>)> = order
        .map(|at| {
            let own = finished(&arms[at], survey).into_iter();
            (
                &arms[at],
                best_of_seeds(own.filter(|(trial, _)| trial.place == Some(place))),
            )
        })
        .filter(|(_, runs)| !runs.is_empty())
        .collect();
    let mut texts: Vec<TextLoss> = Vec::new();
    for is_source in [false, true] {
        let mut names: Vec<&str> = Vec::new();
        for name in runs
            .iter()
            .flat_map(|(_, runs)| evaluations(&runs[0], is_source))
            .map(|(name, _)| name)
        {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        texts.extend(names.into_iter().map(|name| text(name, is_source, &runs)));
    }
    let what = match best.budget {
        Some(_) => format!("{} operations", Flops(largest)),
        None => format!("{} tokens", best.tokens),
    };
    (!texts.is_empty()).then(|| LossesByText {
        at: format!("{} parameters at {what}", best.parameters),
        arms: runs.iter().map(|(arm, _)| arm.name.clone()).collect(),
        texts,
    })
}

/// The trials of an arm's ladder that came to their end.
fn finished(arm: &Arm, survey: &Survey) -> Vec<(Trial, Outcome)> {
    let trials = survey
        .trials_of(&arm.name)
        .filter(|trial| trial.role == Role::Ladder);
    trials
        .filter_map(|trial| Some((trial.clone(), survey.record(&trial.id)?.outcome.clone())))
        .filter(|(_, outcome)| outcome.validation().is_some())
        .collect()
}

/// Of each seed the run with the best of the learning rates tried.
fn best_of_seeds(runs: impl Iterator<Item = (Trial, Outcome)>) -> Vec<Outcome> {
    let mut best: BTreeMap<u64, Outcome> = BTreeMap::new();
    for (trial, outcome) in runs {
        let of_seed = best.entry(trial.config.seed).or_insert_with(|| outcome.clone());
        if bits(&outcome) < bits(of_seed) {
            *of_seed = outcome;
        }
    }
    best.into_values().collect()
}

fn bits(outcome: &Outcome) -> f64 {
    outcome
        .validation()
        .map_or(f64::INFINITY, |validation| validation.bits_per_byte.0)
}

/// Names of texts or sources with their bits per byte.
fn evaluations(outcome: &Outcome, is_source: bool) -> impl Iterator<Item = (&str, f64)> {
    let all = if is_source {
        outcome.sources()
    } else {
        outcome.texts()
    };
    all.iter()
        .map(|one| (one.name.as_str(), one.evaluation.bits_per_byte.0))
}

/// The losses of all arms on one text. Sources are compared where both arms have one corpus, and so one validation
/// split of it.
fn text(name: &str, is_source: bool, runs: &[(&Arm, Vec<Outcome>)]) -> TextLoss {
    let baseline = runs.first().map(|(arm, _)| &arm.spec.corpus);
    let mut arms: Vec<Option<ArmLoss>> = Vec::new();
    for (at, (arm, runs)) in runs.iter().enumerate() {
        let losses: Vec<f64> = runs
            .iter()
            .filter_map(|run| evaluations(run, is_source).find(|(other, _)| *other == name))
            .map(|(_, bits)| bits)
            .collect();
        let is_same = at > 0 && (!is_source || Some(&arm.spec.corpus) == baseline);
        let reference = arms.first().copied().flatten().filter(|_| is_same);
        arms.push(ArmLoss::of(&losses, reference.map(|of| of.mean)));
    }
    TextLoss {
        name: name.to_owned(),
        is_source,
        arms,
    }
}
