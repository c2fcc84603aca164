//! A text of a plan with its own curve: counted while a study's corpus is prepared, told on its page and by the plan.

use super::PLAIN;
use crate::support::{Bench, SPEC, json, words};

#[test]
fn a_text_says_how_new_its_next_token_is() {
    let bench = Bench::new(SPEC);
    json(&bench.run(&["study", "run", "spec.toml", "--out", "out", "--format", "json"]));
    let page = std::fs::read_to_string(bench.path("out/report.html")).unwrap();
    assert!(page.contains("The next token ends a run of 5") && page.contains("Good and Turing"));
    let corpus = bench.corpus("out");
    let question = format!("{PLAIN}corpus = '{}'\n", corpus.display()).replace("2T", "QUANTITY");
    let next = |quantity: &str| {
        std::fs::write(bench.path("plan.toml"), question.replace("QUANTITY", quantity)).unwrap();
        let told = json(&bench.run(&["plan", "plan.toml", "--set", "draws=50", "--format", "json"]));
        told["wall"]["tiers"][0]["novelty"].clone()
    };
    let of = |novelty: &serde_json::Value, key: &str| {
        let [low, high] = ["low", "high"].map(|end| novelty[key]["interval"][end].as_f64().unwrap());
        let value = novelty[key]["value"].as_f64().unwrap();
        assert!(
            0.0 < low && low <= value && value <= high && high <= 1.0,
            "{novelty}"
        );
        [low, value, high]
    };
    let (much, more) = (next("100B"), next("2T"));
    let (heaps, chance) = (of(&much, "heaps"), of(&much, "chance"));
    assert!((0.02..0.999).contains(&heaps[1]), "{much}");
    // Of more text the next token is new less often, and how often is known less well.
    let further = of(&more, "chance");
    assert!(further[1] < chance[1], "{much} {more}");
    let width = |[low, _, high]: [f64; 3]| high / low;
    assert!(width(further) > width(chance), "{much} {more}");
    let printed = bench.run(&["plan", "plan.toml", "--set", "draws=50"]);
    let printed = words(&printed.stdout);
    assert!(
        printed.contains("The next token of `web` ends a run of 5"),
        "{printed}"
    );
    // A corpus of before did not count, and is the corpus that it was.
    let manifest = corpus.join("manifest.json");
    let mut written: serde_json::Value = serde_json::from_slice(&std::fs::read(&manifest).unwrap()).unwrap();
    assert!(written.as_object_mut().unwrap().remove("novelty").is_some());
    std::fs::write(&manifest, written.to_string()).unwrap();
    let output = bench.run(&["plan", "plan.toml"]);
    let said = words(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("did not count") && said.contains("prepare it again"),
        "{said}"
    );
    let again = json(&bench.run(&["study", "run", "spec.toml", "--out", "out", "--format", "json"]));
    assert_eq!(again["trials"].as_array().unwrap().len(), 10);
    let output = bench.run(&["plan", "plan.toml", "--set", "text.0.corpus=nowhere"]);
    let said = words(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("`nowhere`, and no folder is there"), "{said}");
}
