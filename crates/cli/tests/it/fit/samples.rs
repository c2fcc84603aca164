//! Coverage by repeated samples, from a curve or from counts, and forms that have no size of a run.

use super::*;

/// Counts of 150 problems with chances at the quantiles of Beta(0.4, 1), which are `u^2.5`; 200 samples each.
fn counts() -> String {
    let mut text = "problem,n_samples,n_correct\n".to_owned();
    for problem in 0..150 {
        let chance = ((f64::from(problem) + 0.5) / 150.0).powf(2.5);
        writeln!(text, "{problem},200,{}", (200.0 * chance).round()).unwrap();
    }
    text
}

#[test]
fn counts_become_laws_averaged_by_their_likelihood() {
    let folder = Folder::with("counts.csv", &counts());
    let found = folder.json(&["counts.csv", "--predict", "k=1000", "--replicates", "200"]);
    assert_eq!(found["rows_in_file"], 150);
    let note = found["notes"][0].as_str().unwrap();
    assert!(note.contains("150 problems, 200 samples each"), "{note}");
    let forms = found["comparison"]["forms"].as_array().unwrap();
    assert_eq!(forms.len(), 4, "{forms:?}");
    let shares: f64 = forms.iter().map(|form| number(&form["share"])).sum();
    assert!((shares - 1.0).abs() < 1e-9, "{forms:?}");
    // 1 - B(0.4, 1 + k) / B(0.4, 1), by Stirling about 1 - Gamma(1.4) k^-0.4.
    let truth = 1.0 - 0.887_264 * 1000.0_f64.powf(-0.4);
    let of_all = &found["predictions"][0]["coverage"];
    assert!(
        number(&of_all["low"]) < truth && truth < number(&of_all["high"]),
        "{of_all}"
    );
    let arguments = [
        "counts.csv",
        "--form",
        "coverage-beta",
        "--predict",
        "k=1000",
        "--replicates",
        "200",
    ];
    let one = folder.json(&arguments);
    let alpha = &one["parameters"]["alpha"];
    assert!(
        number(&alpha["low"]) < 0.4 && 0.4 < number(&alpha["high"]) && alpha["identified"] == true,
        "{alpha}"
    );
    let of_one = &one["predictions"][0]["coverage"];
    assert!(
        number(&of_one["low"]) < truth && truth < number(&of_one["high"]),
        "{of_one}"
    );
    // What forms differ in is in the interval of all.
    let width = |coverage: &Value| number(&coverage["high"]) - number(&coverage["low"]);
    assert!(width(of_all) >= width(of_one), "{of_all} {of_one}");
    // Held out: what 20 of the samples of each problem say of more.
    let held = folder.json(&["counts.csv", "--holdout", "k > 20", "--replicates", "0"]);
    assert_eq!(held["holdout"]["largest"], false);
    assert_eq!(held["holdout"]["places"][0], "pass@23");
    assert!(
        number(&held["holdout"]["mean_absolute"]) < 0.1,
        "{}",
        held["holdout"]
    );
}

#[test]
fn counts_by_the_letters_of_papers_are_counts() {
    let folder = Folder::with("counts.csv", &counts());
    folder.write("letters.csv", &counts().replacen("n_samples,n_correct", "n,c", 1));
    let fit = ["--form", "coverage-beta", "--replicates", "20"];
    let found = |file: &str| folder.json(&[&[file][..], &fit].concat())["parameters"].clone();
    assert_eq!(found("letters.csv"), found("counts.csv"));
    // Without a problem beside them they may be anything.
    folder.write("no.csv", "n,c,x\n4,3,1\n5,2,2\n6,1,3\n");
    folder.refused(&["no.csv"], &["no form has all its columns: recognised are none"]);
}

#[test]
fn unequal_samples_of_problems_all_count() {
    // Of the first forty problems ten samples, of the others 2,000: cut at ten, no k above it is known.
    let mut text = "problem,samples,correct\n".to_owned();
    for problem in 0..150 {
        let chance = ((f64::from(problem) + 0.5) / 150.0).powf(2.5);
        let samples = if problem % 4 == 0 { 10.0 } else { 2000.0 };
        writeln!(text, "p{problem},{samples},{}", (samples * chance).round()).unwrap();
    }
    let folder = Folder::with("counts.csv", &text);
    let found = folder.json(&["counts.csv", "--predict", "k=1000", "--replicates", "200"]);
    let note = found["notes"][0].as_str().unwrap();
    assert!(note.contains("10 to 2000 samples each"), "{note}");
    let coverage = &found["predictions"][0]["coverage"];
    let (low, high) = (number(&coverage["low"]), number(&coverage["high"]));
    let truth = 1.0 - 0.887_264 * 1000.0_f64.powf(-0.4);
    assert!(low < truth && truth < high && high - low < 0.08, "{coverage}");
}

/// Coverage by `exp(-a k^-b)` with noise of half a percent.
fn curve(heading: &str, scale: f64) -> String {
    (0..12).fold(format!("{heading}\n"), |mut text, step| {
        let k = 2.0_f64.powi(step);
        let coverage = scale * (-1.6 * k.powf(-0.35)).exp() * noise(step as usize);
        writeln!(text, "{k},{coverage}").unwrap();
        text
    })
}

#[test]
fn a_table_of_k_and_coverage_is_one_curve() {
    let folder = Folder::with("curve.csv", &curve("k,pass@k", 1.0));
    let one = folder.json(&["curve.csv", "--form", "coverage-power", "--predict", "k=1e5"]);
    assert!(
        (number(&one["parameters"]["b"]["value"]) - 0.35).abs() < 0.02,
        "{}",
        one["parameters"]
    );
    assert!(number(&one["holdout"]["mean_absolute"]) < 0.02);
    let all = folder.json(&["curve.csv", "--predict", "k=1e5"]);
    for found in [&one, &all] {
        let coverage = &found["predictions"][0]["coverage"];
        assert!(
            coverage["low"].is_null() && coverage["high"].is_null(),
            "{coverage}"
        );
        assert!(
            found["warnings"].to_string().contains("--problems"),
            "{}",
            found["warnings"]
        );
        for parameter in found["parameters"].as_object().unwrap().values() {
            assert!(
                parameter["low"].is_null() && parameter["identified"] == false,
                "{parameter}"
            );
        }
    }
    let width = |problems: &str| {
        let found = folder.json(&["curve.csv", "--problems", problems, "--predict", "k=1e5"]);
        let coverage = &found["predictions"][0]["coverage"];
        let (low, high) = (number(&coverage["low"]), number(&coverage["high"]));
        assert!(
            (0.0..=1.0).contains(&low) && low < high && high <= 1.0,
            "{coverage}"
        );
        high - low
    };
    assert!(width("50") > width("5000"));
    folder.write("percent.csv", &curve("k,coverage", 100.0));
    folder.refused(&["percent.csv"], &["coverage"]);
    folder.write(
        "twice.csv",
        "k,coverage\n1,0.1\n2,0.2\n4,0.3\n1,0.2\n2,0.3\n4,0.4\n",
    );
    folder.refused(&["twice.csv"], &["samples", "one model or task"]);
    folder.write("runs.csv", &csv());
    folder.refused(&["runs.csv", "--problems", "100"], &["--problems", "loss"]);
}

#[test]
fn counts_that_cannot_be_are_refused() {
    let wrong = |change: (&str, &str), arguments: &[&str], parts: &[&str]| {
        let folder = Folder::with("counts.csv", &counts().replacen(change.0, change.1, 1));
        folder.refused(
            &[&["counts.csv", "--form", "coverage-beta"], arguments].concat(),
            parts,
        );
    };
    wrong(
        ("149,200,", "149,200,9"),
        &[],
        &["line 151", "of 200 samples are correct"],
    );
    wrong(
        ("149,200,198", "149,200,1.5"),
        &[],
        &["correct line 151", "1.5", "whole number"],
    );
    wrong(
        ("149,200,", "148,200,"),
        &[],
        &["problem 148", "line 150", "line 151", "--where"],
    );
    wrong(
        ("149,200,198", "149,0,0"),
        &[],
        &["`n_samples` line 151", "above zero"],
    );
    wrong(
        ("149,200,198", "149,200,-1"),
        &[],
        &["`n_correct` line 151", "zero or more"],
    );
    Folder::with("counts.csv", &counts()).untold(
        &["counts.csv", "--form", "coverage-beta", "--where", "problem < 2"],
        &["2 rows cannot determine"],
    );
    Folder::with("counts.csv", &counts()).untold(
        &[
            "counts.csv",
            "--form",
            "coverage-beta",
            "--where",
            "n_correct == 0",
        ],
        &["every sample", "is wrong"],
    );
    wrong(
        ("", ""),
        &["--holdout", "loss < 2"],
        &["--holdout", "samples", "`loss`"],
    );
    wrong(("", ""), &["--holdout", "k > 900"], &["held out"]);
    wrong(("", ""), &["--drop-worst", "3"], &["--drop-worst", "--where"]);
    wrong(("", ""), &["--problems", "3"], &["--problems", "likelihood"]);
    let folder = Folder::with("counts.csv", &counts());
    folder.untold(
        &["counts.csv", "--form", "coverage-power"],
        &["coverage-power", "coverage-beta", "likelihood"],
    );
}

#[test]
fn without_a_size_among_the_inputs_the_largest_runs_are_found_elsewhere() {
    let table = |heading: &str, row: &dyn Fn(usize) -> String| {
        (0..20).fold(format!("{heading}\n"), |text, at| text + &row(at) + "\n")
    };
    // Error from loss: the column of compute tells the largest; row 0 here.
    let error = |loss: f64| 0.85 - 2.1 * (-0.75 * loss).exp();
    let with_compute = table("loss,error,C", &|at| {
        let loss = 2.0 + 0.1 * at as f64;
        format!(
            "{loss},{},{}",
            error(loss) * noise(at),
            1e20 / 2.0_f64.powi(at as i32)
        )
    });
    let folder = Folder::with("compute.csv", &with_compute);
    let held = |file: &str, form: &str| {
        let found = folder.json(&[file, "--form", form, "--replicates", "0"]);
        (
            found["holdout"]["rows"].clone(),
            found["holdout"]["reach"].as_f64(),
            found["warnings"].to_string(),
        )
    };
    let (rows, reach, _) = held("compute.csv", "error-from-loss");
    assert_eq!(rows, serde_json::json!([0, 1, 2, 3]));
    assert!((reach.unwrap() - 16.0).abs() < 1e-6, "{reach:?}");
    // Without one the lowest losses are the largest runs.
    folder.write("loss.csv", &with_compute.replace(",C", ",note"));
    assert_eq!(
        held("loss.csv", "error-from-loss").0,
        serde_json::json!([0, 1, 2, 3])
    );
    // A share of a mixture says nothing of size: that is said, and how to choose.
    let mixture = table("share,loss", &|at| {
        let share = 0.05 * at as f64;
        format!("{share},{}", (2.0 + 1.2 * (-4.0 * share).exp()) * noise(at))
    });
    folder.write("mixture.csv", &mixture);
    let (rows, _, warnings) = held("mixture.csv", "data-mixture");
    assert!(
        rows.is_null() && warnings.contains("how large a run is"),
        "{warnings}"
    );
    let chosen = folder.json(&[
        "mixture.csv",
        "--form",
        "data-mixture",
        "--holdout",
        "share > 0.8",
        "--replicates",
        "0",
    ]);
    assert_eq!(chosen["holdout"]["rows"].as_array().unwrap().len(), 3);
}

#[test]
fn what_is_printed_of_counts() {
    let folder = Folder::with("counts.csv", &counts());
    let arguments = ["counts.csv", "--replicates", "100", "--predict", "k=1000"];
    insta::assert_snapshot!("fit_counts", output::said(&folder, &arguments));
}

#[test]
fn the_rows_of_counts_are_those_that_a_condition_keeps() {
    let of = |model: &str, text: String| -> String {
        text.lines()
            .skip(1)
            .fold(String::new(), |all, line| all + line + "," + model + "\n")
    };
    let both = of("small", counts()) + &of("large", counts());
    let folder = Folder::with(
        "counts.csv",
        &format!("problem,n_samples,n_correct,model\n{both}"),
    );
    let output = folder.fit(&[
        "counts.csv",
        "--form",
        "coverage-beta",
        "--where",
        "model == \"small\"",
        "--replicates",
        "0",
    ]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("150 of 300 rows: "), "{said}");
}

/// Coverage of several models at several numbers of samples is one law of their losses: each number of samples is
/// there once a model.
#[test]
fn coverage_of_many_models_is_a_law_of_their_losses() {
    let mut text = "model,val_loss,k,coverage\n".to_owned();
    for (model, loss) in [2.4, 2.6, 2.8, 3.0, 3.2].into_iter().enumerate() {
        let (mean, narrowness) = (
            1.0 / (1.0 + (2.0 * loss - 5.0_f64).exp()),
            (3.0 - 0.6 * loss).exp(),
        );
        let (a, b) = (mean * narrowness, (1.0 - mean) * narrowness);
        let mut missed = 1.0;
        for k in 0..64 {
            // B(a, b + k + 1) / B(a, b + k) = (b + k) / (a + b + k).
            missed *= (b + f64::from(k)) / (a + b + f64::from(k));
            if (k + 1_i32).count_ones() == 1 {
                writeln!(text, "{model},{loss},{},{}", k + 1, 1.0 - missed).unwrap();
            }
        }
    }
    let folder = Folder::with("models.csv", &text);
    let ask = [
        "models.csv",
        "--form",
        "coverage-from-loss",
        "--replicates",
        "0",
        "--group",
        "none",
    ];
    let found = folder.json(&[&ask[..], &["--predict", "loss=2.5,k=100"]].concat());
    for (name, truth) in [
        ("theta1", 5.0),
        ("theta2", -2.0),
        ("theta3", 3.0),
        ("theta4", -0.6),
    ] {
        let value = number(&found["parameters"][name]["value"]);
        assert!((value - truth).abs() < 1e-3, "{name} {value}");
    }
    let share = number(&found["predictions"][0]["coverage"]["value"]);
    assert!((0.5..1.0).contains(&share), "{share}");
}
