use maud::{Markup, html};

use super::component::{chart, facts, finding, nothing, refusal};
use super::summary::verdict;
use crate::text;
use crate::view::{Finding, HeldOut, View};

pub(super) fn body(view: &View) -> Markup {
    html! {
        @if view.held_out.is_empty() {
            (nothing("The study has no held-out run: nothing tests its laws outside the ladder."))
        }
        @for run in &view.held_out { (entry(run)) }
        div.columns { (chart(view, "prediction")) (chart(view, "prediction-context")) }
    }
}

fn entry(run: &HeldOut) -> Markup {
    html! {
        p {
            "Trial " code { (run.trial) } " (N " (run.params) ", D " (run.tokens) ", C "
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
            ("Verdict", verdict(run)),
            ("Prediction written", html! { (run.predicted_at.as_deref().unwrap_or(text::NOTHING)) }),
            ("Run started", html! { (run.started_at.as_deref().unwrap_or("not started")) }),
        ]))
    }
}

fn measured(run: &HeldOut) -> Markup {
    match &run.measured {
        Finding::Found(loss) => html! { span.value { (text::loss(loss.0)) } },
        Finding::Refused(reason) => refusal(reason),
    }
}
