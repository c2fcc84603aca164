use maud::{Markup, html};

use super::component::{chart, facts, finding, folded, heads, nothing, refusal, table};
use super::summary::inside;
use crate::text;
use crate::view::{Candidate, Finding, HeldOut, View};

pub(super) fn body(view: &View) -> Markup {
    if view.held_out.is_empty() && view.comparison.is_some() {
        return Markup::default();
    }
    html! {
        @if view.held_out.is_empty() {
            (nothing("The study has no held-out run: nothing tests its laws outside the ladder."))
        }
        @for run in &view.held_out { (entry(run)) }
        (chart(view, "prediction-context"))
    }
}

fn entry(run: &HeldOut) -> Markup {
    html! {
        p {
            @if let Some(arm) = &run.arm { "Arm " b { (arm) } ", trial " } @else { "Trial " }
            code { (run.trial) } " (N " (run.params) ", D " (run.tokens) ", C "
            (text::scientific(run.flops.0)) " FLOPs), predicted by " (run.law) ". It lies "
            strong { (text::factor(run.reach.compute)) " in compute, " (text::factor(run.reach.params)) " in N and "
                (text::factor(run.reach.tokens)) " in D" }
            " from the largest trial that the law was fitted to."
        }
        (facts(&[
            ("Predicted, nats per token", finding(&run.predicted, text::loss)),
            ("Measured, nats per token", measured(run)),
            ("Relative error", html! { @match run.relative_error {
                Some(error) => { span.value { (text::signed_percent(error)) } }
                None => { (text::NOTHING) }
            } }),
            ("Verdict", inside(run)),
            ("Prediction written", html! { (run.predicted_at.as_deref().unwrap_or(text::NOTHING)) }),
            ("Run started", html! { (run.started_at.as_deref().unwrap_or("not started")) }),
        ]))
        @if run.candidates.len() > 1 {
            (folded(&format!("What each of {} laws said before the run", run.candidates.len()), candidates(&run.candidates)))
        }
    }
}

/// The laws that were asked, and how each did.
fn candidates(candidates: &[Candidate]) -> Markup {
    let percent =
        |error: Option<f64>, print: fn(f64) -> String| error.map_or_else(|| text::NOTHING.to_owned(), print);
    html! {
        p.hint {
            "Each law weighs as much as it predicts the ladder's largest budget from the smaller ones well: by the inverse "
            "of its squared error. All was written down before the run."
        }
        (table(
            "Laws asked for the prediction",
            heads(&["Law", "Equation", "#Error on the largest budget", "#Weight", "#Predicted|nats per token", "#Error on this run"]),
            html! { @for law in candidates { tr {
                td { (law.form) }
                td { code { (law.equation) } }
                td.number { (percent(law.held_out_error, text::percent)) }
                td.number { (text::percent(law.weight)) }
                td.number { (finding(&law.predicted, text::loss)) }
                td.number { (percent(law.relative_error, text::signed_percent)) }
            } } },
        ))
    }
}

fn measured(run: &HeldOut) -> Markup {
    match &run.measured {
        Finding::Found(loss) => html! { span.value { (text::loss(loss.0)) } },
        Finding::Refused(reason) => refusal(reason),
    }
}
