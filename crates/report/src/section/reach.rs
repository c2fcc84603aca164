use maud::{Markup, html};

use super::component::{heads, nothing, number, table};
use crate::text;
use crate::view::View;

pub(super) fn body(view: &View) -> Markup {
    html! {
        p { "How many times beyond the largest measured value each statement lies. Up to about 1× it is an "
            "interpolation; the further beyond, the more the law's form decides instead of the data." }
        @if view.extrapolations.is_empty() {
            (nothing("Nothing is stated beyond what was measured."))
        } @else {
            (table("Reach of the extrapolations", heads(&["Statement", "#Compute", "#N", "#D", "In words"]), html! {
                @for entry in &view.extrapolations {
                    tr {
                        th scope="row" { (entry.target) }
                        (number(text::factor(entry.reach.compute)))
                        (number(text::factor(entry.reach.params)))
                        (number(text::factor(entry.reach.tokens)))
                        td.prose { (entry.statement) }
                    }
                }
            }))
        }
    }
}
