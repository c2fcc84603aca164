//! Runs of published studies, through the program.
#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

use super::*;

#[path = "../../../../laws/tests/published/finder.rs"]
mod finder;

use finder::published;

#[test]
fn published_chinchilla_runs_give_the_published_refit() {
    let Some(file) = published("chinchilla-epoch/svg_extracted_data.csv") else {
        return;
    };
    let folder = Folder::with("empty", "");
    let found = folder.json(&[
        file.to_str().unwrap(),
        "--form",
        "chinchilla",
        "--n",
        "Model Size",
        "--compute",
        "Training FLOP",
        "--drop-worst",
        "5",
        "--replicates",
        "100",
    ]);
    assert_eq!(found["rows"], 240);
    // Besiroglu et al. 2024, log-Huber of delta 1e-3, summed.
    assert!((number(&found["objective"]) - 1.018274e-3).abs() < 1e-8);
    for (name, published, tolerance) in [
        ("A", 477.83, 0.5),
        ("B", 2143.4, 3.0),
        ("E", 1.81722, 1e-4),
        ("alpha", 0.34731, 1e-4),
        ("beta", 0.36717, 1e-4),
    ] {
        let value = number(&found["parameters"][name]["value"]);
        assert!(
            (value - published).abs() <= tolerance,
            "{name}: published {published}, ours {value}"
        );
    }
}

#[test]
fn published_optima_come_out_of_the_published_isoflop_points() {
    let Some(file) = published("porian/isoflop_points.csv") else {
        return;
    };
    let folder = Folder::with("empty", "");
    // Porian et al. 2024: how Kaplan's exponent becomes Chinchilla's, step by step.
    for (series, published) in [
        (r#"dataset == "rw" && val == "train""#, 0.8338),
        (r#"dataset == "rw" && decay == "chinchilla""#, 0.5714),
        (r#"dataset == "rw" && hparams == "tuned""#, 0.4970),
        (r#"dataset == "owt2" && val == "train""#, 0.8700),
        (r#"dataset == "owt2" && decay == "chinchilla""#, 0.5689),
        (r#"dataset == "owt2" && hparams == "tuned""#, 0.5184),
    ] {
        let arguments = [
            file.to_str().unwrap(),
            "--form",
            "approach2-akima",
            "--where",
            series,
            "--replicates",
            "0",
        ];
        let found = folder.json(&arguments);
        let exponent = number(&found["parameters"]["a"]["value"]);
        assert!(
            (exponent - published).abs() < 2e-3,
            "{series}: published {published}, ours {exponent}"
        );
        assert!(
            found["optima"].as_array().unwrap().len() >= 11,
            "{}",
            found["optima"]
        );
    }
}

#[test]
fn coverage_of_few_samples_foretells_the_published_many() {
    let Some(file) = published("test-time-coverage/counts_gsm8k.csv") else {
        return;
    };
    let folder = Folder::with("empty", "");
    let arguments = [
        file.to_str().unwrap(),
        "--where",
        r#"`Model Nickname` == "Pythia_1.4B_2B""#,
        "--holdout",
        "k > 100",
        "--replicates",
        "100",
    ];
    let found = folder.json(&arguments);
    assert_eq!(
        found["comparison"]["forms"].as_array().unwrap().len(),
        4,
        "{found}"
    );
    let holdout = &found["holdout"];
    assert!(
        number(&holdout["mean_absolute"]) < 0.5 * number(&holdout["baseline"]),
        "{holdout}"
    );
    // Models differ in how many samples of a problem there are: all of them count.
    let unequal = r#"`Model Nickname` == "Pythia_410M_6B""#;
    let arguments = [file.to_str().unwrap(), "--where", unequal, "--predict", "k=1e5"];
    let found = folder.json(&arguments);
    let coverage = &found["predictions"][0]["coverage"];
    let (low, high) = (number(&coverage["low"]), number(&coverage["high"]));
    assert!(0.5 < low && low < high && high < 1.0, "{coverage}");
    // Samples of several models stand for the same problems again.
    folder.refused(
        &[file.to_str().unwrap(), "--form", "coverage-beta"],
        &["problem", "stands in", "--where"],
    );
}
