//! Pieces that several sections use.

use maud::{Markup, html};

use crate::chart::{CHARTS, Chart};
use crate::text;
use crate::view::{Estimate, Finding, View};

/// A chart of a study.
pub(super) fn chart(view: &View, id: &str) -> Markup {
    chart_of(CHARTS, view, id)
}

/// A chart with its caption, or the reason why there is none in its place.
pub(super) fn chart_of<V>(charts: &[&Chart<V>], view: &V, id: &str) -> Markup {
    let Some(chart) = charts.iter().find(|chart| chart.id == id) else {
        return html! {};
    };
    html! {
        figure.chart-box {
            h3 { (chart.title) }
            @match (chart.figure)(view) {
                Ok(_) => {
                    div.chart id={ "chart-" (chart.id) } data-chart=(chart.id) role="img"
                        aria-label={ (chart.title) ". " (chart.caption) }
                        style={ "height:" (chart.height) "px" } {
                        noscript { "This chart needs scripts; its numbers are in the tables of this page." }
                    }
                }
                Err(reason) => { p.refusal { (reason) } }
            }
            figcaption { (chart.caption) }
        }
    }
}

/// A table in a box of its own, which scrolls when the screen is narrow.
pub(super) fn table(label: &str, head: Markup, rows: Markup) -> Markup {
    html! {
        div.table-box tabindex="0" role="region" aria-label=(label) {
            table { thead { tr { (head) } } tbody { (rows) } }
        }
    }
}

/// Column headings: those that start with `#` are above numbers, after a `|` comes the unit.
pub(super) fn heads(names: &[&str]) -> Markup {
    html! {
        @for name in names {
            @let (text, unit) = name.split_once('|').unwrap_or((name, ""));
            @let numeric = text.strip_prefix('#');
            th.number[numeric.is_some()] scope="col" {
                (numeric.unwrap_or(text))
                @if !unit.is_empty() { small { (unit) } }
            }
        }
    }
}

/// A cell that holds a number.
pub(super) fn number(text: impl maud::Render) -> Markup {
    html! { td.number { (text) } }
}

/// A value with its interval in smaller type below, or the refusal.
pub(super) fn finding(finding: &Finding, print: impl Fn(f64) -> String) -> Markup {
    match finding {
        Finding::Found(found) => estimate(found, print),
        Finding::Refused(reason) => refusal(reason),
    }
}

/// A value with its interval in smaller type below.
pub(super) fn estimate(estimate: &Estimate, print: impl Fn(f64) -> String) -> Markup {
    html! {
        span.value { (print(estimate.value)) }
        @if let Some(range) = &estimate.interval {
            span.interval title={ (text::percent(range.level)) " interval" } { (text::interval(range, &print)) }
        }
    }
}

/// Why there is no number, in the number's place.
pub(super) fn refusal(reason: &str) -> Markup {
    html! { span.refusal { span.mark aria-hidden="true" { "⊘ " } "refused: " (reason) } }
}

/// What a reader must not miss.
pub(super) fn caveats(texts: &[String]) -> Markup {
    html! {
        @if !texts.is_empty() {
            div.caveat role="note" {
                @for text in texts { p { span.mark aria-hidden="true" { "▲ " } (text) } }
            }
        }
    }
}

/// What is long, behind its heading until it is asked for; open in print.
pub(super) fn folded(heading: &str, body: Markup) -> Markup {
    html! { details { summary { (heading) } div.fold { (body) } } }
}

/// A sentence where a section has nothing.
pub(super) fn nothing(text: &str) -> Markup {
    html! { p.nothing { (text) } }
}

/// Terms and values side by side.
pub(super) fn facts(entries: &[(&str, Markup)]) -> Markup {
    html! {
        dl.facts { @for (term, value) in entries { div { dt { (term) } dd { (value) } } } }
    }
}
