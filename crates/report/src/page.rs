//! The page around the sections.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Serialize;
use serde_json::{Map, Value};
use triaxis_plan::decide::Decision;

use crate::chart::{CHARTS, DECISION_CHARTS, FIT_CHARTS, LENGTH_CHARTS, figures};
use crate::error::ReportError;
use crate::section::{
    CURATION_SECTIONS, DECISION_SECTIONS, FIT_SECTIONS, LENGTH_SECTIONS, PROBE_SECTIONS, SECTIONS, Section,
};
use crate::view::{CurationView, FitView, LengthView, ProbeView, View};

const STYLE: &str = include_str!("../assets/page.css");
const SCRIPT: &str = include_str!("../assets/page.js");
/// plotly.js basic distribution (scatter, bar, pie), MIT licence in `assets/plotly-LICENSE`.
pub(crate) const PLOTLY: &str = include_str!("../assets/plotly-basic.min.js");

/// Nothing may be fetched: what the page needs is in it.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
                      img-src data: blob:; base-uri 'none'; form-action 'none'";

/// The report of a study as one HTML page that needs no network.
///
/// # Errors
/// When the view does not become JSON.
pub fn page(view: &View) -> Result<String, ReportError> {
    let below = format!(
        "Scaling study · {} · triaxis {}",
        view.generated, view.program.version
    );
    let mut drawn = figures(CHARTS, view);
    drawn.extend(
        view.decision()
            .into_iter()
            .flat_map(|decision| figures(DECISION_CHARTS, decision)),
    );
    assembled(&view.title, &below, view, drawn, SECTIONS)
}

/// The report of a fit as such a page.
///
/// # Errors
/// When the view does not become JSON.
pub fn fit_page(view: &FitView) -> Result<String, ReportError> {
    let below = format!("Scaling law · {} · triaxis {}", view.form, view.version);
    let drawn = figures(FIT_CHARTS, view);
    assembled(&view.title, &below, view, drawn, FIT_SECTIONS)
}

/// What models cost by length as such a page.
///
/// # Errors
/// When the view does not become JSON.
pub fn length_page(view: &LengthView) -> Result<String, ReportError> {
    let below = format!(
        "Measured on {} · {} · triaxis {}",
        view.machine, view.generated, view.version
    );
    let drawn = figures(LENGTH_CHARTS, view);
    assembled("Cost by length", &below, view, drawn, LENGTH_SECTIONS)
}

/// What architectures learn of probes as such a page.
///
/// # Errors
/// When the view does not become JSON.
pub fn probe_page(view: &ProbeView) -> Result<String, ReportError> {
    let below = format!(
        "Measured on {} · {} · triaxis {}",
        view.machine, view.generated, view.version
    );
    assembled("Probes", &below, view, Map::new(), PROBE_SECTIONS)
}

/// A curated corpus as such a page.
///
/// # Errors
/// When the view does not become JSON.
pub fn curation_page(view: &CurationView) -> Result<String, ReportError> {
    let below = format!("Curated text · {} · triaxis {}", view.folder, view.version);
    assembled(
        "What was kept and dropped",
        &below,
        view,
        Map::new(),
        CURATION_SECTIONS,
    )
}

/// The answer to a question of what to train as such a page.
///
/// # Errors
/// When the decision does not become JSON.
pub fn decision_page(decision: &Decision) -> Result<String, ReportError> {
    let title = match decision.title.as_str() {
        "" => "What to train",
        title => title,
    };
    let below = format!(
        "Wanted: {} · triaxis {}",
        decision.aim.words(),
        env!("CARGO_PKG_VERSION")
    );
    let drawn = figures(DECISION_CHARTS, decision);
    assembled(title, &below, decision, drawn, DECISION_SECTIONS)
}

/// A page: its title, what stands below it, its figures and its sections.
fn assembled<V: Serialize>(
    title: &str,
    below: &str,
    view: &V,
    figures: Map<String, Value>,
    sections: &[Section<V>],
) -> Result<String, ReportError> {
    let data = embedded(view)?;
    let figures = embedded(&figures)?;
    let shown: Vec<_> = sections
        .iter()
        .map(|section| (section, (section.body)(view)))
        .filter(|(_, body)| !body.0.is_empty())
        .collect();
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · triaxis" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#summary" { "Skip to the answer" }
                header.top {
                    div {
                        h1 { (title) }
                        p.sub { (below) }
                    }
                    button.theme type="button" id="theme" aria-label="Colours: as the system" { "◐" }
                }
                div.layout {
                    nav.contents aria-label="Contents" {
                        ul { @for (section, _) in &shown { li { a href={ "#" (section.id) } { (section.title) } } } }
                    }
                    main {
                        @for (section, body) in &shown { (framed(section.id, section.title, section.is_folded, body)) }
                    }
                }
                script type="application/json" id="view" { (PreEscaped(data)) }
                script type="application/json" id="figures" { (PreEscaped(figures)) }
                script { (PreEscaped(PLOTLY)) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    Ok(markup.into_string())
}

/// A section in its place; one that is folded opens by its heading.
fn framed(id: &str, title: &str, is_folded: bool, body: &Markup) -> Markup {
    let heading = html! { h2 id={ (id) "-title" } { (title) } };
    html! {
        section id=(id) aria-labelledby={ (id) "-title" } {
            @if is_folded { details.section { summary { (heading) } div.fold { (body) } } }
            @else { (heading) (body) }
        }
    }
}

/// JSON that cannot end the script element it stands in, nor open another.
fn embedded(value: &impl Serialize) -> Result<String, ReportError> {
    let text = serde_json::to_string(value)?;
    Ok(text
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_json_stays_in_its_element() {
        let hostile = "</script><script>alert(1)</script><!-- \u{2028}&amp;";
        let text = embedded(&hostile).unwrap();
        assert!(!text.contains(['<', '>', '&', '\u{2028}']));
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), hostile);
    }

    #[test]
    fn own_scripts_and_styles_cannot_end_their_elements() {
        for (name, text) in [("plotly", PLOTLY), ("script", SCRIPT)] {
            let text = text.to_ascii_lowercase();
            assert!(!text.contains("</script") && !text.contains("<!--"), "{name}");
        }
        assert!(!STYLE.to_ascii_lowercase().contains("</style"));
    }

    #[test]
    fn plotly_is_the_version_that_was_reviewed() {
        let banner: String = PLOTLY.lines().take(6).collect::<Vec<_>>().join("\n");
        assert!(banner.contains("plotly.js (basic - minified) v4.1.1"), "{banner}");
        assert!(banner.contains("MIT license"), "{banner}");
    }
}
