use maud::{Markup, html};

use super::component::{caveats, chart, finding, nothing, refusal};
use crate::text;
use crate::view::{Approach, Finding, Parameter, View};

pub(super) fn body(view: &View) -> Markup {
    html! {
        p {
            "The three ways of " a href="https://arxiv.org/abs/2203.15556" rel="noreferrer" { "Hoffmann et al. 2022" }
            " to find the best split of compute between model and data. Where they disagree, the truth is "
            "less certain than any one interval says."
        }
        div.columns { (chart(view, "optimal-params")) (chart(view, "optimal-tokens")) }
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
        @for approach in view.approaches.iter().filter(|approach| !approach.parameters.is_empty()) {
            (constants(approach))
        }
        (chart(view, "residuals"))
    }
}

fn comparison(approaches: &[Approach]) -> Markup {
    html! {
        div.cards {
            @for approach in approaches {
                article.card {
                    h4 { span class={ "swatch series-" (approach.number.saturating_sub(1)) } aria-hidden="true" {}
                        "Approach " (approach.number) }
                    p.sub { (approach.name) }
                    dl {
                        (row(html! { "a" small { "N* ~ C" sup { "a" } } }, finding(&approach.params_exponent, exponent)))
                        (row(html! { "b" small { "D* ~ C" sup { "b" } } }, finding(&approach.tokens_exponent, exponent)))
                        (row(html! { "N*" small { "at " (text::scientific(approach.reference.0)) " FLOPs" } },
                            finding(&approach.params, text::count)))
                        (row(html! { "D*" small { "at " (text::scientific(approach.reference.0)) " FLOPs" } },
                            finding(&approach.tokens, text::count)))
                        (row(html! { "Hold-out error" small { "mean, relative" } }, hold_out(&approach.hold_out_error)))
                    }
                    (caveats(&approach.warnings))
                }
            }
        }
    }
}

fn row(term: Markup, value: Markup) -> Markup {
    html! { div { dt { (term) } dd { (value) } } }
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
