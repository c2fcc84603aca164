//! The page's sections, one file each.

mod approaches;
mod comparison;
mod component;
mod corpus;
mod fit;
mod isoflop;
mod plan;
mod prediction;
mod provenance;
mod reach;
mod summary;
mod trials;

use maud::Markup;

use crate::view::View;

/// A part of the page with its own entry in the table of contents.
pub(crate) struct Section<V = View> {
    /// Its anchor.
    pub(crate) id: &'static str,
    /// Its heading.
    pub(crate) title: &'static str,
    /// Its body; empty only where the study asks no such question, and the section is left out.
    pub(crate) body: fn(&V) -> Markup,
}

pub(crate) use fit::SECTIONS as FIT_SECTIONS;

/// Every section of a study, in the order of the page.
pub(crate) const SECTIONS: &[Section] = &[
    Section {
        id: "summary",
        title: "Summary",
        body: summary::body,
    },
    Section {
        id: "arms",
        title: "What the arms are worth",
        body: comparison::body,
    },
    Section {
        id: "corpus",
        title: "Corpus",
        body: corpus::body,
    },
    Section {
        id: "trials",
        title: "Trials",
        body: trials::body,
    },
    Section {
        id: "isoflops",
        title: "IsoFLOP curves",
        body: isoflop::body,
    },
    Section {
        id: "approaches",
        title: "Three approaches",
        body: approaches::body,
    },
    Section {
        id: "held-out",
        title: "Held-out run",
        body: prediction::body,
    },
    Section {
        id: "plan",
        title: "Plan",
        body: plan::body,
    },
    Section {
        id: "reach",
        title: "Reach",
        body: reach::body,
    },
    Section {
        id: "provenance",
        title: "Provenance",
        body: provenance::body,
    },
];
