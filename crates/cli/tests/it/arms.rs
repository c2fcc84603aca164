//! A study of several arms, with the real program.

use crate::support::{Bench, SPEC, json, words};
use serde_json::Value;

/// Three arms, of which one learns far too slowly and one has another tokenizer.
fn spec() -> String {
    format!(
        r#"{}
[compare]
baseline = "plain"
at = "1e11"

[[arms]]
name = "plain"

[[arms]]
name = "slow"
training = {{ learning_rate = 0.0003 }}

[[arms]]
name = "larger"
tokenizer = {{ vocabulary = 340 }}
"#,
        SPEC.replace("seed = 7", "seed = 7\nseeds = 2")
            .replace("[plan]\naim = \"lowest-loss\"\nbudget = { dollars = 1000 }", "")
    )
}

#[test]
fn arms_are_compared_and_share_what_they_have_in_common() {
    let bench = Bench::new(&spec());
    let arguments = ["study", "run", "spec.toml", "--out", "out", "--format", "json"];
    let first = json(&bench.run(&arguments));
    let trials = first["trials"].as_array().unwrap();
    // Nine of the ladder by two seeds, and one held out, of each of three arms.
    assert_eq!(trials.len(), 57);
    assert!(
        trials.iter().all(|trial| trial["status"] == "done"),
        "{trials:#?}"
    );
    let compared = &first["comparison"]["found"];
    assert_eq!(compared["baseline"], "plain");
    let arms = compared["arms"].as_array().unwrap();
    let names: Vec<&Value> = arms.iter().map(|arm| &arm["arm"]).collect();
    assert_eq!(names, ["slow", "larger"]);
    assert_eq!(arms[0]["call"], "worse");
    assert!(arms[0]["compute_multiplier"]["value"].as_f64().unwrap() < 0.5);
    assert!(compared["noise"]["seeds"]["freedom"].as_u64().unwrap() >= 27);
    assert_eq!(first["held_out"].as_array().unwrap().len(), 3);
    // The only source of the corpus, by two seeds of each arm.
    let losses = &first["losses"];
    assert_eq!(losses["arms"], serde_json::json!(["plain", "slow", "larger"]));
    assert_eq!(losses["texts"].as_array().unwrap().len(), 1);
    let text = &losses["texts"][0];
    assert_eq!(
        (&text["name"], &text["is_source"]),
        (&"text".into(), &true.into())
    );
    let of_arms = text["arms"].as_array().unwrap();
    let number = |value: &Value| value.as_f64().unwrap();
    assert!(
        of_arms
            .iter()
            .all(|of| of["runs"] == 2 && number(&of["deviation"]) > 0.0),
        "{text}"
    );
    let slower = number(&of_arms[1]["mean"]) - number(&of_arms[0]["mean"]);
    assert!(
        slower > 0.0 && (number(&of_arms[1]["difference"]) - slower).abs() < 1e-12,
        "{text}"
    );
    assert!(of_arms[0]["difference"].is_null());

    let records = bench.records("out");
    assert_eq!(records.len(), 57);
    assert_eq!(json(&bench.run(&arguments)), first);
    assert_eq!(bench.records("out"), records);

    // A study of the base alone finds its trials and its corpus in the library.
    let plain = SPEC
        .replace("seed = 7", "seed = 7\nseeds = 2")
        .replace("name = \"small\"", "name = \"plain\"");
    std::fs::write(bench.path("plain.toml"), plain).unwrap();
    let plain = bench.run(&["study", "run", "plain.toml", "--out", "plain"]);
    assert!(
        plain.status.success(),
        "{}",
        String::from_utf8_lossy(&plain.stderr)
    );
    assert_eq!(bench.records("out").len(), 57);

    let printed = bench.run(&["study", "report", "out"]);
    let text = String::from_utf8(printed.stdout).unwrap();
    assert!(text.contains("arms against `plain`, 90% intervals"), "{text}");
    assert!(
        text.contains("bits per byte of ") && text.contains("plain") && text.contains(" ±0."),
        "{text}"
    );
    let status = bench.run(&["study", "status", "out"]);
    assert!(
        String::from_utf8(status.stdout)
            .unwrap()
            .contains("57 done, 0 failed, 0 missing")
    );
    let page = std::fs::read_to_string(bench.path("out/report.html")).unwrap();
    assert!(page.contains("What the arms are worth"));
    // Whose laws these are, and how far the compute asked for lies.
    assert!(
        text.contains("laws of `plain`") && page.contains("All of it is of the arm"),
        "{text}"
    );
    assert!(text.contains("asked: 1.00e11 operations are 61.8"), "{text}");
    assert!(compared["arms"][0]["order"]["at_asked"].is_number());
    let far = [
        "study",
        "run",
        "spec.toml",
        "--out",
        "out",
        "--set",
        "compare.at=1e20",
    ];
    let said = words(&bench.run(&far).stdout);
    assert!(
        said.contains("farther than any prediction was ever checked"),
        "{said}"
    );
    let far = json(&bench.run(&[&far[..], &["--format", "json"]].concat()));
    let compared = &far["comparison"]["found"];
    for arm in compared["arms"].as_array().unwrap() {
        assert!(
            arm["order"]["at_asked"].is_null() && arm["at_asked"].is_null(),
            "{arm}"
        );
    }
    assert!(compared["reach"]["factor"].as_f64().unwrap() > 1e4);
}

/// One decision over all arms: the baseline's law judges, and an arm is worth what its pairs say.
#[test]
fn a_plan_chooses_among_the_arms() {
    let plan = |arms: &str| {
        let plan = format!("[plan]\naim = \"lowest-loss\"\nbudget = {{ flops = \"3e10\" }}\n{arms}[compare]");
        spec().replace("[compare]", &plan)
    };
    let bench = Bench::new(&plan(""));
    let run = ["study", "run", "spec.toml", "--out", "out", "--format", "json"];
    let first = json(&bench.run(&run));
    let decision = &first["plan"]["found"];
    let chosen = |decision: &Value| -> Vec<String> {
        let choices = decision["choices"].as_array().unwrap().iter();
        choices
            .map(|choice| choice["arm"].as_str().unwrap().to_owned())
            .collect()
    };
    let found = chosen(decision);
    assert_ne!(found[0], "slow", "it learns far too slowly");
    assert!(
        found
            .iter()
            .all(|arm| ["plain", "slow", "larger"].contains(&arm.as_str())),
        "{found:?}"
    );
    let cautions = decision["cautions"].as_array().unwrap().iter();
    let cautions: Vec<&str> = cautions.map(|said| said.as_str().unwrap()).collect();
    for worth in first["comparison"]["found"]["arms"].as_array().unwrap() {
        let (name, multiplier) = (worth["arm"].as_str().unwrap(), &worth["compute_multiplier"]);
        let is_open = |end: &str| multiplier[end].as_bool().unwrap_or(false);
        let is_bounded = multiplier["identified"] == true && !is_open("open_below") && !is_open("open_above");
        let is_left_out = cautions
            .iter()
            .any(|said| said.starts_with(&format!("`{name}` is not among")));
        assert_eq!(is_left_out, !is_bounded, "{name}: {multiplier} {cautions:?}");
    }
    // Arms that the plan names itself are those that it has.
    std::fs::write(bench.path("spec.toml"), plan("[[plan.arms]]\nname = \"own\"\n")).unwrap();
    let own = chosen(&json(&bench.run(&run))["plan"]["found"]);
    assert!(own.iter().all(|arm| arm == "own"), "{own:?}");
}

/// n-grams of what trials saw are counted once for arms and seeds that saw as much, and stand beside each trial.
#[test]
fn what_counting_gives_stands_beside_every_trial() {
    let bench = Bench::new(&spec());
    let run = ["study", "run", "spec.toml", "--out", "out"];
    let found = json(&bench.run(&[&run[..], &["--format", "json"]].concat()));
    let trials = found["trials"].as_array().unwrap();
    let ladder: Vec<&Value> = trials.iter().filter(|trial| trial["role"] == "ladder").collect();
    let mut seen: Vec<(u64, bool)> = Vec::new();
    for trial in &ladder {
        let ngrams = trial["ngrams"].as_array().unwrap();
        let losses: Vec<f64> = ngrams
            .iter()
            .map(|ngram| ngram["bits_per_byte"].as_f64().unwrap())
            .collect();
        assert_eq!(losses.len(), 2);
        assert!(losses.iter().all(|loss| (0.1..8.0).contains(loss)), "{losses:?}");
        seen.push((trial["tokens"].as_u64().unwrap(), trial["arm"] == "larger"));
    }
    seen.sort_unstable();
    seen.dedup();
    let counts = bench.ngrams("out");
    assert_eq!(counts.len(), seen.len());
    for (_, record) in &counts {
        assert_eq!(record["inputs"]["seed"], 7);
        assert!(record["counted"].as_u64().unwrap() >= 32);
    }
    let said = words(&bench.run(&["study", "report", "out"]).stdout);
    assert!(said.contains("5-gram"), "{said}");
    let page = std::fs::read_to_string(bench.path("out/report.html")).unwrap();
    assert!(page.contains("5-gram of as many tokens"));
    // Lost records are counted anew, to the same bits, and nothing is trained.
    let (id, _) = &counts[0];
    std::fs::remove_file(bench.library("out").join("records").join(format!("{id}.json"))).unwrap();
    assert!(bench.run(&run).status.success());
    assert_eq!(bench.ngrams("out"), counts);
}

#[test]
fn an_arm_that_cannot_be_compared_ends_before_anything_is_made() {
    for (from, to, said) in [
        ("name = \"slow\"", "name = \"plain\"", "name of its own"),
        ("baseline = \"plain\"", "baseline = \"none\"", "`none` is no arm"),
        (
            "learning_rate = 0.0003",
            "schedule = \"wsd\"",
            "asks for the same as `plain`",
        ),
    ] {
        let text = spec();
        assert!(text.contains(from));
        let bench = Bench::new(&text.replacen(from, to, 1));
        let output = bench.run(&["study", "run", "spec.toml", "--out", "out"]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains(said), "{errors}");
        assert!(!bench.path("out").exists());
    }
}
