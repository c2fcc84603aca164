use maud::{Markup, html};

use super::component::table;
use crate::text;
use crate::view::{ArmLoss, LossesByText, View};

/// Losses by text and source; nothing before there are any.
pub(super) fn body(view: &View) -> Markup {
    view.losses.as_ref().map_or_else(Markup::default, of)
}

fn of(losses: &LossesByText) -> Markup {
    let several = losses.arms.len() > 1;
    let mut all = losses.texts.iter().flat_map(|text| text.arms.iter().flatten());
    html! {
        p { "Bits per byte of " (losses.at)
            @if all.any(|loss| loss.runs > 1) { ", the mean over seeds and its standard deviation" }
            @if several { "; below, the difference to " b { (losses.arms[0]) } } "." }
        (table("Losses by text and source",
            html! {
                th scope="col" { "Text" } th scope="col" { "Of" }
                @if several { @for arm in &losses.arms { th.number scope="col" { (arm) } } }
                @else { th.number scope="col" { "Bits per byte" } }
            },
            html! { @for text in &losses.texts { tr {
                th scope="row" { (text.name) }
                td { (if text.is_source { "source" } else { "validation text" }) }
                @for loss in &text.arms { td.number { (cell(loss.as_ref())) } }
            } } }))
    }
}

fn cell(loss: Option<&ArmLoss>) -> Markup {
    let Some(loss) = loss else {
        return html! { (text::NOTHING) };
    };
    html! {
        span.value { (text::loss(loss.mean)) @if let Some(deviation) = loss.deviation { " ± " (text::loss(deviation)) } }
        @if let Some(difference) = loss.difference { span.interval { (text::signed(difference)) } }
    }
}
