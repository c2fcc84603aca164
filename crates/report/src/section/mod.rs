//! The page's sections, one file each.

mod approaches;
mod comparison;
mod component;
mod corpus;
mod curation;
mod decision;
mod experts;
mod fit;
mod isoflop;
mod length;
mod losses;
mod mixtures;
mod plan;
mod prediction;
mod probes;
mod provenance;
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
    /// Its body; empty where the study asks no such question: the section is left out.
    pub(crate) body: fn(&V) -> Markup,
    /// Whether it is behind its heading until it is asked for.
    pub(crate) is_folded: bool,
}

impl<V> Section<V> {
    const fn new(id: &'static str, title: &'static str, body: fn(&V) -> Markup) -> Self {
        Self {
            id,
            title,
            body,
            is_folded: false,
        }
    }

    const fn folded(self) -> Self {
        Self {
            is_folded: true,
            ..self
        }
    }
}

pub(crate) use curation::SECTIONS as CURATION_SECTIONS;
pub(crate) use decision::SECTIONS as DECISION_SECTIONS;
pub(crate) use fit::SECTIONS as FIT_SECTIONS;
pub(crate) use length::SECTIONS as LENGTH_SECTIONS;
pub(crate) use probes::SECTIONS as PROBE_SECTIONS;

/// Every section of a study, in the order of the page: the answer, its evidence, the details.
pub(crate) const SECTIONS: &[Section] = &[
    Section::new("summary", "Answer", summary::body),
    Section::new("arms", "What the arms are worth", comparison::body),
    Section::new("mixtures", "The best mixture of sources", mixtures::body),
    Section::new("texts", "Loss by text", losses::body),
    Section::new("experts", "What the experts do", experts::body),
    Section::new("probes", "Who can what at which size", probes::body),
    Section::new(
        "emergence",
        "When mixtures and dense models learn",
        experts::emergence,
    ),
    Section::new("plan", "Plan", plan::body),
    Section::new("held-out", "Held-out run", prediction::body),
    Section::new("isoflops", "IsoFLOP curves", isoflop::body),
    Section::new("approaches", "Three approaches", approaches::body),
    Section::new("trials", "Trials", trials::body).folded(),
    Section::new("corpus", "Corpus", corpus::body).folded(),
    Section::new("provenance", "Provenance", provenance::body).folded(),
];
