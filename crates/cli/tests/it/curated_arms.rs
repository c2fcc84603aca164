//! A study of arms that differ in what their text goes through, with the real program.

use serde_json::Value;

use crate::support::{Bench, SPEC, json, words};

/// Noise for all; an arm as it is, one without near copies, a placebo of that, and both at as many unique tokens.
fn spec() -> String {
    let base = SPEC
        .replace("[plan]\naim = \"lowest-loss\"\nbudget = { dollars = 1000 }", "")
        .replace("[training]", "[training]\nepochs = 40")
        .replace(
            "include = [\"text/*.txt\"]",
            "include = [\"text/*.txt\"]\nexclude = [\"text/11*\"]",
        );
    let (before, after) = base.split_once("[holdout]").unwrap();
    let (_, laws) = after.split_once("[laws]").unwrap();
    format!(
        r#"{before}
[laws]{laws}
[[validation]]
name = "clean"
kind = "files"
include = ["text/11*.txt"]

[curation]
steps = [{{ kind = "noise", share = 0.5, seed = 2 }}]

[compare]
baseline = "raw"
arms = ["near", "random"]
also = [{{ baseline = "raw-unique", arms = ["near-unique"] }}]
compounds = [{{ whole = "both", parts = ["near", "filtered"] }}]

[[arms]]
name = "raw"

[[arms]]
name = "near"
curation = {{ steps = [{{ kind = "near" }}] }}

[[arms]]
name = "filtered"
curation = {{ preset = "c4" }}

[[arms]]
name = "both"
curation = {{ preset = "c4", steps = [{{ kind = "near" }}] }}

[[arms]]
name = "random"
curation = {{ as_much_as = "near" }}

[[arms]]
name = "raw-unique"
training = {{ unique_tokens = "8K" }}

[[arms]]
name = "near-unique"
training = {{ unique_tokens = "8K" }}
curation = {{ steps = [{{ kind = "near" }}] }}
"#
    )
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

/// A plan takes what a token of an arm's text is worth from the study, or is told why it cannot.
fn a_plan_reads_what_a_token_is_worth(bench: &Bench, compared: &Value) {
    let plan = |arm: &str| {
        let text = format!(
            "aim = \"lowest-loss\"\nbudget = \"$1M\"\n[[laws]]\npublished = \"besiroglu-2024\"\n\
             [[text]]\nname = \"better\"\nunique = \"10T\"\nstudy = \"out\"\narm = \"{arm}\"\n"
        );
        std::fs::write(bench.path("plan.toml"), text).unwrap();
        bench.run(&["plan", "plan.toml"])
    };
    for worth in compared["arms"].as_array().unwrap() {
        let told = plan(worth["arm"].as_str().unwrap());
        let printed = [told.stdout.as_slice(), &told.stderr].concat();
        let printed = words(&printed);
        match told.status.code() {
            Some(0) => assert!(printed.contains(" of better"), "{printed}"),
            code => {
                assert_eq!(code, Some(2), "{printed}");
                assert!(printed.contains("bound that on one side at most"), "{printed}");
            }
        }
    }
    let told = plan("nobody");
    assert_eq!(told.status.code(), Some(2));
    assert!(
        words(&told.stderr).contains("what a token of `nobody` is worth: those compared are near, random")
    );
}

#[test]
fn arms_of_curated_text_are_compared_on_text_that_none_trains_on() {
    // The spec lies in another folder than where the program runs.
    let bench = Bench::new(&spec().replace("\"text/", "\"../text/"));
    let folder = bench.path("specs");
    std::fs::create_dir(&folder).unwrap();
    std::fs::rename(bench.path("spec.toml"), folder.join("spec.toml")).unwrap();
    let arguments = [
        "study",
        "run",
        "specs/spec.toml",
        "--out",
        "out",
        "--format",
        "json",
    ];
    let first = json(&bench.run(&arguments));
    let trials = first["trials"].as_array().unwrap();
    assert_eq!(trials.len(), 7 * 9);
    assert!(
        trials.iter().all(|trial| trial["status"] == "done"),
        "{trials:#?}"
    );
    let compared = &first["comparison"]["found"];
    let names = |of: &Value| -> Vec<String> {
        let arms = of["arms"].as_array().unwrap().iter();
        arms.map(|arm| arm["arm"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(compared), ["near", "random"]);
    assert_eq!(first["also"][0]["found"]["baseline"], "raw-unique");
    assert_eq!(names(&first["also"][0]["found"]), ["near-unique"]);
    let compound = &first["compounds"][0];
    assert_eq!(
        (&compound["whole"], &compound["baseline"]),
        (&"both".into(), &"raw".into())
    );
    assert!(number(&compound["found"]["found"]["over_product"]["value"]) > 0.0);
    // Each arm's text, with what it went through and how often it is seen.
    let texts = first["arm_texts"].as_array().unwrap();
    let steps = |arm: usize| -> Vec<&str> {
        let steps = texts[arm]["steps"].as_array().unwrap().iter();
        steps.map(|step| step["step"].as_str().unwrap()).collect()
    };
    assert_eq!(steps(0), ["noise"]);
    assert_eq!(steps(1), ["noise", "near copies"]);
    assert_eq!(steps(4), ["noise", "exact document", "random"]);
    let [raw, near, random] = [0, 1, 4].map(|arm: usize| number(&texts[arm]["bytes"]));
    assert!(near < 0.9 * raw, "{near} of {raw}");
    // To within a document of text that is trained on.
    assert!((0.85..1.15).contains(&(random / near)), "{random} for {near}");
    assert!(number(&texts[1]["epochs"]) > number(&texts[0]["epochs"]));
    assert_eq!(
        (&texts[5]["unique"], &texts[6]["unique"]),
        (&8000.into(), &8000.into())
    );
    // The vocabulary is one, so that arms differ in their text alone.
    let corpora = |out: &str| bench.library(out).join("corpora");
    let tokenizers: Vec<Vec<u8>> = std::fs::read_dir(corpora("out"))
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path().join("tokenizer.json")).unwrap())
        .collect();
    assert_eq!(tokenizers.len(), 5);
    assert!(tokenizers.iter().all(|tokenizer| *tokenizer == tokenizers[0]));
    a_plan_reads_what_a_token_is_worth(&bench, compared);
    // Run again it only reads; a dry run finds all of it.
    let records = bench.records("out");
    assert_eq!(json(&bench.run(&arguments)), first);
    assert_eq!(bench.records("out"), records);
    let dry = bench.run(&["study", "run", "specs/spec.toml", "--out", "out", "--dry-run"]);
    let said = String::from_utf8(dry.stdout).unwrap();
    assert!(said.contains("nothing is to run"), "{said}");
    let printed = String::from_utf8(bench.run(&["study", "report", "out"]).stdout).unwrap();
    assert!(
        printed.contains("together: `both` beside `near` and `filtered`"),
        "{printed}"
    );
    let page = std::fs::read_to_string(bench.path("out/report.html")).unwrap();
    assert!(page.contains("Against raw-unique") && page.contains("Taken together"));
    // A damaged output is made again with the corpus that needs it, and curated text is the library's to keep.
    let library = bench.library("out").display().to_string();
    let listed = json(&bench.run(&["study", "library", "list", &library, "--format", "json"]));
    assert_eq!(listed["curated"].as_array().unwrap().len(), 5);
    let prune = [
        "study", "library", "prune", &library, "--study", "out", "--format", "json",
    ];
    assert_eq!(json(&bench.run(&prune))["curated"], serde_json::json!([]));
    for folder in ["corpora", "curated"] {
        let folder = bench.library("out").join(folder);
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.join("curation.json").exists() {
                true => std::fs::write(path.join("curation.json"), "{").unwrap(),
                false => std::fs::remove_dir_all(path).unwrap(),
            }
        }
    }
    assert_eq!(json(&bench.run(&arguments))["comparison"], first["comparison"]);
    assert_eq!(bench.records("out"), records);
}

#[test]
fn what_is_no_curation_is_refused_before_anything_is_made() {
    for (change, by, said) in [
        (
            "as_much_as = \"near\"",
            "as_much_as = \"nothing\"",
            "`nothing` is no arm with a curation of its own",
        ),
        ("preset = \"c4\" }", "preset = \"c5\" }", "c5"),
        (
            "parts = [\"near\", \"filtered\"]",
            "parts = [\"near\"]",
            "two or more arms, none of them the whole",
        ),
        (
            "arms = [\"near-unique\"]",
            "arms = [\"nearest\"]",
            "`nearest` is no arm",
        ),
        (
            "name = \"near\"\n",
            "name = \"near\"\nsources = [\"web\"]\n",
            "`web` is no source of the corpus: one of text",
        ),
        ("share = 0.5", "share = 5", "`share` is 5"),
    ] {
        let spec = spec();
        assert!(spec.contains(change), "{change}");
        let bench = Bench::new(&spec.replacen(change, by, 1));
        let refused = bench.run(&["study", "run", "spec.toml", "--out", "out"]);
        let error = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{change}: {error}");
        assert!(error.contains(said), "{change}: {error}");
    }
    // Arms of their own texts have no loss in common.
    let without = spec().replace(
        "[[validation]]\nname = \"clean\"\nkind = \"files\"\ninclude = [\"text/11*.txt\"]\n",
        "",
    );
    let bench = Bench::new(&without);
    let run = bench.run(&["study", "run", "spec.toml", "--out", "out", "--format", "json"]);
    let shown: Value = serde_json::from_slice(&run.stdout).unwrap();
    let reason = shown["comparison"]["refused"].as_str().unwrap();
    assert!(
        reason.contains("name texts that all are evaluated on"),
        "{reason}"
    );
}
