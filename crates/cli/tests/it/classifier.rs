//! `corpus classifier train`, with the real program, and what its classifier does in a recipe.

use std::fmt::Write as _;
use std::fs;

use tempfile::TempDir;

use crate::corpus::Place;
use crate::support::json;

/// A recipe that keeps what the classifier takes for good.
const RECIPE: &str = r#"
[[sources]]
kind = "jsonl"
name = "new"
include = ["new.jsonl"]

[[steps]]
kind = "filter"
filter = "quality"
model = "quality.model"
threshold = 0.5
"#;

/// So many texts of thirty words; of every tenth word a good text has another one than a bad text.
fn texts(kind: &str, count: u64) -> String {
    let mut lines = String::new();
    for text in 0..count {
        let words: Vec<String> = (0..30u64)
            .map(|place| match (text + place) % 10 {
                0 => format!("{kind}{}", (text / 10 + place) % 7),
                _ => format!("word{}", (text * 31 + place * place * 17) % 97),
            })
            .collect();
        writeln!(
            lines,
            "{}",
            serde_json::json!({ "text": format!("{} {kind} {text}", words.join(" ")) })
        )
        .unwrap();
    }
    lines
}

fn examples(good: u64, bad: u64) -> Place {
    let folder = TempDir::new().unwrap();
    for (name, text) in [
        ("good.jsonl", texts("fine", good)),
        ("bad.jsonl", texts("poor", bad)),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    Place(folder)
}

const TRAIN: [&str; 8] = [
    "classifier",
    "train",
    "--good",
    "good.jsonl",
    "--bad",
    "bad.jsonl",
    "--out",
    "quality.model",
];

#[test]
fn a_classifier_is_trained_told_and_used() {
    let place = examples(400, 900);
    insta::assert_snapshot!(
        "classifier_train",
        place.said(&[&TRAIN[..], &["--keep", "0.1"]].concat())
    );
    let file = fs::read(place.0.path().join("quality.model")).unwrap();
    let told = json(&place.run(&[&TRAIN[..], &["--threads", "1", "--format", "json"]].concat()));
    assert!(told["measured"]["area"]["value"].as_f64().unwrap() > 0.9);
    assert!(fs::read(place.0.path().join("quality.model")).unwrap() == file);
    let new = [texts("fine", 1020), texts("poor", 1020)]
        .map(|lines| lines.lines().skip(1000).collect::<Vec<_>>().join("\n"));
    fs::write(place.0.path().join("new.jsonl"), new.join("\n")).unwrap();
    fs::write(place.0.path().join("recipe.toml"), RECIPE).unwrap();
    let curated = json(&place.run(&["curate", "recipe.toml", "--out", "out", "--format", "json"]));
    assert_eq!(curated["steps"][0]["kept"]["documents"], 20);
    assert_eq!(curated["steps"][0]["dropped"]["quality"]["documents"], 20);
    // Another model of the same name is another recipe.
    let other = [&TRAIN[..], &["--seed", "1"]].concat();
    assert!(place.run(&other).status.success());
    let again = place.said(&["curate", "recipe.toml", "--out", "out"]);
    assert!(
        again.starts_with("exit code 2") && again.contains("what another recipe"),
        "{again}"
    );
}

#[test]
fn what_cannot_be_told_is_refused_with_exit_code_3() {
    let few = examples(150, 900).said(&TRAIN);
    assert!(
        few.starts_with("exit code 3") && few.contains("150 different good texts"),
        "{few}"
    );
    let place = examples(0, 900);
    fs::copy(
        place.0.path().join("bad.jsonl"),
        place.0.path().join("good.jsonl"),
    )
    .unwrap();
    let same = place.said(&TRAIN);
    assert!(
        same.starts_with("exit code 3") && same.contains("0 different good texts"),
        "{same}"
    );
    assert!(!place.0.path().join("quality.model").exists());
    let missing = place.said(&[
        "classifier",
        "train",
        "--good",
        "no.jsonl",
        "--bad",
        "bad.jsonl",
        "--out",
        "a",
    ]);
    assert!(
        missing.starts_with("exit code 2") && missing.contains("`no.jsonl` matches no file"),
        "{missing}"
    );
}
