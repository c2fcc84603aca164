//! The sections of a fit's page.

use maud::{Markup, html};

use super::Section;
use super::component::{caveats, chart_of, estimate, facts, heads, nothing, number, refusal, table};
use crate::chart::FIT_CHARTS;
use crate::text;
use crate::view::{FitParameter, FitView};

/// Every section of a fit, in the order of the page.
pub(crate) const SECTIONS: &[Section<FitView>] = &[
    Section::new("summary", "Answer", summary),
    Section::new("predictions", "Predictions", predictions),
    Section::new("curve", "Runs and law", curve),
    Section::new("parameters", "Parameters", parameters),
    Section::new("held-out", "Held out", held_out),
    Section::new("residuals", "Residuals", |view| {
        chart_of(FIT_CHARTS, view, "fit-residuals")
    }),
    Section::new("forms", "Forms", forms).folded(),
    Section::new("provenance", "Provenance", provenance).folded(),
];

fn curve(view: &FitView) -> Markup {
    html! {
        (chart_of(FIT_CHARTS, view, "fit-curve"))
        @if !view.isoflops.is_empty() { (chart_of(FIT_CHARTS, view, "fit-isoflop")) }
    }
}

fn summary(view: &FitView) -> Markup {
    let unidentified = view
        .parameters
        .iter()
        .filter(|parameter| !parameter.identified)
        .count();
    html! {
        @for reason in &view.refusals { p { (refusal(reason)) } }
        div.tiles {
            div.tile { h3 { "Law" } div.detail { code { (view.law) } } p.sub { (view.form) " · " (view.source) } }
            div.tile {
                h3 { "Error on runs held out" }
                @match &view.check {
                    Some(check) => {
                        p.headline { (text::fixed(100.0 * check.error, 2)) "%" }
                        div.detail { (check.words) }
                    }
                    None => { p.nothing { "no run could be held out" } }
                }
            }
            div.tile {
                h3 { "Parameters the data identify" }
                p.headline { (view.parameters.len() - unidentified) " of " (view.parameters.len()) }
            }
            @if let Some(words) = &view.flattening { div.tile { h3 { "Is the curve flattening?" } div.detail { (words) } } }
            @if let Some(trust) = &view.trust { div.tile { h3 { "Which form to trust" } div.detail { (trust) } } }
        }
        (caveats(&view.warnings))
    }
}

fn parameters(view: &FitView) -> Markup {
    let methods: Vec<&str> = view
        .parameters
        .first()
        .iter()
        .flat_map(|first| first.methods.iter().map(|method| method.0.as_str()))
        .collect();
    let cell = |parameter: &FitParameter, method: &str| {
        let found = parameter.methods.iter().find(|(name, ..)| name == method);
        found.map_or_else(
            || text::NOTHING.to_owned(),
            |(_, low, high)| format!("{} to {}", text::number(*low), text::number(*high)),
        )
    };
    html! {
        p { code { (view.equation) } }
        (table(
            "Parameters",
            html! { (heads(&["Parameter", "#Value"])) @for method in &methods { th.number scope="col" { (method) } } (heads(&["Identified", "Meaning"])) },
            html! {
                @for parameter in &view.parameters {
                    tr {
                        th scope="row" { (parameter.name) }
                        (number(estimate(&parameter.estimate, text::number)))
                        @for method in &methods { (number(cell(parameter, method))) }
                        td { @if parameter.identified { span.good { "✓ yes" } } @else { span.bad { "✗ no" @if !parameter.open.is_empty() { ", open " (parameter.open) } } } }
                        td.prose { (parameter.meaning) }
                    }
                }
            },
        ))
        p.hint {
            "Below each value stands the interval to be used; the columns beside it have the interval by each method. "
            "A parameter is not identified when its interval reaches an end of its range: other parameters make up for it, "
            "or it may as well be nothing, and that end is where the search stopped."
        }
    }
}

fn predictions(view: &FitView) -> Markup {
    html! {
        @if view.predictions.is_empty() {
            (nothing("No run was asked for: --predict N=7B,D=4T does."))
        } @else {
            (table(
                "Predictions",
                heads(&["Run", "#Predicted", "Reach"]),
                html! {
                    @for run in &view.predictions {
                        tr {
                            th scope="row" { (run.inputs) }
                            @if run.estimate.value.is_finite() {
                                (number(estimate(&run.estimate, text::measured)))
                            } @else {
                                (number(text::NOTHING))
                            }
                            td.prose { (run.reach) }
                        }
                    }
                },
            ))
        }
    }
}

fn held_out(view: &FitView) -> Markup {
    html! {
        @match &view.check {
            Some(check) => { p { (check.words) } (chart_of(FIT_CHARTS, view, "fit-check")) }
            None => { (nothing("No run could be held out.")) }
        }
    }
}

fn forms(view: &FitView) -> Markup {
    let percent = |share: Option<f64>| {
        share.map_or_else(
            || text::NOTHING.to_owned(),
            |share| format!("{}%", text::fixed(100.0 * share, 2)),
        )
    };
    html! {
        @if view.compared.is_empty() {
            (nothing("This form was asked for; without --form all that the columns allow are compared."))
        } @else {
            @if let Some(trust) = &view.trust { p { (trust) } }
            (table(
                "Forms",
                heads(&["Form", "#Held-out error", "#Share", "#Mean's error", "#R²", "#Parameters", "Not identified"]),
                html! {
                    @for form in &view.compared {
                        tr.recommended[form.form == view.form] {
                            th scope="row" { (form.form) }
                            (number(percent(form.held_out_error)))
                            (number(form.share.map_or_else(|| text::NOTHING.to_owned(), text::percent)))
                            (number(percent(form.baseline)))
                            (number(form.r_squared.map_or_else(|| text::NOTHING.to_owned(), |share| text::fixed(share, 4))))
                            (number(form.parameters))
                            td.prose {
                                (form.unidentified.join(", "))
                                @if let Some(reason) = &form.refused { (refusal(reason)) }
                            }
                        }
                    }
                },
            ))
            @if !view.left_out.is_empty() { p.hint { "Not compared: " (view.left_out) "." } }
        }
    }
}

fn provenance(view: &FitView) -> Markup {
    let entries: Vec<(&str, Markup)> = view
        .facts
        .iter()
        .map(|(term, words)| (term.as_str(), html! { (words) }))
        .collect();
    html! {
        div.wide { (facts(&entries)) }
        p { button type="button" data-download="view" { "Download the data of this page (JSON)" } }
        p.hint { "Charts: plotly.js, MIT licence." }
    }
}
