//! What architectures learn of probes: a section of a study, and a page of its own.

use maud::{Markup, html};

use super::Section;
use super::component::{estimate, heads, number, table};
use crate::picture::probes as picture;
use crate::text;
use crate::view::{LevelScore, ProbeFacts, ProbeResults, ProbeScores, ProbeView, View};

/// Every section, in the order of the page.
pub(crate) const SECTIONS: &[Section<ProbeView>] = &[
    Section::new("summary", "Who can what at which size", |view| {
        summary(&view.results)
    }),
    Section::new("probes", "Probe by probe", |view| details(&view.results)),
];

/// Both of them, in a study.
pub(super) fn body(view: &View) -> Markup {
    html! {
        (summary(&view.probes))
        (details(&view.probes))
    }
}

fn summary(results: &ProbeResults) -> Markup {
    html! {
        @if !results.is_empty() {
            figure {
                (picture(results))
                figcaption.hint {
                    "Right answers, means over seeds, of which one that diverged counts as guessing. A row is a probe in a \
                     vocabulary, at sequences of so many tokens, with so many answers scored; a column an architecture, its \
                     width and its parameters. A cell is the darker, the more is learnt of what lies \
                     between guessing and the best that can be scored."
                }
            }
        }
    }
}

fn details(results: &ProbeResults) -> Markup {
    html! {
        @for probe in &results.probes { (of(probe, results)) }
    }
}

fn of(probe: &ProbeFacts, results: &ProbeResults) -> Markup {
    let own = || results.scores.iter().filter(|scores| scores.probe == probe.name);
    let names = [
        "model",
        "#vocabulary",
        "trained on|LENGTH:ANSWERS",
        "#width",
        "#parameters",
        "#remembered|numbers",
        "#learning rate",
        "#length",
        "#answers",
        "#right|95% over seeds",
        "#guessing",
        "beside it",
    ];
    let rows = html! {
        @for scores in own() { @for level in &scores.levels { (row(scores, level)) } }
    };
    html! {
        h3 { (probe.name) }
        p.detail { (probe.about) "." }
        (table(&probe.name, heads(&names), rows))
        @if !probe.published.is_empty() {
            ul {
                @for score in &probe.published {
                    li { "Published: " (score.model) " scores " (text::percent(score.accuracy)) " on " (score.level) " (" (score.source) ")." }
                }
            }
        }
        @for scores in own() {
            @for reason in &scores.diverged { p.refusal { (reason) } }
            @if let Some(rate) = scores.told_rate() { p.detail { (scores.name) " of width " (scores.width) ": " (rate) "." } }
        }
    }
}

/// Levels as commands say them.
fn levels(levels: &[[usize; 2]]) -> String {
    let levels = levels
        .iter()
        .map(|[length, answers]| format!("{length}:{answers}"));
    levels.collect::<Vec<_>>().join(", ")
}

fn row(scores: &ProbeScores, level: &LevelScore) -> Markup {
    html! {
        tr {
            td { (scores.name) }
            (number(scores.vocabulary))
            td { (levels(&scores.train)) }
            (number(scores.width))
            (number(scores.parameters.to_string()))
            (number(text::whole(scores.remembered)))
            (number(text::number(scores.rate)))
            (number(text::whole(level.length as u64)))
            (number(text::whole(level.answers as u64)))
            td.number {
                @match &level.accuracy {
                    Some(found) => (estimate(found, text::percent)),
                    None => (text::NOTHING),
                }
                @if let Some(diverged) = scores.told_diverged() { br; (diverged) }
            }
            (number(text::percent(level.chance)))
            td {
                @if !level.is_trained { "longer, or with more answers, than trained on" br; }
                @if let Some(reference) = &level.reference { (reference.name) ": " (text::percent(reference.accuracy)) }
            }
        }
    }
}
