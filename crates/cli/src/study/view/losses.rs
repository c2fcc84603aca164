//! Losses by validation text and by source: means over seeds of what records hold.

use std::collections::BTreeMap;

use triaxis_records::{ArmLoss, LossesByText, Role, TextLoss};
use triaxis_study::{Arm, Survey, Trial};
use triaxis_train::NamedEvaluation;
use triaxis_units::Flops;

/// A trial that came to its end.
struct Finished<'a> {
    trial: &'a Trial,
    bits_per_byte: f64,
    is_bound: bool,
    texts: Vec<NamedEvaluation>,
    sources: &'a [NamedEvaluation],
}

impl Finished<'_> {
    /// Names of texts or sources with their bits per byte.
    fn evaluations(&self, is_source: bool) -> impl Iterator<Item = (&str, f64)> {
        let all = if is_source { self.sources } else { &self.texts };
        all.iter()
            .map(|one| (one.name.as_str(), one.evaluation.bits_per_byte.0))
    }
}

/// Losses of the size that the baseline does best with, at the largest budget of its ladder.
pub fn of(arms: &[Arm], baseline: usize, survey: &Survey) -> Option<LossesByText> {
    let own = finished(&arms[baseline], survey);
    let asked = own.iter().filter_map(|run| Some(run.trial.place?.asked));
    let largest = asked.reduce(f64::max)?;
    let there = own
        .iter()
        .filter(|run| run.trial.place.is_some_and(|place| place.asked == largest));
    let best = there
        .min_by(|a, b| a.bits_per_byte.total_cmp(&b.bits_per_byte))?
        .trial;
    let place = best.place?;
    // The baseline first, which the others are told against.
    let order = std::iter::once(baseline).chain((0..arms.len()).filter(|at| *at != baseline));
    let runs: Vec<(&Arm, Vec<Finished<'_>>)> = order
        .map(|at| {
            let mut own = finished(&arms[at], survey);
            own.retain(|run| run.trial.place == Some(place));
            (&arms[at], best_of_seeds(own))
        })
        .filter(|(_, runs)| !runs.is_empty())
        .collect();
    let mut texts: Vec<TextLoss> = Vec::new();
    for is_source in [false, true] {
        let mut names: Vec<&str> = Vec::new();
        for name in runs
            .iter()
            .flat_map(|(_, runs)| runs[0].evaluations(is_source))
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
        arms: runs.iter().map(|(arm, runs)| named(arm, runs)).collect(),
        texts,
    })
}

/// The name of an arm, and that its losses are bounds, if they are.
fn named(arm: &Arm, runs: &[Finished<'_>]) -> String {
    match runs.iter().any(|run| run.is_bound) {
        true => format!("{} (bound)", arm.name),
        false => arm.name.clone(),
    }
}

/// The trials of an arm's ladder that came to their end.
fn finished<'a>(arm: &Arm, survey: &'a Survey) -> Vec<Finished<'a>> {
    let trials = survey
        .trials_of(&arm.name)
        .filter(|trial| trial.role == Role::Ladder);
    let finished = |trial: &'a Trial| {
        let outcome = &survey.record(&trial.id)?.outcome;
        Some(Finished {
            trial,
            bits_per_byte: outcome.validation()?.bits_per_byte.0,
            is_bound: outcome.validation()?.bound.is_some(),
            texts: survey.texts(&trial.id),
            sources: outcome.sources(),
        })
    };
    trials.filter_map(finished).collect()
}

/// Of each seed the run with the best of the learning rates tried.
fn best_of_seeds(mut runs: Vec<Finished<'_>>) -> Vec<Finished<'_>> {
    runs.sort_by(|a, b| a.bits_per_byte.total_cmp(&b.bits_per_byte));
    let mut best: BTreeMap<u64, Finished<'_>> = BTreeMap::new();
    for run in runs {
        best.entry(run.trial.config.seed).or_insert(run);
    }
    best.into_values().collect()
}

/// The losses of all arms on one text. Sources are compared where both arms have one corpus, and so one validation
/// split of it.
fn text(name: &str, is_source: bool, runs: &[(&Arm, Vec<Finished<'_>>)]) -> TextLoss {
    let baseline = runs.first().map(|(arm, _)| &arm.spec.corpus);
    let mut arms: Vec<Option<ArmLoss>> = Vec::new();
    for (at, (arm, runs)) in runs.iter().enumerate() {
        let losses: Vec<f64> = runs
            .iter()
            .filter_map(|run| run.evaluations(is_source).find(|(other, _)| *other == name))
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
