//! What is said where no form was chosen: of forms that answer the question, together.

use super::{Folder, csv_of, number};

/// A small survey whose larger runs are shorter, by the law of the other tests with noise of half a percent.
fn survey() -> Vec<(f64, f64, f64)> {
    let sizes: [(f64, &[f64]); 5] = [
        (2e7, &[5.0, 20.0, 80.0, 160.0]),
        (5e7, &[5.0, 20.0, 80.0, 160.0]),
        (1.25e8, &[5.0, 20.0, 80.0, 160.0]),
        (3e8, &[5.0, 20.0, 80.0]),
        (7.6e8, &[5.0]),
    ];
    let mut runs = Vec::new();
    for (params, ratios) in sizes {
        for ratio in ratios {
            let tokens = ratio * params;
            runs.push((params, tokens, law(params, tokens) * super::noise(runs.len())));
        }
    }
    runs
}

fn law(params: f64, tokens: f64) -> f64 {
    1.8 + 480.0 * params.powf(-0.35) + 2100.0 * tokens.powf(-0.37)
}

#[test]
fn a_prediction_of_size_and_length_is_made_by_forms_that_know_both() {
    let folder = Folder::with("runs.csv", &csv_of("params,tokens,loss", &survey()));
    let asked = ["N=7B,D=140B", "N=1.2B,D=820B", "N=30B,D=33B", "C=5.9e21"];
    let mut arguments = vec!["runs.csv", "--replicates", "200"];
    arguments.extend(asked.iter().flat_map(|asked| ["--predict", asked]));
    let found = folder.json(&arguments);
    let predictions = found["predictions"].as_array().unwrap();
    for (predicted, (params, tokens)) in
        predictions
            .iter()
            .zip([(7e9, 1.4e11), (1.2e9, 8.2e11), (3e10, 3.3e10)])
    {
        let loss = &predicted["loss"];
        let truth = law(params, tokens);
        assert!(
            number(&loss["law_low"]) < truth && truth < number(&loss["law_high"]),
            "{predicted} {truth}"
        );
        let shares = predicted["shares"].as_object().unwrap();
        assert!(
            (shares.values().map(number).sum::<f64>() - 1.0).abs() < 1e-9,
            "{shares:?}"
        );
        for form in shares.keys() {
            assert!(
                ["chinchilla", "kaplan", "coupled", "farseer", "over-training"].contains(&form.as_str()),
                "{form}"
            );
        }
        assert!(shares.len() > 1, "{shares:?}");
        assert_eq!(predicted["unheeded"], serde_json::json!([]));
    }
    // Of one compute, laws of the compute.
    let of_compute = predictions[3]["shares"].as_object().unwrap();
    assert!(
        of_compute.keys().all(|form| form.ends_with("power-law")),
        "{of_compute:?}"
    );
    let shown = found["form"].as_str().unwrap();
    assert!(["chinchilla", "over-training"].contains(&shown), "{shown}");
    let compared = found["comparison"]["forms"].as_array().unwrap();
    let of_shown = compared.iter().find(|form| form["form"] == shown).unwrap();
    assert!(number(&of_shown["share"]) > 0.1, "{of_shown}");
    let said = super::output::said(
        &folder,
        &["runs.csv", "--replicates", "0", "--predict", "N=7B,D=140B"],
    );
    assert!(said.contains("; by ") && said.contains('%'), "{said}");
}

#[test]
fn where_no_law_of_both_can_be_had_what_is_left_out_is_said() {
    // Twenty tokens a parameter in every run: only the compute can be told.
    let runs: Vec<(f64, f64, f64)> = (0..12)
        .map(|step| {
            let params = 1e7 * 2.0_f64.powi(step);
            (
                params,
                20.0 * params,
                law(params, 20.0 * params) * super::noise(step as usize),
            )
        })
        .collect();
    let folder = Folder::with("runs.csv", &csv_of("params,tokens,loss", &runs));
    let found = folder.json(&["runs.csv", "--replicates", "100", "--predict", "N=100B,D=2T"]);
    let predicted = &found["predictions"][0];
    assert_eq!(
        predicted["unheeded"],
        serde_json::json!(["params", "tokens"]),
        "{predicted}"
    );
}

#[test]
fn a_share_is_predicted_between_0_and_1_or_refused() {
    let rows = [
        (3.5, 0.62),
        (3.2, 0.58),
        (3.0, 0.54),
        (2.8, 0.50),
        (2.6, 0.46),
        (2.4, 0.41),
    ];
    let text = rows
        .iter()
        .fold("loss,error\n".to_owned(), |text, (loss, error)| {
            text + &format!("{loss},{error}\n")
        });
    let folder = Folder::with("runs.csv", &text);
    let found = folder.json(&["runs.csv", "--predict", "loss=1.4"]);
    let error = &found["predictions"][0]["error"];
    let ends = [&error["low"], &error["value"], &error["high"]].map(number);
    assert!(ends.is_sorted() && ends[0] >= 0.0 && ends[2] <= 1.0, "{error}");
    folder.refused(
        &["runs.csv", "--predict", "loss=0.5"],
        &["`error`", "-0.4", "share, 0 to 1", "nearer"],
    );
}

/// Checkpoints of eight runs, each with luck of its own, and the name of each.
fn checkpoints() -> Vec<(String, f64, f64, f64)> {
    let luck = [0.004, -0.006, 0.001, -0.005, 0.007, 0.002, -0.003, 0.005];
    let mut rows = Vec::new();
    for (run, off) in luck.iter().enumerate() {
        let params = 2e7 * 1.7_f64.powi(run as i32);
        for step in 0..20 {
            let tokens = params * 5.0 * 1.2_f64.powi(step);
            let loss = law(params, tokens) * (1.0 + off + 0.1 * (super::noise(rows.len()) - 1.0));
            rows.push((format!("s{run}"), params, tokens, loss));
        }
    }
    rows
}

#[test]
fn checkpoints_are_grouped_by_the_name_of_their_run() {
    let table = |heading: &str, name: &dyn Fn(&str) -> String| {
        checkpoints()
            .iter()
            .fold(format!("{heading}\n"), |text, (run, params, tokens, loss)| {
                text + &format!("{}{params},{tokens},{loss}\n", name(run))
            })
    };
    let folder = Folder::with(
        "runs.csv",
        &table("run_name,params,tokens,loss", &|run| format!("{run},")),
    );
    folder.write(
        "numbered.csv",
        &table("seed,params,tokens,loss", &|run| format!("{},", &run[1..])),
    );
    folder.write("nameless.csv", &table("params,tokens,loss", &|_| String::new()));
    let common = ["--form", "chinchilla", "--replicates", "100"];
    let of = |more: &[&str]| folder.json(&[more, &common].concat());
    let width = |found: &serde_json::Value| {
        let alpha = &found["parameters"]["alpha"];
        number(&alpha["high"]) - number(&alpha["low"])
    };
    let named = of(&["runs.csv"]);
    assert_eq!((&named["rows"], &named["runs"]), (&160.into(), &8.into()));
    let notes = named["notes"].to_string();
    assert!(
        notes.contains("runs by `run_name`: 8 of 160 rows") && notes.contains("--group none"),
        "{notes}"
    );
    let rough = &named["warnings"][0];
    assert_eq!(rough["kind"], "rough_runs");
    assert!(
        rough["message"]
            .as_str()
            .unwrap()
            .starts_with("8 runs for 5 parameters"),
        "{rough}"
    );
    assert_eq!(named["holdout"]["rows"].as_array().unwrap().len(), 20);
    // The same by a column of numbers that is asked for.
    let numbered = of(&["numbered.csv", "--group", "seed"]);
    assert_eq!(numbered["parameters"], named["parameters"]);
    let looks = |found: &serde_json::Value| {
        let warnings = found["warnings"].as_array().unwrap();
        warnings.iter().any(|warning| warning["kind"] == "checkpoints")
    };
    assert!(!looks(&named));
    for alone in [
        of(&["runs.csv", "--group", "none"]),
        of(&["nameless.csv"]),
        of(&["numbered.csv"]),
    ] {
        assert!(alone["runs"].is_null() && looks(&alone), "{}", alone["warnings"]);
        assert!(
            width(&named) > 3.0 * width(&alone),
            "{} {}",
            width(&named),
            width(&alone)
        );
    }
    folder.refused(
        &["runs.csv", "--group", "ran"],
        &["--group ran", "no such column"],
    );
}
