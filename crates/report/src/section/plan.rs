use maud::{Markup, html};

use super::component::{caveats, chart, estimate, finding, heads, nothing, number, refusal, table};
use crate::text;
use crate::view::{Choice, Finding, Plan, View};

pub(super) fn body(view: &View) -> Markup {
    let Some(plan) = &view.plan else {
        return nothing("There is no plan: the spec asks no question of it, or no law could be fitted.");
    };
    html! {
        (caveats(&plan.caveats))
        p { strong { "Question. " } (plan.question) }
        p { strong { "Prices. " } (plan.prices) }
        (choices(plan))
        @if !plan.reach.is_empty() {
            ul.reasons { @for sentence in &plan.reach { li { (sentence) } } }
        }
        @if !plan.notes.is_empty() {
            p { strong { "What shifts its numbers." } }
            ul.reasons { @for note in &plan.notes { li { (note) } } }
        }
        div.columns { (chart(view, "plan-allocation")) (chart(view, "plan-cost")) }
    }
}

fn choices(plan: &Plan) -> Markup {
    if plan.choices.is_empty() {
        return nothing("The plan has no choices.");
    }
    table(
        "Choices of the plan",
        heads(&[
            "##",
            "Choice",
            "Law",
            "#N|parameters",
            "#D|tokens",
            "#D / N",
            "Reach",
            "#C|FLOPs",
            "#Training",
            "#Serving",
            "#Total",
            "#Loss|nats / token",
        ]),
        html! { @for (index, choice) in plan.choices.iter().enumerate() { (row(index, choice)) } },
    )
}

fn row(index: usize, choice: &Choice) -> Markup {
    html! {
        tr.recommended[choice.recommended] {
            td.number { (index + 1) }
            th scope="row" { (choice.label) @if choice.recommended { span.badge { "recommended" } } }
            td { (choice.law) }
            @match &choice.allocation {
                Finding::Found(allocation) => {
                    (number(estimate(&allocation.params, text::count)))
                    (number(estimate(&allocation.tokens, text::count)))
                    (number(text::number(allocation.tokens_per_param)))
                    td { (choice.reach) }
                    (number(text::scientific(allocation.flops.0)))
                    (number(text::dollars(allocation.training)))
                    (number(text::dollars(allocation.inference)))
                    (number(html! { strong { (text::dollars(allocation.total)) } }))
                    (number(finding(&allocation.loss, text::loss)))
                }
                Finding::Refused(reason) => { td colspan="9" { (refusal(reason)) } }
            }
        }
    }
}
