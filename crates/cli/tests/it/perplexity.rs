//! `corpus perplexity` and the filter by it, with the real program.

use std::fs;

use tempfile::TempDir;

use crate::corpus::Place;

const SOURCES: &str = r#"
[[sources]]
kind = "jsonl"
name = "pages"
include = ["pages.jsonl"]
"#;

/// Pages of a few words in every order, and one of others.
fn pages() -> Place {
    let folder = TempDir::new().unwrap();
    let words = ["the", "baker", "lights", "an", "oven", "before", "cats", "wake"];
    let page = |number: usize| {
        let line = |line: usize| {
            let word = |place: usize| words[(number * place + line + place * place) % words.len()];
            (0..5 + line).map(word).collect::<Vec<_>>().join(" ")
        };
        (0..4).map(line).collect::<Vec<_>>().join("\n")
    };
    let pages = (1..40)
        .map(page)
        .chain(["Zwölf Boxkämpfer jagen Viktor".to_owned()]);
    let pages = pages.map(|text| format!("{}\n", serde_json::json!({ "text": text })));
    fs::write(folder.path().join("pages.jsonl"), pages.collect::<String>()).unwrap();
    fs::write(folder.path().join("sources.toml"), SOURCES).unwrap();
    fs::write(
        folder.path().join("text.txt"),
        "the baker lights an oven\nnobody is here\n",
    )
    .unwrap();
    Place(folder)
}

const TRAIN: [&str; 7] = [
    "perplexity",
    "train",
    "sources.toml",
    "--order",
    "3",
    "--out",
    "model.arpa.gz",
];

#[test]
fn a_model_is_trained_and_asked_and_documents_are_dropped_by_it() {
    let place = pages();
    let told = place.said(&TRAIN);
    assert!(told.starts_with("exit code 0"), "{told}");
    assert!(
        told.contains("are in model.arpa.gz, 0 of them as unknown"),
        "{told}"
    );
    let json = |arguments: &[&str]| -> serde_json::Value {
        let output = place.run(&[arguments, &["--format", "json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let ask = ["perplexity", "query", "model.arpa.gz", "text.txt"];
    let lines = json(&[&ask[..], &["--lines"]].concat());
    assert_eq!(
        (&lines[0]["unknown"], &lines[1]["unknown"]),
        (&0.into(), &3.into())
    );
    let whole = json(&ask);
    // The last line ends, and so an empty one follows.
    assert_eq!(
        (&whole[0]["tokens"], &whole[0]["unknown"]),
        (&11.into(), &3.into())
    );
    let told = json(&["perplexity", "percentiles", "model.arpa.gz", "sources.toml"]);
    assert_eq!(told["documents"], 40);
    let cutoffs = &told["cutoffs"];
    let step =
        "[[steps]]\nkind = \"filter\"\nfilter = \"perplexity\"\nmodel = \"model.arpa.gz\"\nbucket = \"head\"";
    let recipe = format!("{SOURCES}\n{step}\ncutoffs = {cutoffs}\n");
    fs::write(place.0.path().join("recipe.toml"), recipe).unwrap();
    let curated = json(&["curate", "recipe.toml", "--out", "out"]);
    let kept = curated["steps"][0]["kept"]["documents"].as_u64().unwrap();
    assert!((8..=14).contains(&kept), "{kept} of 40 are in the head");
}

#[test]
fn what_cannot_be_trained_or_asked_is_refused() {
    let place = pages();
    let refused = |arguments: &[&str], said: &str| {
        let told = place.said(arguments);
        assert!(told.starts_with("exit code 2"), "{told}");
        assert!(told.contains(said), "{told}");
    };
    fs::write(
        place.0.path().join("recipe.toml"),
        format!("preset = \"gopher\"\n{SOURCES}"),
    )
    .unwrap();
    let out = ["--out", "model.arpa"];
    refused(
        &[&["perplexity", "train", "recipe.toml"], &out[..]].concat(),
        "run `triaxis corpus curate` first",
    );
    let prune = ["--prune", "1", "--order", "2"];
    refused(
        &[&["perplexity", "train", "sources.toml"], &out[..], &prune].concat(),
        "single words stay",
    );
    refused(
        &["perplexity", "train", "sources.toml", "--out", "sources.toml"],
        "would be written over the input",
    );
    refused(
        &["perplexity", "query", "text.txt", "text.txt"],
        "text.txt:1: `the baker lights an oven` is no `\\data\\`",
    );
    refused(
        &["perplexity", "query", "missing.arpa", "text.txt"],
        "correct the path",
    );
    assert!(!place.0.path().join("model.arpa").exists());
}
