//! What the experts of mixtures do, how many and how fine they should be, and what they take to learn probes.

use maud::{Markup, html};
use triaxis_laws::Estimate as OfLaw;
use triaxis_laws::emergence::{Emergence, TaskEmergence};
use triaxis_laws::experts::{Asked, Chosen};
use triaxis_routing::{Information, LayerLook, Specialisation};

use super::comparison::multiplier;
use super::component::{estimate, folded, heads, number, refusal, table};
use crate::picture;
use crate::text;
use crate::view::{Finding, TrialExperts, View};

/// What the experts do; nothing without any.
pub(super) fn body(view: &View) -> Markup {
    html! {
        @if !view.experts.trials.is_empty() {
            (specialise(&view.experts.largest()))
            (routing(&view.experts.trials))
        }
        @if let Some(laws) = &view.experts.laws {
            @for asked in laws.how_fine.iter().chain(&laws.how_many) { (law(asked)) }
            @if !laws.left_out.is_empty() {
                p.hint { "Left out of these laws, as they differ in more than channels and sizes: " (laws.left_out.join(", ")) "." }
            }
        }
    }
}

/// What mixtures take to learn probes; nothing where the study does not measure on the way.
pub(super) fn emergence(view: &View) -> Markup {
    html! {
        @if !view.experts.emergence.is_empty() {
            p { "The compute at which a mixture of experts has learnt a share of what there is to learn of a probe, over that of a "
                "dense model: below 1 the mixture is earlier. Right answers count only where the right one is the likeliest, "
                "so that they may rise at once though the probability of the answer rose all along: a rise is how many "
                "times more compute it takes from a tenth learnt to nine tenths, by each measure." }
        }
        @for task in &view.experts.emergence { (of_task(task)) }
    }
}

/// The picture of each kind of label, of the largest trial of each arm.
fn specialise(trials: &[&TrialExperts]) -> Markup {
    html! {
        @for trial in trials {
            h3 { @if let Some(arm) = &trial.arm { (arm) ", trial " } @else { "Trial " } (trial.trial) }
            @let layers: Vec<usize> = trial.experts.looks.last().map_or_else(Vec::new, |look| look.layers.iter().map(|layer| layer.layer).collect());
            @for found in &trial.experts.specialisation {
                @match found {
                    Finding::Refused(reason) => { p { (refusal(reason)) } }
                    Finding::Found(found) => {
                        figure {
                            (picture::experts(found, &layers))
                            figcaption.hint { "Experts by " (found.by) ": how often the tokens of a label choose each expert, darker "
                                "the more, four times its fair share at most. " (told(found)) }
                        }
                    }
                }
            }
        }
    }
}

fn told(of: &Specialisation) -> String {
    let Information {
        bits,
        permuted,
        most,
        chance,
    } = &of.together;
    let verdict = match of.together.is_found() {
        true => "Experts specialise",
        false => "No specialisation is told from chance",
    };
    format!(
        "{verdict}: an expert tells {bits:.4} bits of {most:.3}, and {} where {} units have each other's labels (chance {}).",
        text::estimate(permuted, |bits| format!("{bits:.4}")),
        text::whole(of.units as u64),
        text::percent(*chance)
    )
}

/// The columns of [`measures`].
const MEASURES: [&str; 6] = [
    "#Largest load|× fair share",
    "#Variation of load",
    "#Dead experts",
    "#Entropy of the router|of most",
    "#Same experts|as at the look before",
    "#by chance",
];

/// Load and stability at the end of each training, and its loss by other routes.
fn routing(trials: &[TrialExperts]) -> Markup {
    let names = [&["Trial", "#Layer"], &MEASURES[..]].concat();
    let losses = [
        "Trial",
        "#Loss|nats/token",
        "#Experts at random",
        "#Experts permuted",
    ];
    html! {
        h3 { "Routing" }
        p.hint { "At the end of each training, on validation text that the router never saw. An expert is dead that has less than a "
            "hundredth of its fair share. A router of entropy 1 prefers none, of 0 it is sure." }
        (table("Routing of each trial", heads(&names), html! {
            @for trial in trials { @if let Some(look) = trial.experts.looks.last() { @for layer in &look.layers { (row(trial, layer)) } } }
        }))
        (table("Loss by other routes", heads(&losses), html! {
            @for trial in trials { tr {
                th scope="row" { (name(trial)) }
                (number(trial.as_bound(&text::loss(trial.learned.0))))
                @for other in [trial.experts.random, trial.experts.permuted] {
                    (number(html! { (trial.as_bound(&text::loss(other.0))) " (" (text::signed(other.0 - trial.learned.0)) ")" }))
                }
            } }
        }))
        (folded("Over training", over_training(trials)))
    }
}

fn name(trial: &TrialExperts) -> String {
    match &trial.arm {
        Some(arm) => format!("{arm} {}", trial.trial),
        None => trial.trial.clone(),
    }
}

fn row(trial: &TrialExperts, layer: &LayerLook) -> Markup {
    html! { tr {
        th scope="row" { (name(trial)) }
        (number(layer.layer))
        (measures(layer))
    } }
}

fn measures(layer: &LayerLook) -> Markup {
    let load = &layer.load;
    html! {
        (number(text::number(load.most)))
        (number(text::fixed(load.variation, 3)))
        (number(format!("{} of {}", load.dead.len(), load.shares.len())))
        (number(text::fixed(load.entropy, 3)))
        @match &layer.stability {
            Some(stability) => {
                (number(text::percent(stability.overlap)))
                (number(text::percent(stability.by_chance)))
            }
            None => { td {} td {} }
        }
    }
}

fn over_training(trials: &[TrialExperts]) -> Markup {
    let names = [&["Trial", "#Steps", "#Layer"], &MEASURES[..]].concat();
    table(
        "Routing over training",
        heads(&names),
        html! {
            @for trial in trials { @for look in &trial.experts.looks { @for layer in &look.layers { tr {
                th scope="row" { (name(trial)) }
                (number(text::whole(look.step)))
                (number(layer.layer))
                (measures(layer))
            } } } }
        },
    )
}

fn law(asked: &Asked) -> Markup {
    html! {
        h3 { "The question " (asked.about) }
        @match &asked.found {
            Finding::Refused(reason) => { p { (refusal(reason)) } }
            Finding::Found(chosen) => { (choices(chosen)) }
        }
    }
}

fn choices(chosen: &Chosen) -> Markup {
    let level = chosen.level;
    let loss = match chosen.flops {
        Some(_) => "#Loss of its best size|bits per byte",
        None => "#Loss|bits per byte",
    };
    html! {
        p {
            @match chosen.best() {
                Some(best) => { b { (text::number(best.value)) } " is best" }
                None => { "Nobody can tell by these runs which is best" }
            }
            @if let Some(flops) = chosen.flops { " at " (text::scientific(flops)) " FLOPs" }
            ", by " (chosen.equation) ", fitted to " (chosen.runs)
            " runs: a choice is called best where it is in " (text::percent(level)) " of samples of the runs."
        }
        (table(&chosen.form, heads(&["#Choice", "Arms", loss, "#Best in"]), html! {
            @for choice in &chosen.choices { tr {
                (number(text::number(choice.value)))
                td { (choice.arms.join(", ")) }
                (number(estimate(&choice.loss.told(level), text::loss)))
                (number(text::percent(choice.best)))
            } }
        }))
        p.hint { @for (name, parameter) in &chosen.parameters { (name) " " (estimate(&parameter.told(level), text::number)) "; " } }
    }
}

fn of_task(task: &TaskEmergence) -> Markup {
    let Some((_, first)) = task.measures.first() else {
        return html! {};
    };
    let (dense, mixture) = (&first.baseline.name, &first.other.name);
    let heading = [
        "Measure".to_owned(),
        "#Learnt".to_owned(),
        format!("#{dense}|FLOPs"),
        format!("#{mixture}|FLOPs"),
        "#Ratio|×".to_owned(),
        format!("#Rise of {dense}|×"),
        format!("#Rise of {mixture}|×"),
    ];
    let heading: Vec<&str> = heading.iter().map(String::as_str).collect();
    html! {
        h3 { (task.task) " " (task.level[0]) ":" (task.level[1]) ", " (mixture) " of " (task.parameters) " active parameters beside " (dense) }
        p.hint { (mixture) " has " (text::number(task.active)) " times the active parameters of " (dense) " and "
            (text::number(task.total)) " times all: " (task.equal()) ". Brackets are " (text::percent(first.level))
            " intervals over seeds." }
        (table(&task.task, heads(&heading), html! {
            @for (measure, of) in &task.measures { tr {
                th scope="row" { (measure) }
                (number(text::percent(of.share)))
                (number(reached(&of.baseline.compute, of, [of.baseline.solved, of.baseline.seeds])))
                (number(reached(&of.other.compute, of, [of.other.solved, of.other.seeds])))
                (number(finding(&of.ratio, of.level)))
                (number(finding(&of.baseline.rise, of.level)))
                (number(finding(&of.other.rise, of.level)))
            } }
        }))
    }
}

fn finding(of: &Finding<OfLaw>, level: f64) -> Markup {
    match of {
        Finding::Found(found) => multiplier(found, level),
        Finding::Refused(reason) => refusal(reason),
    }
}

fn reached(compute: &Finding<OfLaw>, of: &Emergence, [solved, seeds]: [usize; 2]) -> Markup {
    html! {
        @match compute {
            Finding::Refused(_) => { (text::NOTHING) }
            Finding::Found(found) => {
                @match found.bound(text::scientific) {
                    Some(bound) => { (bound) }
                    None => { (estimate(&found.told(of.level), text::scientific)) }
                }
            }
        }
        br; (solved) " of " (seeds)
    }
}
