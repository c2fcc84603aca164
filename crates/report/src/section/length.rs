//! The sections of a page of what models cost by length.

use maud::{Markup, html};

use super::Section;
use super::component::{chart_of, heads, number, table};
use crate::chart::LENGTH_CHARTS;
use crate::text;
use crate::view::LengthView;

/// Every section, in the order of the page.
pub(crate) const SECTIONS: &[Section<LengthView>] = &[
    Section::new("summary", "Training against serving", |view| {
        chart_of(LENGTH_CHARTS, view, "length-trade")
    }),
    Section::new("training", "Training", training),
    Section::new("stepping", "Stepping", stepping),
    Section::new("left-out", "Not measured", left_out),
];

fn training(view: &LengthView) -> Markup {
    let rows = html! {
        @for model in &view.models {
            @for cost in &model.trainings {
                tr {
                    td { (model.name) }
                    (number(text::whole(cost.length as u64)))
                    (number(cost.sequences))
                    (number(cost.threads))
                    (number(text::number(cost.tokens_per_second())))
                    (number(text::number(1e3 * cost.time.0)))
                    (number(cost.steps))
                    (number(text::bytes(cost.memory)))
                }
            }
        }
    };
    let names = [
        "model",
        "#length",
        "#sequences",
        "#threads",
        "#tokens/s",
        "#step|ms, median",
        "#steps",
        "#memory|estimated",
    ];
    html! {
        (chart_of(LENGTH_CHARTS, view, "length-sequence"))
        (table("Training", heads(&names), rows))
    }
}

fn stepping(view: &LengthView) -> Markup {
    let rows = html! {
        @for model in &view.models {
            @for cost in &model.steps {
                tr {
                    td { (model.name) }
                    (number(text::whole(cost.context as u64)))
                    (number(cost.threads))
                    (number(text::number(1e6 * cost.time.0)))
                    (number(cost.tokens))
                    (number(text::bytes(cost.remembered)))
                    td { @if cost.is_read { "all read" } @else { "repeated" } }
                }
            }
        }
    };
    let names = [
        "model",
        "#context",
        "#threads",
        "#token|µs, median",
        "#tokens",
        "#remembered",
        "what came before",
    ];
    html! {
        (chart_of(LENGTH_CHARTS, view, "length-step"))
        (chart_of(LENGTH_CHARTS, view, "length-remembered"))
        (table("Stepping", heads(&names), rows))
        p { "Of a model whose cache grows, the first context was read, and what is remembered of it repeated for the \
             longer ones: it takes the same time and room. States that do not grow have read all of it." }
    }
}

fn left_out(view: &LengthView) -> Markup {
    let all = || {
        let models = view.models.iter();
        models.flat_map(|model| model.left_out.iter().map(|left| (&model.name, left)))
    };
    html! {
        @if all().next().is_some() {
            ul {
                @for (model, left) in all() {
                    li {
                        (model) ", " (left.what) " from " (text::whole(left.from as u64)) " on"
                        @if let Some(threads) = left.threads { ", " (text::plural(threads, "thread")) }
                        ": " (left.reason)
                    }
                }
            }
        }
    }
}
