use maud::{Markup, html};
use triaxis_laws::worth::{Call, Comparison, Worth};

use super::component::{caveats, finding, refusal};
use crate::text;
use crate::view::{Finding, HeldOut, Status, View};

pub(super) fn body(view: &View) -> Markup {
    html! {
        (caveats(&view.notices))
        @if let Some(level) = level(view) { p.hint { "Brackets after a number are its " (text::percent(level)) " interval." } }
        div.tiles {
            @if let Some(Finding::Found(comparison)) = &view.comparison { (best(comparison)) }
            (trials(view))
            @for run in &view.held_out { (held_out(run)) }
            @if view.held_out.is_empty() { (tile("Held-out prediction", "none", html! { "no held-out run in this study" })) }
            (exponents(view))
            (plan(view))
            (corpus(view))
            (tile("Time", &view.seconds.to_string(), html! { (view.machine) }))
        }
    }
}

/// The level of the intervals when all have the same; else each says its own in its tooltip.
fn level(view: &View) -> Option<f64> {
    let exponents = view
        .approaches
        .iter()
        .flat_map(|a| [&a.params_exponent, &a.tokens_exponent, &a.params, &a.tokens]);
    let predictions = view.held_out.iter().map(|run| &run.predicted);
    let mut levels = exponents
        .chain(predictions)
        .filter_map(|finding| Some(finding.found()?.interval?.level));
    let first = levels.next()?;
    levels.all(|level| level == first).then_some(first)
}

/// The arm with the largest multiplier among those called better.
fn best(comparison: &Comparison) -> Markup {
    let better = comparison.arms.iter().filter(|worth| worth.call == Call::Better);
    let value = |worth: &Worth| worth.compute_multiplier.value;
    match better.max_by(|a, b| value(a).total_cmp(&value(b))) {
        None => tile(
            "Best arm",
            "none seen",
            html! { "no arm is seen to be better than " (comparison.baseline) },
        ),
        Some(best) => tile(
            "Best arm",
            &best.arm,
            html! { "compute × " (text::number(value(best)))
            @if let Some(range) = best.compute_multiplier.interval {
                " [" (text::number(range.low)) ", " (text::number(range.high)) "]" }
            " against " (comparison.baseline) },
        ),
    }
}

fn tile(label: &str, headline: &str, detail: Markup) -> Markup {
    html! { div.tile { h3 { (label) } p.headline { (headline) } div.detail { (detail) } } }
}

fn trials(view: &View) -> Markup {
    let count = |label: &str| {
        view.trials
            .iter()
            .filter(|trial| trial.status.label() == label)
            .count()
    };
    let done = view
        .trials
        .iter()
        .filter(|trial| trial.status == Status::Done)
        .count();
    let rest: Vec<String> = ["diverged", "failed", "missing"]
        .into_iter()
        .filter_map(|label| {
            Some(count(label))
                .filter(|count| *count > 0)
                .map(|count| format!("{count} {label}"))
        })
        .collect();
    let detail = if rest.is_empty() {
        "all of them".to_owned()
    } else {
        rest.join(", ")
    };
    let budgets = text::plural(view.isoflops.len(), "ladder budget");
    tile(
        "Trials done",
        &format!("{done} of {}", view.trials.len()),
        html! { @if view.trials.is_empty() { "no trial yet" } @else { (detail) " · " (budgets) } },
    )
}

fn held_out(run: &HeldOut) -> Markup {
    let headline = match (&run.predicted, &run.measured) {
        (Finding::Found(predicted), Finding::Found(measured)) => {
            format!(
                "{} → {}",
                text::fixed(predicted.value, 3),
                text::fixed(measured.0, 3)
            )
        }
        (Finding::Found(predicted), Finding::Refused(_)) => {
            format!("{} → ?", text::fixed(predicted.value, 3))
        }
        (Finding::Refused(_), Finding::Found(measured)) => format!("? → {}", text::fixed(measured.0, 3)),
        (Finding::Refused(_), Finding::Refused(_)) => "? → ?".to_owned(),
    };
    let arm = run
        .arm
        .as_ref()
        .map_or_else(String::new, |arm| format!(", {arm}"));
    tile(
        &format!("Predicted → measured loss{arm}"),
        &headline,
        html! {
            @if let Some(error) = run.relative_error { (text::signed_percent(error)) " · " }
            (verdict(run)) " · " (text::factor(run.reach.compute)) " the ladder's compute"
            @if let Finding::Refused(reason) = &run.predicted { div { (refusal(reason)) } }
            @if let Finding::Refused(reason) = &run.measured { div { (refusal(reason)) } }
        },
    )
}

/// Whether the measurement lies in the predicted interval.
pub(super) fn verdict(run: &HeldOut) -> Markup {
    let level = run
        .predicted
        .found()
        .and_then(|e| e.interval)
        .map(|range| range.level);
    let level = level
        .map(|level| format!("{} ", text::percent(level)))
        .unwrap_or_default();
    match run.inside {
        Some(true) => html! { span.good { "✓ inside the " (level) "interval" } },
        Some(false) => html! { span.bad { "✗ outside the " (level) "interval" } },
        None => html! { span.refusal { "not judged" } },
    }
}

fn exponents(view: &View) -> Markup {
    let body = html! {
        @if view.approaches.is_empty() { p.nothing { "no law fitted" } }
        @for approach in &view.approaches {
            div.line { span.key { "approach " (approach.number) }
                @match &approach.params_exponent {
                    Finding::Found(_) => { span { (finding(&approach.params_exponent, |v| text::fixed(v, 3))) } }
                    Finding::Refused(reason) => { span.refusal title=(reason) { "⊘ refused" } }
                } }
        }
    };
    html! { div.tile { h3 { "Exponent a in N* ~ C" sup { "a" } } div.lines { (body) } } }
}

fn plan(view: &View) -> Markup {
    let choice = view
        .plan
        .iter()
        .flat_map(|plan| &plan.choices)
        .find(|choice| choice.recommended);
    match choice.map(|choice| (choice, &choice.allocation)) {
        Some((choice, Finding::Found(allocation))) => tile(
            "Plan",
            &format!(
                "{} on {}",
                text::count(allocation.params.value),
                text::count(allocation.tokens.value)
            ),
            html! { "parameters on tokens · " (text::dollars(allocation.total)) " in all · " (choice.label) ", " (choice.law) },
        ),
        Some((choice, Finding::Refused(reason))) => {
            tile("Plan", "refused", html! { (choice.label) ": " (refusal(reason)) })
        }
        None => tile("Plan", "none", html! { "the study recommends no choice" }),
    }
}

fn corpus(view: &View) -> Markup {
    match &view.corpus {
        Some(corpus) => tile(
            "Corpus",
            &format!("{} tokens", corpus.unique_tokens),
            html! { (text::whole(corpus.documents)) " documents · " (text::bytes(corpus.bytes)) " · " (text::whole(corpus.duplicate_documents)) " duplicates removed" },
        ),
        None => tile("Corpus", "none", html! { "not built yet" }),
    }
}
