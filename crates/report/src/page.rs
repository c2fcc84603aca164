//! The page around the sections.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Serialize;

use crate::chart;
use crate::error::ReportError;
use crate::section::SECTIONS;
use crate::view::View;

const STYLE: &str = include_str!("../assets/page.css");
const SCRIPT: &str = include_str!("../assets/page.js");
/// plotly.js basic distribution (scatter, bar, pie), MIT licence in `assets/plotly-LICENSE`.
pub(crate) const PLOTLY: &str = include_str!("../assets/plotly-basic.min.js");

/// Nothing may be fetched: what the page needs is in it.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
                      img-src data: blob:; base-uri 'none'; form-action 'none'";

/// The whole report as one HTML page that needs no network.
///
/// # Errors
/// When the view does not become JSON.
pub fn page(view: &View) -> Result<String, ReportError> {
    let data = embedded(view)?;
    let figures = embedded(&chart::figures(view))?;
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (view.title) " · triaxis" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#summary" { "Skip to the summary" }
                (header(view))
                div.layout { (contents()) main { (sections(view)) } }
                script type="application/json" id="view" { (PreEscaped(data)) }
                script type="application/json" id="figures" { (PreEscaped(figures)) }
                script { (PreEscaped(PLOTLY)) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    Ok(markup.into_string())
}

fn header(view: &View) -> Markup {
    html! {
        header.top {
            div {
                h1 { (view.title) }
                p.sub { "Scaling study · " (view.generated) " · triaxis " (view.program.version) " · took " (view.seconds) }
            }
            button.theme type="button" id="theme" aria-label="Colours: as the system" { "◐" }
        }
    }
}

fn contents() -> Markup {
    html! {
        nav.contents aria-label="Contents" {
            ul { @for section in SECTIONS { li { a href={ "#" (section.id) } { (section.title) } } } }
        }
    }
}

fn sections(view: &View) -> Markup {
    html! {
        @for section in SECTIONS {
            section id=(section.id) aria-labelledby={ (section.id) "-title" } {
                h2 id={ (section.id) "-title" } { (section.title) }
                ((section.body)(view))
            }
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
