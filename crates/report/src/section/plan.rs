use maud::{Markup, html};

use super::component::{chart, estimate, finding, folded, heads, nothing, number, refusal, table};
use crate::text;
use crate::view::{Choice, Finding, View};

pub(super) fn body(view: &View) -> Markup {
    let plan = match (&view.plan, &view.comparison) {
        (Some(plan), _) => plan,
        // What is asked is which arm is better.
        (None, Some(_)) => return Markup::default(),
        (None, None) => {
            return nothing("There is no plan: the spec asks no question of it, or no law could be fitted.");
        }
    };
    // What this study's own laws say; published constants are a second opinion.
    let recommended = plan.choices.iter().find(|choice| choice.recommended);
    let own = recommended
        .or(plan.choices.first())
        .map(|choice| choice.law.as_str());
    let (own, others): (Vec<_>, Vec<_>) = plan
        .choices
        .iter()
        .enumerate()
        .partition(|(_, choice)| Some(choice.law.as_str()) == own);
    html! {
        p { strong { "Question. " } (plan.question) }
        @if let Some(first) = &plan.first { p { strong { (first) } } }
        @if own.is_empty() { (nothing("The plan has no choices; the doubts above say why.")) } @else { (choices(&own)) }
        @if !others.is_empty() {
            (folded(&format!("{} by other laws", text::plural(others.len(), "choice")), choices(&others)))
        }
        @if !plan.notes.is_empty() {
            (folded(&format!("{} that shift its numbers", text::plural(plan.notes.len(), "note")),
                html! { ul.reasons { @for note in &plan.notes { li { (note) } } } }))
        }
        p.hint { strong { "Prices. " } (plan.prices) " A short extrapolation is as far as a held-out run can test; a far one as "
            "far as the best published predictions went, by teams that had tuned every rung. No prediction that reached "
            "farther was ever checked: its numbers are arithmetic, not a forecast." }
        div.columns { (chart(view, "plan-allocation")) (chart(view, "plan-cost")) }
    }
}

fn choices(choices: &[(usize, &Choice)]) -> Markup {
    table(
        "Choices of the plan",
        heads(&[
            "##",
            "Choice",
            "#N|parameters",
            "#D|tokens",
            "#Loss|nats / token",
            "#Total",
            "Reach|times the largest run",
            "#Training",
            "#Serving",
            "#D / N",
            "#C|FLOPs",
        ]),
        html! { @for (index, choice) in choices { (row(*index, choice)) } },
    )
}

fn row(index: usize, choice: &Choice) -> Markup {
    html! {
        tr.recommended[choice.recommended] {
            td.number { (index + 1) }
            th scope="row" { (choice.label) small { (choice.law) } @if choice.recommended { span.badge { "recommended" } } }
            @match &choice.allocation {
                Finding::Found(allocation) => {
                    (number(estimate(&allocation.params, text::count)))
                    (number(estimate(&allocation.tokens, text::count)))
                    (number(finding(&allocation.loss, text::loss)))
                    (number(html! { strong { (text::dollars(allocation.total)) } }))
                    td { (choice.reach) span.interval {
                        "C " (text::factor(allocation.reach.compute)) ", N " (text::factor(allocation.reach.params))
                        ", D " (text::factor(allocation.reach.tokens)) } }
                    (number(html! { (text::dollars(allocation.training)) span.interval {
                        (allocation.time) " on " (allocation.devices) } }))
                    (number(text::dollars(allocation.inference)))
                    (number(text::number(allocation.tokens_per_param)))
                    (number(text::scientific(allocation.flops.0)))
                }
                Finding::Refused(reason) => { td colspan="9" { (refusal(reason)) } }
            }
        }
    }
}
