//! The sections of a page of a curated corpus.

use maud::{Markup, html};

use super::Section;
use super::component::{heads, number, table};
use crate::text;
use crate::view::{Counted, CurationView, Sample};

/// Every section, in the order of the page.
pub(crate) const SECTIONS: &[Section<CurationView>] = &[
    Section::new("summary", "Steps", steps),
    Section::new("reasons", "Reasons", reasons),
    Section::new("sources", "Sources", sources),
    Section::new("dropped", "Dropped", dropped),
    Section::new("kept", "Kept", kept),
];

/// Two cells of documents and their text.
fn counted((documents, bytes): Counted) -> Markup {
    html! { (number(text::whole(documents))) (number(text::bytes(bytes))) }
}

/// A share as a cell, of nothing a dash.
fn share(part: u64, whole: u64) -> Markup {
    number(match whole {
        0 => text::NOTHING.to_owned(),
        whole => format!("{:.1}%", 100.0 * part as f64 / whole as f64),
    })
}

fn steps(view: &CurationView) -> Markup {
    let rows = html! {
        @for (place, step) in view.steps.iter().enumerate() {
            tr {
                (number(place + 1))
                td { (step.name) }
                (counted(step.read))
                (counted(step.kept))
                (share(step.read.0 - step.kept.0.min(step.read.0), step.read.0))
                (number(text::whole(step.edited)))
            }
        }
    };
    let names = [
        "#step",
        "what",
        "#documents in",
        "#text in",
        "#documents out",
        "#text out",
        "#dropped",
        "#edited",
    ];
    table("Steps", heads(&names), rows)
}

fn reasons(view: &CurationView) -> Markup {
    let is_any = view.steps.iter().any(|step| !step.dropped.is_empty());
    let rows = html! {
        @for step in &view.steps {
            @for (reason, documents, bytes) in &step.dropped {
                tr {
                    td { (step.name) }
                    td { (reason) }
                    (counted((*documents, *bytes)))
                    (share(*documents, step.read.0))
                }
            }
        }
    };
    let names = ["step", "reason", "#documents", "#text", "#of documents in"];
    html! {
        @if is_any { (table("Reasons", heads(&names), rows)) }
        @else { p { "Nothing was dropped." } }
    }
}

fn sources(view: &CurationView) -> Markup {
    let rows = html! {
        @for (name, read, kept) in &view.sources {
            tr { td { (name) } (counted(*read)) (counted(*kept)) (share(kept.0, read.0)) }
        }
    };
    let names = [
        "source",
        "#documents",
        "#text",
        "#documents kept",
        "#text kept",
        "#kept",
    ];
    table("Sources", heads(&names), rows)
}

fn dropped(view: &CurationView) -> Markup {
    let dropped = || view.samples.iter().filter(|sample| sample.heading.is_some());
    let samples: Vec<&Sample> = dropped().collect();
    html! {
        @for group in samples.chunk_by(|one, other| one.heading == other.heading) {
            @if let Some(heading) = group.first().and_then(|first| first.heading.as_ref()) { h3 { (heading) } }
            @for sample in group { (document(sample)) }
        }
    }
}

fn kept(view: &CurationView) -> Markup {
    html! {
        @for sample in view.samples.iter().filter(|sample| sample.heading.is_none()) { (document(sample)) }
    }
}

/// A document, folded: its text is others', and only ever text.
fn document(sample: &Sample) -> Markup {
    let left = sample.bytes - (sample.text.len() as u64).min(sample.bytes);
    html! {
        details {
            summary { code dir="auto" { (sample.id) } " " (sample.said) }
            pre dir="auto" style="white-space:pre-wrap;overflow-wrap:anywhere" { (sample.text) }
            @if left > 0 { p.sub { (text::whole(left)) " bytes more" } }
        }
    }
}
