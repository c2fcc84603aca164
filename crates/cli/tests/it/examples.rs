//! The examples: each is written by its word, and runs at a hundredth of its budgets.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::support::{Bench, SPEC, json};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

/// The words that `study new` lists.
fn words(bench: &Bench) -> Vec<String> {
    let listed = json(&bench.run(&["study", "new", "--format", "json"]));
    listed.as_object().unwrap().keys().cloned().collect()
}

/// A quantity of a spec as a number, `64K` and `3e11` alike.
fn number(value: &Value) -> f64 {
    match value {
        Value::Integer(number) => *number as f64,
        Value::Float(number) => *number,
        other => {
            let text = other.as_str().unwrap();
            let digits = text.trim_end_matches(|sign: char| sign.is_alphabetic());
            let units = [("", 1.0), ("K", 1e3), ("KB", 1e3), ("M", 1e6), ("MB", 1e6)];
            let unit = units.iter().find(|(unit, _)| *unit == &text[digits.len()..]);
            digits.parse::<f64>().unwrap() * unit.expect(text).1
        }
    }
}

/// Every budget, length, number of a probe's steps and amount of training text in `table` divided by a hundred, where it has any.
fn lessen(table: &mut Table) {
    for (key, value) in table.iter_mut() {
        let less = |value: &Value| Value::Integer((number(value) / 100.0).round() as i64);
        match value {
            Value::Table(inner) => lessen(inner),
            Value::Array(all) if matches!(key.as_str(), "budgets" | "tokens") => {
                *all = all.iter().map(less).collect();
            }
            Value::Array(all) => all.iter_mut().filter_map(Value::as_table_mut).for_each(lessen),
            _ if matches!(key.as_str(), "sample" | "steps" | "unique_tokens") => *value = less(value),
            _ => {}
        }
    }
}

/// The example's tables at a hundredth, as settings of the command line; one sequence a step, so that a trial has
/// steps still.
fn hundredth(mut spec: Table) -> Vec<String> {
    lessen(&mut spec);
    let mut settings = vec![
        format!("training.batch={}", spec["training"]["context"]),
        "corpus.validation=4KB".to_owned(),
        "laws.resamples=100".to_owned(),
    ];
    let lessened = [
        ("corpus", "sample"),
        ("design", "budgets"),
        ("design", "tokens"),
        ("training", "unique_tokens"),
    ];
    for (table, key) in lessened {
        let value = spec.get(table).and_then(|table| table.get(key));
        settings.extend(value.map(|value| format!("{table}.{key}={value}")));
    }
    let steps = spec
        .get("probes")
        .and_then(|probes| probes.get("training")?.get("steps"));
    settings.extend(steps.map(|steps| format!("probes.training.steps={steps}")));
    settings.extend(spec.get("arms").map(|arms| format!("arms={arms}")));
    settings
}

/// Sizes times lengths of every arm: the trials of one seed at one learning rate.
fn points(spec: &Table) -> usize {
    let of = |arm: Option<&Value>| {
        let own = |key: &str| arm?.get("design")?.get(key)?.as_array();
        let many = |key: &str| {
            own(key)
                .or_else(|| spec["design"].get(key)?.as_array())
                .map(Vec::len)
        };
        many("sizes").unwrap() * many("budgets").or_else(|| many("tokens")).unwrap()
    };
    match spec.get("arms").and_then(Value::as_array) {
        Some(arms) => arms.iter().map(|arm| of(Some(arm))).sum(),
        None => of(None),
    }
}

#[test]
fn every_example_runs_at_a_hundredth_of_its_budgets() {
    let bench = Bench::new(SPEC);
    let library = bench.path("library").display().to_string();
    for word in words(&bench) {
        let path = examples().join(format!("{word}.toml"));
        let spec: Table = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let sources = spec["corpus"]["sources"].as_array().unwrap();
        // One is of the reader's own text, which nobody else has.
        if sources
            .iter()
            .any(|source| source["kind"].as_str() != Some("cargo-sources"))
        {
            assert_eq!(word, "settings");
            continue;
        }
        let arms = spec.get("arms").map_or(1, |arms| arms.as_array().unwrap().len());
        let least = points(&spec);
        let path = path.display().to_string();
        let mut arguments = vec!["study", "run", &path, "--out", &word, "--library", &library];
        arguments.extend(["--format", "json", "--quiet"]);
        let settings = hundredth(spec);
        settings
            .iter()
            .for_each(|setting| arguments.extend(["--set", setting.as_str()]));
        let output = bench.run(&arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        // So short a ladder need not have a law, and says so; everything before that is done.
        assert!(matches!(output.status.code(), Some(0 | 1)), "{word}: {said}");
        let shown: serde_json::Value = serde_json::from_slice(&output.stdout).expect(&said);
        let trials = shown["trials"].as_array().unwrap();
        let ladder: Vec<_> = trials.iter().filter(|trial| trial["role"] == "ladder").collect();
        let swept = trials.iter().filter(|trial| trial["role"] == "mixture").count();
        assert!(
            ladder.len() >= least && least + swept >= 8,
            "{word}: {} trials of {least}",
            ladder.len()
        );
        assert!(
            ladder.iter().all(|trial| trial["status"] == "done"),
            "{word}: {ladder:#?}"
        );
        assert_eq!(shown["comparison"].is_null(), arms == 1, "{word}");
        assert!(bench.path(&word).join("report.html").exists());
    }
}

#[test]
fn a_spec_is_written_by_its_word_and_never_over_a_file() {
    let bench = Bench::new(SPEC);
    for word in words(&bench) {
        let written = bench.run(&["study", "new", "--ask", &word]);
        assert!(written.status.success(), "{word}");
        let file = format!("{word}.toml");
        let own = std::fs::read_to_string(examples().join(&file)).unwrap();
        let text = std::fs::read_to_string(bench.path(&file)).unwrap();
        assert_eq!(text, own.replace(&format!("examples/{word}.toml"), &file));
        let printed = bench.run(&["study", "new", "--ask", &word, "--out", "-"]);
        assert_eq!(
            String::from_utf8(printed.stdout).unwrap(),
            text.replace(&file, "SPEC")
        );
    }
    let refused = |arguments: &[&str]| {
        let output = bench.run(&[&["study", "new"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let again = refused(&["--ask", "epochs"]);
    assert!(again.contains("`epochs.toml` is there already"), "{again}");
    let unknown = refused(&["--ask", "epoch"]);
    assert!(
        unknown.contains("no spec asks `epoch`") && unknown.contains("did you mean `epochs`?"),
        "{unknown}"
    );
    let nowhere = refused(&["--ask", "epochs", "--out", "none/x.toml"]);
    assert!(
        nowhere.contains("`none/x.toml` cannot be written: its folder is not there"),
        "{nowhere}"
    );
}
