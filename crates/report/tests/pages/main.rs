//! The pages of a fit, of a decision and of a curated corpus.

#![allow(clippy::unwrap_used, clippy::panic)]

mod curation;
mod decision;
mod fit;

use serde_json::Value;

/// Text that would end the element it stands in, were it not escaped.
const HOSTILE: &str = "</script><img src=x onerror=alert(1)>&";

/// A page without the vendored plotly.js, which it must carry.
fn without_plotly(html: &str) -> String {
    let plotly = include_str!("../../assets/plotly-basic.min.js");
    assert!(html.contains(plotly), "the page must carry plotly.js");
    html.replace(plotly, "")
}

/// The JSON of a page's element.
fn json(html: &str, id: &str) -> Value {
    let start = format!("<script type=\"application/json\" id=\"{id}\">");
    let from = html.find(&start).unwrap() + start.len();
    let length = html[from..].find("</script>").unwrap();
    serde_json::from_str(&html[from..from + length]).unwrap()
}

/// Asserts that a page has these sections, and these charts with something drawn.
fn holds(html: &str, sections: &[&str], charts: &[&str]) {
    for id in sections {
        assert!(html.contains(&format!("<section id=\"{id}\"")), "{id}");
    }
    let figures = json(html, "figures");
    for id in charts {
        assert!(
            figures[id]["data"]
                .as_array()
                .is_some_and(|traces| !traces.is_empty()),
            "{id}"
        );
        assert!(html.contains(&format!("data-chart=\"{id}\"")), "{id}");
    }
}
