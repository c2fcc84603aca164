//! What the page of a curated corpus must hold, whatever its documents say.

use triaxis_report::curation_page;
use triaxis_report::view::{CurationView, Sample, Step};
use triaxis_units::Bytes;

use crate::{HOSTILE, holds, json, without_plotly};

fn view() -> CurationView {
    let sample = |heading: Option<&str>, text: &str| Sample {
        heading: heading.map(str::to_owned),
        id: format!("pages/{HOSTILE}#1"),
        said: format!("least_words 5, at least 50 {HOSTILE}"),
        text: text.to_owned(),
        bytes: text.len() as u64 + 1234,
    };
    CurationView {
        folder: HOSTILE.to_owned(),
        version: "0.1.0".to_owned(),
        sources: vec![(HOSTILE.to_owned(), (40, Bytes(4000)), (30, Bytes(3000)))],
        steps: vec![Step {
            name: HOSTILE.to_owned(),
            read: (40, Bytes(4000)),
            kept: (30, Bytes(3000)),
            edited: 2,
            dropped: vec![("least_words".to_owned(), 10, Bytes(1000))],
        }],
        samples: vec![
            sample(Some("1 gopher-quality: least_words"), HOSTILE),
            sample(Some("1 gopher-quality: least_words"), "\u{1b}[2J\0"),
            sample(None, HOSTILE),
        ],
    }
}

#[test]
fn every_section_is_there_and_what_others_wrote_is_text() {
    let html = without_plotly(&curation_page(&view()).unwrap());
    holds(&html, &["summary", "reasons", "sources", "dropped", "kept"], &[]);
    assert!(!html.contains("<img") && !html.contains(HOSTILE));
    assert_eq!(html.matches("<details>").count(), 3);
    assert_eq!(html.matches("<h3>1 gopher-quality: least_words</h3>").count(), 1);
    assert!(html.contains("1,234 bytes more") && html.contains("25.0%") && html.contains("75.0%"));
    assert_eq!(json(&html, "view"), serde_json::to_value(view()).unwrap());
}

#[test]
fn a_corpus_of_which_nothing_was_dropped_says_so() {
    let mut view = view();
    view.steps[0].dropped.clear();
    view.samples.clear();
    let html = without_plotly(&curation_page(&view).unwrap());
    assert!(html.contains("Nothing was dropped.") && !html.contains("id=\"dropped\""));
}
