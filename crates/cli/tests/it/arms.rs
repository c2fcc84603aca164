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
