//! What the experts of mixtures do, on a terminal.

use std::fmt::{self, Display, Formatter};

use triaxis_laws::Estimate;
use triaxis_laws::emergence::TaskEmergence;
use triaxis_laws::experts::{Asked, Chosen};
use triaxis_report::view::{ExpertsView, Finding, TrialExperts};
use triaxis_routing::Specialisation;
use triaxis_study::Survey;
use triaxis_units::Flops;

use super::summary::interval;
use crate::output::prose;
use crate::table::Table;

/// What the trials of a survey that have experts did, those of `arms` by their names.
pub(super) fn trials(survey: &Survey, has_arms: bool) -> Vec<TrialExperts> {
    let groups = survey.frozen.groups.iter();
    let trials = groups.flat_map(|group| group.trials.iter().map(move |trial| (&group.arm, trial)));
    let of_trial = |(arm, trial): (&String, &triaxis_study::Trial)| {
        let outcome = &survey.record(&trial.id)?.outcome;
        Some(TrialExperts {
            trial: trial.id.clone(),
            arm: has_arms.then(|| arm.clone()),
            flops: trial.flops,
            learned: outcome.validation()?.nats,
            is_bound: outcome.validation()?.bound.is_some(),
            experts: outcome.experts()?.clone(),
        })
    };
    trials.filter_map(of_trial).collect()
}

/// Experts in print: what the largest trial of each arm did, laws of their number and fineness, and probes.
pub(super) struct Experts<'a>(pub(super) &'a ExpertsView);

impl Display for Experts<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let largest = self.0.largest();
        if !largest.is_empty() {
            writeln!(
                formatter,
                "experts at the end of the largest trial of each arm\n{}",
                routing(&largest)
            )?;
        }
        for trial in largest {
            let named = trial.arm.as_deref().unwrap_or(&trial.trial);
            for found in &trial.experts.specialisation {
                let said = match found {
                    Finding::Found(found) => told(found),
                    Finding::Refused(reason) => reason.clone(),
                };
                writeln!(formatter, "{}", prose("experts: ", &format!("`{named}`: {said}")))?;
            }
        }
        let laws = self.0.laws.iter();
        for asked in laws.flat_map(|laws| laws.how_fine.iter().chain(&laws.how_many)) {
            writeln!(formatter, "{}", prose("law: ", &law(asked)))?;
        }
        let left_out = self.0.laws.iter().map(|laws| laws.left_out.join(", "));
        for names in left_out.filter(|names| !names.is_empty()) {
            let said =
                format!("laws of experts leave out what differs in more than channels and sizes: {names}");
            writeln!(formatter, "{}", prose("law: ", &said))?;
        }
        for tasks in self.0.emergence.chunk_by(|one, other| about(one) == about(other)) {
            writeln!(formatter, "\n{}\n{}", about(&tasks[0]), emergence(tasks))?;
        }
        Ok(())
    }
}

fn routing(trials: &[&TrialExperts]) -> Table {
    let mut table = Table::new([
        "trial",
        "layer",
        "largest load",
        "dead",
        "entropy",
        "same as before",
        "by chance",
        "loss",
        "at random",
        "permuted",
    ]);
    for trial in trials {
        let layers = trial.experts.looks.last().map_or(&[][..], |look| &look.layers);
        for (at, layer) in layers.iter().enumerate() {
            let stability = |of: fn(&triaxis_routing::Stability) -> f64| {
                let share = layer.stability.as_ref().map(of);
                share.map_or_else(|| "-".to_owned(), |share| format!("{:.0}%", 100.0 * share))
            };
            let loss = |loss: f64| {
                if at == 0 {
                    trial.as_bound(&format!("{loss:.4}"))
                } else {
                    String::new()
                }
            };
            table.row([
                trial.arm.clone().unwrap_or_else(|| trial.trial.clone()),
                layer.layer.to_string(),
                format!("{:.2} ×", layer.load.most),
                format!("{} of {}", layer.load.dead.len(), layer.load.shares.len()),
                format!("{:.2}", layer.load.entropy),
                stability(|of| of.overlap),
                stability(|of| of.by_chance),
                loss(trial.learned.0),
                loss(trial.experts.random.0),
                loss(trial.experts.permuted.0),
            ]);
        }
    }
    table
}

fn told(of: &Specialisation) -> String {
    let together = &of.together;
    let verdict = match together.is_found() {
        true => "specialise",
        false => "are not told to specialise",
    };
    format!(
        "experts {verdict} by {}: {:.4} bits of {:.3}, by chance {} (chance {:.1}%)",
        of.by,
        together.bits,
        together.most,
        interval(&together.permuted, |bits| format!("{bits:.4}")),
        100.0 * together.chance
    )
}

fn law(asked: &Asked) -> String {
    let about = &asked.about;
    match &asked.found {
        Finding::Refused(reason) => format!("{about}: cannot tell: {reason}"),
        Finding::Found(chosen) => {
            let best = match chosen.best() {
                Some(best) => format!("{}", best.value),
                None => "cannot tell".to_owned(),
            };
            let at = chosen
                .flops
                .map(|flops| format!(" at {} operations", Flops(flops)));
            format!("{about}: {best}{} ({})", at.unwrap_or_default(), choices(chosen))
        }
    }
}

fn choices(chosen: &Chosen) -> String {
    let each = chosen.choices.iter().map(|choice| {
        let loss = interval(&choice.loss.told(chosen.level), |loss| format!("{loss:.4}"));
        format!("{}: {loss}, best in {:.0}%", choice.value, 100.0 * choice.best)
    });
    each.collect::<Vec<_>>().join("; ")
}

/// The probe, and the two kinds of model.
fn about(task: &TaskEmergence) -> String {
    let [dense, mixture] = names(task);
    let [tokens, answers] = task.level;
    let (probe, equal) = (&task.task, task.equal());
    format!("probe {probe} {tokens}:{answers}, `{mixture}` beside `{dense}` ({equal})")
}

fn names(task: &TaskEmergence) -> [&str; 2] {
    let first = task.measures.first();
    first.map_or([""; 2], |(_, of)| {
        [&of.baseline.name, &of.other.name].map(String::as_str)
    })
}

/// Tasks of the same [`about`], by size.
fn emergence(tasks: &[TaskEmergence]) -> Table {
    let [dense, mixture] = names(&tasks[0]);
    let mut table = Table::new([
        "active parameters".to_owned(),
        "measure".to_owned(),
        "learnt".to_owned(),
        format!("{dense} solved"),
        format!("{mixture} solved"),
        "compute, over the dense model's".to_owned(),
    ]);
    for task in tasks {
        for (at, (measure, of)) in task.measures.iter().enumerate() {
            let parameters = || task.parameters.to_string();
            table.row([
                (at == 0).then(parameters).unwrap_or_default(),
                measure.clone(),
                format!("{:.0}%", 100.0 * of.share),
                format!("{} of {}", of.baseline.solved, of.baseline.seeds),
                format!("{} of {}", of.other.solved, of.other.seeds),
                match &of.ratio {
                    Finding::Found(ratio) => times(ratio, of.level),
                    Finding::Refused(_) => "cannot tell".to_owned(),
                },
            ]);
        }
    }
    table
}

fn times(ratio: &Estimate, level: f64) -> String {
    let print = |value: f64| format!("× {value:.2}");
    ratio
        .bound(print)
        .unwrap_or_else(|| interval(&ratio.told(level), print))
}
