//! The answer: the decision, then what there is to doubt in it.

use maud::{Markup, html};
use triaxis_laws::worth::Comparison;
use triaxis_units::Dollars;

use super::comparison::{multiplier, probability, verdict};
use super::component::{caveats, folded, heads, number, refusal, table};
use crate::text;
use crate::view::{Finding, HeldOut, View};

/// Doubts from the fourth on are folded.
const SHOWN: usize = 3;

pub(super) fn body(view: &View) -> Markup {
    html! {
        @match &view.comparison {
            Some(Finding::Found(comparison)) => { (arms(view, comparison)) }
            Some(Finding::Refused(reason)) => { p { "The arms are not compared. " (refusal(reason)) } }
            None => {}
        }
        div.tiles {
            (plan(view))
            @for run in &view.held_out { (held_out(run)) }
            @if view.held_out.is_empty() && view.comparison.is_none() {
                (tile("Held-out prediction", "none", html! { "nothing tests the laws outside the ladder" }))
            }
        }
        (doubts(view))
        p.sub { (trials(view)) " · " (corpus(view)) " · trained in " (view.clock) " on " (view.machine) "." }
    }
}

/// Which arm is better, how sure that is, and what would have been seen.
fn arms(view: &View, comparison: &Comparison) -> Markup {
    html! {
        p { "Is an arm better than " b { (view.named(&comparison.baseline)) } "? How many times its compute the baseline takes to the same "
            "loss, and how likely the arm is the better one at the ladder's end and at the compute asked for:" }
        (table("Which arm is better",
            heads(&["Arm", "Verdict", "#Compute|×", "#P(better)|at the end", "#P(better)|when asked"]),
            html! { @for worth in &comparison.arms { tr {
                th scope="row" { (view.named(&worth.arm)) }
                td { (verdict(worth)) }
                (number(multiplier(&worth.compute_multiplier, comparison.level)))
                (number(probability(worth.order.as_ref().map(|order| order.at_end))))
                (number(probability(worth.order.as_ref().and_then(|order| order.at_asked))))
            } } }))
    }
}

/// What can overturn the answer.
fn doubts(view: &View) -> Markup {
    let of_plan = view
        .decision()
        .into_iter()
        .flat_map(|decision| &decision.cautions);
    let all: Vec<String> = view.notices.iter().chain(of_plan).cloned().collect();
    let (first, rest) = all.split_at(all.len().min(SHOWN));
    html! {
        (caveats(first))
        @if !rest.is_empty() { (folded(&text::plural(rest.len(), "more doubt"), caveats(rest))) }
    }
}

fn tile(label: &str, headline: &str, detail: Markup) -> Markup {
    html! { div.tile { h3 { (label) } p.headline { (headline) } div.detail { (detail) } } }
}

fn trials(view: &View) -> String {
    let count = |label: &str| {
        view.trials
            .iter()
            .filter(|trial| trial.status.label() == label)
            .count()
    };
    let done = view.done().count();
    let rest = ["diverged", "failed", "missing"].map(|label| (count(label), label));
    let rest: Vec<String> = rest
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, label)| format!("{count} {label}"))
        .collect();
    match (view.trials.len(), rest.is_empty()) {
        (0, _) => "no trial yet".to_owned(),
        (all, true) if all == done => format!("all of {} done", text::plural(all, "trial")),
        (all, _) => format!(
            "{done} of {} done, {}",
            text::plural(all, "trial"),
            rest.join(", ")
        ),
    }
}

fn held_out(run: &HeldOut) -> Markup {
    let shown = |loss: Option<f64>| loss.map_or_else(|| "?".to_owned(), |loss| text::fixed(loss, 3));
    let predicted = run.predicted.found().map(|predicted| predicted.value);
    let measured = run.measured.found().map(|loss| loss.0);
    let arm = run
        .arm
        .as_ref()
        .map_or_else(String::new, |arm| format!(", {arm}"));
    tile(
        &format!("Held-out run, predicted → measured loss{arm}"),
        &format!("{} → {}", shown(predicted), shown(measured)),
        html! {
            @if let Some(error) = run.relative_error { (text::signed_percent(error)) " · " }
            (inside(run)) " · " (text::factor(run.reach.compute)) " the ladder's compute"
            @if let Finding::Refused(reason) = &run.predicted { div { (refusal(reason)) } }
            @if let Finding::Refused(reason) = &run.measured { div { (refusal(reason)) } }
        },
    )
}

/// Whether the measurement lies in the predicted interval.
pub(super) fn inside(run: &HeldOut) -> Markup {
    let level = run.predicted.found().and_then(|predicted| predicted.interval);
    let level = level.map_or_else(String::new, |range| format!("{} ", text::percent(range.level)));
    match run.inside {
        Some(true) => html! { span.good { "✓ inside the " (level) "interval" } },
        Some(false) => html! { span.bad { "✗ outside the " (level) "interval" } },
        None => html! { span.refusal { "not judged" } },
    }
}

fn plan(view: &View) -> Markup {
    let label = "What to train";
    let decision = match (&view.plan, &view.comparison) {
        (Some(Finding::Found(decision)), _) => decision,
        (_, Some(_)) => return html! {},
        (Some(Finding::Refused(reason)), None) => return tile(label, "refused", refusal(reason)),
        (None, None) => {
            return tile(
                label,
                "no answer",
                html! { "the study plans for nothing: " a href="#plan" { "why" } },
            );
        }
    };
    let first = &decision.choices[0];
    if let Some(instead) = &decision.instead {
        let headline = match first.is_too_far() {
            true => "a larger ladder first",
            false => "no recommendation",
        };
        return tile(label, headline, html! { (instead) });
    }
    let dollars = |dollars: f64| text::dollars(Dollars(dollars));
    let level = first.dollars.interval.map(|range| text::percent(range.level));
    tile(
        label,
        &format!(
            "{} on {}",
            text::count(first.params),
            text::count(first.tokens.value)
        ),
        html! {
            (text::estimate(&first.tokens, text::count)) " tokens, for a loss of "
            (text::estimate(&first.loss, |loss| text::fixed(loss, 3))) " " (decision.unit) " · "
            (text::estimate(&first.dollars, dollars)) " in all · " (decision.aim.words()) " · "
            span.doubt { "reach: " (first.reach.verdict.word()) ", " (text::factor(first.reach.compute)) " the compute measured" }
            @if let Some(level) = level { " · brackets are " (level) " intervals" }
        },
    )
}

fn corpus(view: &View) -> Markup {
    match &view.corpus {
        Some(corpus) => {
            html! { (corpus.unique_tokens) " unique tokens of " (text::whole(corpus.documents)) " documents" }
        }
        None => html! { "no corpus yet" },
    }
}
