//! Real pages, with the texts that Python's trafilatura takes out of them.

use std::collections::HashMap;

use triaxis_pages::ExtractorSpec;

#[derive(serde::Deserialize)]
struct Page {
    name: String,
    html: String,
    /// By `golden/pages.py`.
    text: String,
}

fn pages() -> Vec<Page> {
    let lines = include_str!("../golden/pages.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// F1 of the words of two texts.
fn likeness(a: &str, b: &str) -> f64 {
    let mut counts: HashMap<&str, isize> = HashMap::new();
    a.split_whitespace()
        .for_each(|word| *counts.entry(word).or_default() += 1);
    let mut common = 0;
    for word in b.split_whitespace() {
        let left = counts.entry(word).or_default();
        common += usize::from(*left > 0);
        *left -= 1;
    }
    let total = a.split_whitespace().count() + b.split_whitespace().count();
    if total == 0 {
        1.0
    } else {
        2.0 * common as f64 / total as f64
    }
}

#[test]
fn texts_are_pythons() {
    let extractor = ExtractorSpec::default();
    let mut all = Vec::new();
    for Page { name, html, text } in pages() {
        let found = extractor.text(&html).unwrap();
        all.push((likeness(&found, &text), name));
    }
    let mean = all.iter().map(|(likeness, _)| likeness).sum::<f64>() / all.len() as f64;
    assert!(mean > 0.9, "{mean}: {all:?}");
}
