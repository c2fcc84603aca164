use maud::{Markup, html};

use super::component::{caveats, chart, finding, folded, heads, nothing, number, refusal, table};
use crate::text;
use crate::view::{Approach, Finding, Parameter, View};

pub(super) fn body(view: &View) -> Markup {
    html! {
        p {
            "The three ways of " a href="https://arxiv.org/abs/2203.15556" rel="noreferrer" { "Hoffmann et al. 2022" }
            " to find the best split of compute between model and data. Where they disagree, the truth is "
            "less certain than any one interval says."
            @if let Some(arm) = &view.arm { " All of it is of the arm " b { (arm) } "." }
        }
        (chart(view, "optimal-params"))
        h3 { "Side by side" }
        @if view.approaches.is_empty() {
            (nothing("No approach has been fitted."))
        } @else {
            (comparison(&view.approaches))
        }
        @if let Some(flattening) = &view.flattening {
            h3 { "Is the curve flattening?" }
            @match flattening {
                Finding::Found(words) => { p { (words) } }
                Finding::Refused(reason) => { p { (refusal(reason)) } }
            }
        }
        (folded("Tokens, constants and residuals", html! {
            (chart(view, "optimal-tokens"))
            @for approach in view.approaches.iter().filter(|approach| !approach.parameters.is_empty()) {
                (constants(approach))
            }
            (chart(view, "residuals"))
        }))
    }
}

fn comparison(approaches: &[Approach]) -> Markup {
    let reference = approaches.first().map_or(f64::NAN, |first| first.reference.0);
    let at = format!("at {} FLOPs", text::scientific(reference));
    let columns = [
        "Approach".to_owned(),
        "#a|N* ~ C^a".to_owned(),
        "#b|D* ~ C^b".to_owned(),
        format!("#N*|{at}"),
        format!("#D*|{at}"),
        "#Hold-out error|mean, relative".to_owned(),
    ];
    html! {
        (table("The three approaches", heads(&columns.each_ref().map(String::as_str)), html! {
            @for approach in approaches { tr {
                th scope="row" { (approach.number) ". " (approach.name) }
                (number(finding(&approach.params_exponent, exponent)))
                (number(finding(&approach.tokens_exponent, exponent)))
                (number(finding(&approach.params, text::count)))
                (number(finding(&approach.tokens, text::count)))
                (number(hold_out(&approach.hold_out_error)))
            } }
        }))
        @for approach in approaches.iter().filter(|approach| !approach.warnings.is_empty()) {
            (folded(&format!("Approach {}: {}", approach.number, text::plural(approach.warnings.len(), "warning")),
                caveats(&approach.warnings)))
        }
    }
}

fn exponent(value: f64) -> String {
    text::fixed(value, 3)
}

fn hold_out(error: &Finding<f64>) -> Markup {
    match error {
        Finding::Found(error) => html! { span.value { (text::fixed(error * 100.0, 2)) "%" } },
        Finding::Refused(reason) => refusal(reason),
    }
}

fn constants(approach: &Approach) -> Markup {
    html! {
        h3 { "Constants of approach " (approach.number) }
        @if approach.number == 3 {
            p.hint { "L(N, D) = E + A / N" sup { "α" } " + B / D" sup { "β" } ", loss in nats per token." }
        }
        dl.facts { @for parameter in &approach.parameters { (constant(parameter)) } }
    }
}

fn constant(parameter: &Parameter) -> Markup {
    html! {
        div.unidentified[!parameter.identified] {
            dt { (parameter.name) @if !parameter.identified { span.bad { " not identified" } } }
            dd { (finding(&parameter.value, text::number)) }
        }
    }
}
