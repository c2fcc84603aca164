use maud::{Markup, html};

use super::component::{chart, estimate, heads, nothing, number, refusal, table};
use crate::text;
use crate::view::{Finding, View};

pub(super) fn body(view: &View) -> Markup {
    html! {
        (chart(view, "isoflop"))
        h3 { "Minima" }
        @if view.isoflops.is_empty() {
            (nothing("The study has no compute budgets, so no IsoFLOP curves."))
        } @else {
            (table(
                "IsoFLOP minima",
                heads(&["Budget|FLOPs", "#Trials", "#N*|parameters", "#D*|tokens", "#Loss there|nats / token"]),
                html! {
                    @for isoflop in &view.isoflops {
                        tr {
                            th scope="row" { (text::scientific(isoflop.budget.0)) }
                            (number(isoflop.points.len().to_string()))
                            @match &isoflop.minimum {
                                Finding::Found(minimum) => {
                                    (number(estimate(&minimum.params, text::count)))
                                    (number(estimate(&minimum.tokens, text::count)))
                                    (number(estimate(&minimum.loss, text::loss)))
                                }
                                Finding::Refused(reason) => { td colspan="3" { (refusal(reason)) } }
                            }
                        }
                    }
                },
            ))
        }
    }
}
