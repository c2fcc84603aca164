//! Several things in one file: sweeps of a setting, and sets of runs with laws of their own.

use super::*;

/// Learning rates tried at 12 settings, about the optimum of a known law, the loss a parabola around it.
fn sweep(steps: std::ops::RangeInclusive<i32>) -> String {
    let mut text = "N,D,lr,bs,loss\n".to_owned();
    let mut row = 0;
    for params in [6e7_f64, 2e8, 5e8, 1e9] {
        for tokens in [2e9_f64, 1e10, 1e11] {
            let best = 1.79 * params.powf(-0.713) * tokens.powf(0.307);
            for step in steps.clone() {
                let rate = best * 2_f64.powf(f64::from(step) / 4.0);
                let loss = 2.0 + 300.0 * params.powf(-0.3) + 0.01 * f64::from(step).powi(2);
                writeln!(
                    text,
                    "{params},{tokens},{rate},{},{}",
                    256 << (row % 2),
                    loss * noise(0)
                )
                .unwrap();
                row += 1;
            }
        }
    }
    text
}

#[test]
fn of_a_sweep_the_best_of_each_setting_is_fitted() {
    let folder = Folder::with("runs.csv", &sweep(-6..=5));
    let found = folder.json(&["runs.csv", "--form", "learning-rate", "--replicates", "0"]);
    assert_eq!(
        (&found["rows"], &found["rows_in_file"]),
        (&12.into(), &144.into())
    );
    for (name, truth) in [("a", -0.713), ("b", 0.307)] {
        assert!(
            (number(&found["parameters"][name]["value"]) - truth).abs() < 1e-6,
            "{found}"
        );
    }
    let settings = found["sweep"]["settings"].as_array().unwrap();
    assert_eq!(settings.len(), 12);
    assert!(
        settings
            .iter()
            .all(|setting| setting["tried"] == 12 && setting["at_edge"] == false)
    );
    assert!(
        found["notes"][0]
            .as_str()
            .unwrap()
            .contains("12 settings of params and tokens is fitted, 12 values of learning_rate")
    );
    let kinds: Vec<&Value> = found["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|said| &said["kind"])
        .collect();
    assert!(
        !kinds.contains(&&Value::from("duplicated_rows")) && !kinds.contains(&&Value::from("best_at_edge")),
        "{kinds:?}"
    );
}

#[test]
fn a_batch_size_is_known_by_its_usual_name_and_what_it_counts_is_asked() {
    let law = |tokens: f64| 0.58 * tokens.powf(0.571);
    let rows = [1e9_f64, 3e9, 1e10, 3e10, 1e11, 3e11].map(|tokens| format!("{tokens},{}\n", law(tokens)));
    let folder = Folder::with("runs.csv", &format!("D,bs\n{}", rows.concat()));
    let fit = ["runs.csv", "--form", "batch-size", "--replicates", "20"];
    let found = folder.json(&fit);
    assert!(
        (number(&found["parameters"]["b"]["value"]) - 0.571).abs() < 1e-6,
        "{found}"
    );
    let note = found["notes"][0].as_str().unwrap();
    assert!(
        note.contains("batch_tokens by `bs`") && note.contains("--unit batch_tokens=2048"),
        "{note}"
    );
    let found = folder.json(&[&fit[..], &["--unit", "batch_tokens=2048"]].concat());
    let coefficient = number(&found["parameters"]["c"]["value"]);
    assert!((coefficient / (2048.0 * 0.58) - 1.0).abs() < 1e-6, "{found}");
    assert!(found["notes"].as_array().unwrap().is_empty(), "{found}");
}

#[test]
fn a_best_at_the_edge_of_what_was_tried_is_said() {
    let folder = Folder::with("runs.csv", &sweep(0..=5));
    let found = folder.json(&["runs.csv", "--form", "learning-rate", "--replicates", "0"]);
    let said = found["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|said| said["kind"] == "best_at_edge")
        .unwrap();
    assert_eq!((&said["at_edge"], &said["settings"]), (&12.into(), &12.into()));
    assert!(
        said["message"].as_str().unwrap().contains("line 2, line 8"),
        "{said}"
    );
    // Optima that someone has found already are fitted as they are.
    let folder = Folder::with("runs.csv", &sweep(0..=0));
    let found = folder.json(&["runs.csv", "--form", "learning-rate", "--replicates", "0"]);
    assert_eq!(found["rows"], 12);
    assert!(found["sweep"].is_null());
}

/// Two corpora with laws of their own, in the same grid; the second one's loss is `more` higher.
fn corpora(more: f64) -> String {
    let mut text = "corpus,seed,run,N,D,loss\n".to_owned();
    for (row, (params, tokens, loss)) in runs().iter().enumerate() {
        writeln!(text, "c4,1,a{row},{params},{tokens},{loss}").unwrap();
        writeln!(
            text,
            "dclm,2,b{row},{params},{tokens},{}",
            (loss + more) * noise(row + 11)
        )
        .unwrap();
    }
    text
}

#[test]
fn a_text_that_parts_rows_of_one_size_is_said_and_fitted_by() {
    let folder = Folder::with("runs.csv", &corpora(0.3));
    let form = ["runs.csv", "--form", "chinchilla", "--replicates", "50"];
    let found = folder.json(&form);
    let said = found["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|said| said["kind"] == "several_sets")
        .unwrap();
    assert_eq!(
        (&said["column"], &said["values"]),
        (&"corpus".into(), &serde_json::json!(["c4", "dclm"]))
    );
    assert!(
        said["message"].as_str().unwrap().contains("--by corpus"),
        "{said}"
    );
    let by = &folder.json(&[&form[..], &["--by", "corpus"]].concat())["by"];
    let sets = by["sets"].as_array().unwrap();
    assert_eq!((&sets[0]["value"], &sets[0]["rows"]), (&"c4".into(), &36.into()));
    let floor = |set: &Value| number(&set["parameters"]["E"]["value"]);
    assert!((floor(&sets[1]) - floor(&sets[0]) - 0.3).abs() < 0.1, "{sets:?}");
    assert!(number(&by["test"]["probability"]) < 1e-6, "{by}");
    assert!(number(&by["test"]["aic_difference"]) > 0.0);
    assert!(
        number(&by["test"]["held_out_joint"]) > 3.0 * number(&by["test"]["held_out_separate"]),
        "{by}"
    );
    assert!(
        by["verdict"]
            .as_str()
            .unwrap()
            .starts_with("one law does not do: F(5, 62) = "),
        "{by}"
    );
    let text = folder.fit(&[&form[..], &["--by", "corpus"]].concat());
    let text = String::from_utf8(text.stdout).unwrap();
    for part in ["corpus = c4", "corpus = dclm", "one law does not do"] {
        assert!(text.contains(part), "{part:?} is missing from:\n{text}");
    }
}

#[test]
fn sets_of_one_law_are_found_to_be_so() {
    let folder = Folder::with("runs.csv", &corpora(0.0));
    let form = ["runs.csv", "--form", "chinchilla", "--replicates", "0", "--by"];
    let by = &folder.json(&[&form[..], &["corpus"]].concat())["by"];
    assert!(number(&by["test"]["probability"]) > 0.05, "{by}");
    assert!(
        by["verdict"].as_str().unwrap().starts_with("one law does: "),
        "{by}"
    );
    // Numbers part rows when they are asked to.
    assert_eq!(
        folder.json(&[&form[..], &["seed"]].concat())["by"]["sets"][1]["value"],
        "2"
    );
}

#[test]
fn a_column_that_parts_nothing_is_refused() {
    let folder = Folder::with("runs.csv", &corpora(0.0));
    let form = ["runs.csv", "--form", "chinchilla", "--replicates", "0"];
    folder.refused(
        &[&form[..], &["--by", "corpu"]].concat(),
        &["no column `corpu`", "did you mean `corpus`?"],
    );
    folder.refused(
        &[&form[..], &["--by", "corpus", "--where", "corpus == 'c4'"]].concat(),
        &["all rows have the same value"],
    );
    folder.refused(&["runs.csv", "--form", "approach1", "--by", "corpus"], &["--by"]);
    let single = csv();
    folder.write("single.csv", &single);
    let found = folder.json(&["single.csv", "--form", "chinchilla", "--replicates", "0"]);
    assert!(!found.to_string().contains("several_sets"));
}
