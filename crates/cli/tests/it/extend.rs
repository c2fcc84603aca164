//! `study extend`: the run that would say most, chosen, added and made by the real program.

use std::fs;

use crate::support::{Bench, SPEC, json, words};

const EXTEND: [&str; 6] = ["study", "extend", "spec.toml", "--out", "out", "--next"];

fn ran() -> Bench {
    let bench = Bench::new(SPEC);
    json(&bench.run(&["study", "run", "spec.toml", "--out", "out", "--format", "json"]));
    bench
}

#[test]
fn a_study_grows_by_the_run_that_says_most_and_trains_nothing_again() {
    let bench = ran();
    let records = bench.records("out");
    let chosen = json(&bench.run(&[&EXTEND[..], &["--dry-run", "--format", "json"]].concat()));
    assert_eq!(fs::read_to_string(bench.path("spec.toml")).unwrap(), SPEC);
    let chosen = &chosen.as_array().unwrap()[0];
    let (before, after) = (
        chosen["before"].as_f64().unwrap(),
        chosen["after"].as_f64().unwrap(),
    );
    assert!(0.0 < after && after < 0.99 * before, "{chosen}");
    // The largest trial of the ladder bounds what is added.
    assert!(chosen["flops"].as_f64().unwrap() < 1.1 * 1.6e9, "{chosen}");
    let extended = json(&bench.run(&[&EXTEND[..], &["--format", "json"]].concat()));
    let trials = extended["trials"].as_array().unwrap();
    assert_eq!(trials.len(), 11);
    let tokens = |trial: &serde_json::Value| trial["tokens"].as_f64().unwrap();
    let added = trials
        .iter()
        .find(|trial| (tokens(trial) / tokens(chosen) - 1.0).abs() < 1e-9)
        .unwrap();
    assert_eq!(added["status"], "done");
    // What was there stands, the held-out run and its prediction among it.
    let grown = bench.records("out");
    assert_eq!(grown.len(), records.len() + 1);
    assert!(records.iter().all(|record| grown.contains(record)));
    let spec = fs::read_to_string(bench.path("spec.toml")).unwrap();
    assert!(
        spec.starts_with(SPEC.trim_end()) && spec.contains("[[extra]]"),
        "{spec}"
    );
    // The spec with its addition is a study like any other, and the next addition is another one.
    let again = json(&bench.run(&["study", "run", "spec.toml", "--out", "out", "--format", "json"]));
    assert_eq!(again["trials"], extended["trials"]);
    let next = json(&bench.run(&[&EXTEND[..], &["--dry-run", "--format", "json", "--runs", "3"]].concat()));
    let next = next.as_array().unwrap();
    assert!(next.iter().all(|run| tokens(run) != tokens(chosen)));
    let falls = next
        .iter()
        .all(|run| run["after"].as_f64() < run["before"].as_f64());
    assert!(falls, "{next:#?}");
}

/// What is asked of a run farther away is less sure; what is added is no shorter than the ladder's runs, costs no more than
/// allowed, and gains a hundredth each.
#[test]
fn what_is_added_keeps_to_the_ladder_and_gains_enough() {
    let bench = ran();
    let chosen = |more: &[&str]| -> Vec<serde_json::Value> {
        let dry = ["--dry-run", "--format", "json"];
        let runs = json(&bench.run(&[&EXTEND[..], &dry, more].concat()));
        runs.as_array().unwrap().clone()
    };
    let of = |run: &serde_json::Value, key: &str| run[key].as_f64().unwrap();
    let far = |at: &str| {
        let run = &chosen(&["--at", at])[0];
        let target = run["target"].as_array().unwrap();
        let [params, tokens] = [0, 1].map(|place| target[place].as_f64().unwrap());
        (params * tokens, of(run, "before"))
    };
    let (near, nearer) = (far("1e10"), far("1e12"));
    let ratio = nearer.0 / near.0;
    assert!((50.0..200.0).contains(&ratio), "{near:?} {nearer:?}");
    assert!(nearer.1 > near.1, "{near:?} {nearer:?}");
    // Unless said the loss is that of ten times the ladder's largest run, as the held-out one is made.
    let usual = of(&chosen(&[])[0], "before");
    assert!(usual > near.1 * 0.99 && usual < nearer.1, "{usual}");
    let status = json(&bench.run(&["study", "status", "out", "--format", "json"]));
    let trials = status["trials"].as_array().unwrap().iter();
    let ladder = trials.filter(|trial| trial["role"] == "ladder");
    let shortest = ladder
        .map(|trial| of(trial, "tokens"))
        .fold(f64::INFINITY, f64::min);
    assert!(shortest.is_finite(), "{status}");
    let many = chosen(&["--runs", "64", "--most", "8e8"]);
    assert!(many.len() > 1, "{many:?}");
    for run in &many {
        assert!(of(run, "tokens") >= shortest, "{shortest}: {run}");
        assert!(of(run, "flops") < 1.1 * 8e8, "{run}");
        assert!(of(run, "after") <= 0.99 * of(run, "before"), "{run}");
    }
    // Each is chosen with those before it made.
    let follows = |pair: &[serde_json::Value]| of(&pair[1], "before") <= of(&pair[0], "after") * (1.0 + 1e-9);
    assert!(many.windows(2).all(follows), "{many:?}");
    assert_eq!(fs::read_to_string(bench.path("spec.toml")).unwrap(), SPEC);
}

const PLAN: &str = r#"
aim = "lowest-loss"
budget = 0.01
draws = 400
params = { smallest = "1K", largest = "10M" }
[[text]]
name = "text"
unique = "1T"
[[arms]]
name = "base"
[[arms]]
name = "small"
worth = { value = 1.0, low = 0.5, high = 2.0 }
[experiments]
most_share = 0.003
[training]
hardware = "own"
other_runs = 0
[[hardware]]
name = "own"
peak = 1e11
memory = "16GB"
bandwidth = "50GB"
price_per_hour = 0.1
price_date = "2026-05-01"
price_source = "ours"
figures_source = "ours"
"#;

#[test]
fn what_a_plan_would_run_next_is_made_at_the_nearest_size() {
    let bench = ran();
    let extend = [
        "study",
        "extend",
        "spec.toml",
        "--out",
        "out",
        "--plan",
        "plan.toml",
    ];
    for (line, other, code, part) in [
        (
            "most_share = 0.003",
            "most_share = 0.00005",
            2,
            "the study's nearest size has 3.26K",
        ),
        (
            "name = \"small\"",
            "name = \"other\"",
            2,
            "the study's arms are small",
        ),
        // A law without draws, whatever else is known, too.
        (
            "high = 2.0 }",
            "high = 1.0001 }\n[[laws]]\npublished = \"hoffmann-2022\"",
            3,
            "no run is worth its cost",
        ),
    ] {
        assert!(PLAN.contains(line));
        let plan = PLAN
            .replace(line, other)
            .replace("low = 0.5, high = 1.0001", "low = 0.9999, high = 1.0001");
        fs::write(bench.path("plan.toml"), plan).unwrap();
        let output = bench.run(&extend);
        let said = words(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(part), "{said}");
        assert_eq!(fs::read_to_string(bench.path("spec.toml")).unwrap(), SPEC);
    }
    fs::write(bench.path("plan.toml"), PLAN).unwrap();
    let extended = json(&bench.run(&[&extend[..], &["--format", "json"]].concat()));
    assert_eq!(extended["trials"].as_array().unwrap().len(), 11);
    let spec = fs::read_to_string(bench.path("spec.toml")).unwrap();
    assert!(
        spec.contains("# For the plan's next experiment, \"train 2."),
        "{spec}"
    );
    assert!(spec.contains("width = 8"), "{spec}");
}

#[test]
fn what_cannot_be_extended_is_refused_with_what_helps() {
    let bench = Bench::new(SPEC);
    let refused = |arguments: &[&str], code: i32, parts: &[&str]| {
        let output = bench.run(arguments);
        let said = words(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(parts.iter().all(|part| said.contains(part)), "{said}");
    };
    refused(&EXTEND, 2, &["out", "no study"]);
    json(&bench.run(&["study", "run", "spec.toml", "--out", "out", "--format", "json"]));
    let with = |more: &[&'static str]| [&EXTEND[..], more].concat();
    refused(&with(&["--at", "0"]), 2, &["--at", "above 0"]);
    refused(
        &with(&["--at", "1e9"]),
        2,
        &["--at 1.00e9", "the ladder has a run of", "ask of a larger one"],
    );
    refused(&with(&["--most", "1e6"]), 3, &["--most", "stop measuring"]);
    refused(&with(&["--most", "0"]), 2, &["--most", "above 0"]);
    refused(&with(&["--runs", "0"]), 2, &["--runs", "1..=64"]);
    // What the plan wants run is its own to say.
    fs::write(bench.path("plan.toml"), PLAN).unwrap();
    for more in [
        &["--next"][..],
        &["--at", "1e12"],
        &["--most", "1e9"],
        &["--runs", "2"],
    ] {
        let plan = [
            "study",
            "extend",
            "spec.toml",
            "--out",
            "out",
            "--plan",
            "plan.toml",
        ];
        refused(&[&plan[..], more].concat(), 2, &["--plan", "cannot be used with"]);
    }
    refused(
        &with(&["--set", "seed=8"]),
        2,
        &["the spec was changed", "study run spec.toml"],
    );
    for (lines, parts) in [
        (
            "[[extra]]\ntokens = 0\nsize = { width = 8 }\n",
            &["extra[0].tokens", "above 0"][..],
        ),
        (
            "[[extra]]\narm = \"else\"\ntokens = 3000\nsize = { width = 8 }\n",
            &["extra[0].arm", "`else` is no arm"],
        ),
        (
            "[[extra]]\ntokens = 3000\nsize = { width = 9, heads = 2, layers = 1 }\n",
            &["extra[0].size", "width"],
        ),
    ] {
        fs::write(bench.path("spec.toml"), format!("{SPEC}\n{lines}")).unwrap();
        refused(&["study", "run", "spec.toml", "--out", "out"], 2, parts);
    }
}
