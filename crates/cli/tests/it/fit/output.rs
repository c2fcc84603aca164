//! What is answered: the numbers, the page, and every word that is printed.

use std::path::Path;

use super::*;

#[test]
fn a_known_law_comes_back_in_the_shape_that_programs_read() {
    let folder = Folder::with("runs.csv", &csv());
    let found = folder.json(&[
        "runs.csv",
        "--form",
        "chinchilla",
        "--predict",
        "N=70B,D=1.4T",
        "--replicates",
        "200",
    ]);
    assert_eq!(
        (&found["form"], &found["rows"]),
        (&"chinchilla".into(), &36.into())
    );
    for (name, truth) in [
        ("E", 1.8),
        ("A", 480.0),
        ("B", 2100.0),
        ("alpha", 0.35),
        ("beta", 0.37),
    ] {
        let parameter = &found["parameters"][name];
        let (value, low, high) = (
            number(&parameter["value"]),
            number(&parameter["low"]),
            number(&parameter["high"]),
        );
        assert!(
            low <= value && value <= high && low < truth && truth < high,
            "{name}: {parameter}"
        );
        assert_eq!(parameter["identified"], true, "{name}");
    }
    let predicted = &found["predictions"][0];
    assert_eq!(
        (number(&predicted["params"]), number(&predicted["tokens"])),
        (7e10, 1.4e12)
    );
    let truth = 1.8 + 480.0 * 7e10_f64.powf(-0.35) + 2100.0 * 1.4e12_f64.powf(-0.37);
    let loss = &predicted["loss"];
    assert!(
        number(&loss["low"]) < truth && truth < number(&loss["high"]),
        "{loss}"
    );
    assert!((number(&loss["value"]) / truth - 1.0).abs() < 0.01, "{loss}");
    let reach = |input: &str| number(&predicted["reach"][input]["factor"]);
    assert!((reach("compute") - 7e10 * 1.4e12 / (1.5e10 * 3e11)).abs() < 1e-6);
    assert!((reach("params") - 7e10 / 1.5e10).abs() < 1e-6);
    assert!((reach("tokens") - 1.4e12 / 3e11).abs() < 1e-6);
    assert!(
        number(&found["holdout"]["mean_absolute"]) < 0.02,
        "{}",
        found["holdout"]
    );
    assert_eq!(found["residuals"].as_array().unwrap().len(), 36);
    assert!(number(&found["objective"]) > 0.0);
    for list in ["warnings", "refusals"] {
        assert!(found[list].is_array(), "{list}");
    }
}

#[test]
fn without_a_form_all_are_compared_and_one_is_trusted() {
    // Exponents so different that no form of one exponent can stand in.
    let apart = runs_of(|params, tokens| 1.8 + 40.0 * params.powf(-0.2) + 30_000.0 * tokens.powf(-0.5));
    let folder = Folder::with("runs.csv", &csv_of("params,tokens,loss", &apart));
    let found = folder.json(&["runs.csv", "--replicates", "100"]);
    let forms = found["comparison"]["forms"].as_array().unwrap();
    let names: Vec<&str> = forms.iter().map(|form| form["form"].as_str().unwrap()).collect();
    for name in [
        "chinchilla",
        "kaplan",
        "over-training",
        "power-law",
        "saturating-power-law",
        "broken-power-law",
    ] {
        assert!(names.contains(&name), "{name} is missing from {names:?}");
    }
    let errors: Vec<f64> = forms.iter().map(|form| number(&form["held_out_error"])).collect();
    assert!(errors.is_sorted(), "{errors:?}");
    assert_eq!(
        found["comparison"]["trusted"], "chinchilla",
        "{}",
        found["comparison"]
    );
    assert_eq!(found["form"], "chinchilla");
}

#[test]
fn a_form_of_ones_own() {
    let folder = Folder::with("runs.csv", &csv());
    let form = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/law.toml"))
        .unwrap();
    folder.write("law.toml", &form);
    let found = folder.json(&[
        "runs.csv",
        "--user-form",
        "law.toml",
        "--replicates",
        "0",
        "--predict",
        "N=1B,D=20B",
    ]);
    assert_eq!(found["form"], "shared-exponent");
    assert!(
        (number(&found["parameters"]["alpha"]["value"]) - 0.36).abs() < 0.05,
        "{}",
        found["parameters"]
    );
    folder.write("broken.toml", &form.replace("params^alpha", "params^^alpha"));
    folder.refused(
        &["runs.csv", "--user-form", "broken.toml"],
        &["broken.toml", "params^^alpha", "character"],
    );
    folder.write("unknown.toml", &form.replace("response", "respones"));
    folder.refused(
        &["runs.csv", "--user-form", "unknown.toml"],
        &["unknown.toml", "respones"],
    );
    folder.write(
        "infinite.toml",
        &form.replace("E + A / params^alpha", "ln(0 - A) + E / params^alpha"),
    );
    folder.untold(
        &["runs.csv", "--user-form", "infinite.toml"],
        &["finite objective"],
    );
    folder.refused(
        &["runs.csv", "--user-form", "absent.toml"],
        &["absent.toml", "cannot be read"],
    );
}

#[test]
fn the_page_is_written_whole_and_needs_no_network() {
    let folder = Folder::with("runs.csv", &csv());
    folder.json(&[
        "runs.csv",
        "--predict",
        "N=70B,D=1.4T",
        "--replicates",
        "50",
        "--report",
        "fit.html",
    ]);
    let page = std::fs::read_to_string(folder.0.path().join("fit.html")).unwrap();
    for part in [
        "chart-fit-curve",
        "chart-fit-residuals",
        "chart-fit-check",
        "not identified",
        "Content-Security-Policy",
        "1.4T",
    ] {
        assert!(page.to_lowercase().contains(&part.to_lowercase()), "{part}");
    }
    let output = folder.fit(&[
        "runs.csv",
        "--form",
        "power-law",
        "--replicates",
        "0",
        "--report",
        "absent/fit.html",
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("absent/fit.html")
    );
}

/// What the program prints, to the letter; numbers of the last digits are cut by its own formats.
pub fn said(folder: &Folder, arguments: &[&str]) -> String {
    let output = folder.fit(arguments);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    format!(
        "$ triaxis fit {}\nexit code {}\n----- stdout\n{}----- stderr\n{}",
        arguments.join(" "),
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn what_is_printed() {
    let folder = Folder::with("runs.csv", &csv());
    insta::assert_snapshot!("fit_help", said(&folder, &["--help"]));
    insta::assert_snapshot!(
        "fit_list_chinchilla",
        said(&folder, &["--list", "--form", "chinchilla"])
    );
    let quick = ["runs.csv", "--replicates", "100", "--predict", "N=70B,D=1.4T"];
    insta::assert_snapshot!("fit_compared", said(&folder, &quick));
    insta::assert_snapshot!(
        "fit_form",
        said(&folder, &[&quick[..], &["--form", "over-training"]].concat())
    );
    let unnamed = Folder::with("runs.csv", &csv().replace("loss", "train"));
    insta::assert_snapshot!("fit_unnamed_loss", said(&unnamed, &["runs.csv"]));
}

#[test]
fn an_end_that_the_data_leave_open_is_marked() {
    let folder = Folder::with(
        "runs.csv",
        &csv_of(
            "N,D,loss",
            &runs_of(|params, tokens| 60.0 * (params * tokens).powf(-0.06)),
        ),
    );
    let arguments = [
        "runs.csv",
        "--form",
        "saturating-power-law",
        "--replicates",
        "100",
    ];
    let floor = &folder.json(&arguments)["parameters"]["E"];
    assert_eq!(
        (&floor["identified"], &floor["open_below"], &floor["open_above"]),
        (&false.into(), &true.into(), &false.into()),
        "{floor}"
    );
    let said = folder.fit(&arguments);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("≤1.000e-4") && said.contains("NO, below"), "{said}");
    assert!(said.contains("E is unidentified from below"), "{said}");
}

#[test]
fn a_prediction_says_what_it_extrapolates_in_both_directions() {
    let folder = Folder::with("runs.csv", &csv());
    let said = |request: &str| {
        let arguments = [
            "runs.csv",
            "--form",
            "chinchilla",
            "--replicates",
            "100",
            "--predict",
            request,
        ];
        let words = String::from_utf8_lossy(&folder.fit(&arguments).stdout).into_owned();
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let within = said("N=1B,D=20B");
    assert!(within.contains("within what was fitted"), "{within}");
    let below = said("N=1M,D=30T");
    let expected =
        "NO PREDICTION but an extrapolation: tokens/params is 5000 times above all that was fitted";
    assert!(below.contains(expected), "{below}");
    assert!(
        !below.contains("loss 1") && !below.contains(" at 90%)"),
        "no value: {below}"
    );
    let below = said("N=10M,D=3T");
    let expected = "beyond what was fitted: params 5.0 times below, tokens 10.0 times above, tokens/params 50.0 times above";
    assert!(below.contains(expected), "{below}");
}

#[test]
fn as_many_rows_as_parameters_give_no_interval() {
    let few: Vec<Run> = [3, 8, 16, 25, 35].map(|row| runs()[row]).to_vec();
    let folder = Folder::with("runs.csv", &csv_of("params,tokens,loss", &few));
    let arguments = ["runs.csv", "--form", "chinchilla", "--predict", "N=1B,D=20B"];
    let found = folder.json(&arguments);
    for (name, parameter) in found["parameters"].as_object().unwrap() {
        let told = ["low", "high"].map(|end| &parameter[end]);
        assert!(told.iter().all(|end| end.is_null()), "{name}: {parameter}");
        assert_eq!(parameter["identified"], false, "{name}");
    }
    let predicted = &found["predictions"][0]["loss"];
    for end in ["low", "high", "law_low", "law_high"] {
        assert!(predicted[end].is_null(), "{predicted}");
    }
    assert!(found["noise"].is_null());
    let said = String::from_utf8_lossy(&folder.fit(&arguments).stdout).into_owned();
    assert!(
        said.contains("5 rows for 5 parameters") && said.contains("no interval"),
        "{said}"
    );
    let row = said.lines().find(|line| line.starts_with("alpha ")).unwrap();
    let cells: Vec<&str> = row.split_whitespace().skip(2).collect();
    assert_eq!(cells, ["–", "–", "NO"], "{said}");
}

/// Intervals of few rows are those of least squares, and the value is that of a robust loss: an interval that ended at
/// its own value said nothing below it.
#[test]
fn a_value_beside_the_bootstrap_has_the_interval_of_its_profile() {
    let rows = [
        (2e7, 4e8, 5.9207),
        (5e7, 4e9, 3.5009),
        (1.25e8, 1e9, 3.6249),
        (3.5e8, 2e10, 2.6788),
        (7.6e8, 5e9, 2.8119),
    ];
    let folder = Folder::with("runs.csv", &csv_of("N,D,loss", &rows));
    let found = folder.json(&["runs.csv", "--form", "power-law"]);
    let a = &found["parameters"]["A"];
    let [low, value, high] = ["low", "value", "high"].map(|end| number(&a[end]));
    let [bootstrap, profile] = ["percentile", "profile"].map(|of| number(&a["intervals"][of][0]));
    assert!(bootstrap > value && profile < value, "{a}");
    assert_eq!((low, low < value && value < high), (profile, true), "{a}");
}

#[test]
fn two_sizes_cannot_tell_a_floor_from_a_power() {
    let two: Vec<Run> = runs()
        .into_iter()
        .filter(|run| run.0 == 5e7 || run.0 == 1.5e9)
        .collect();
    let folder = Folder::with("runs.csv", &csv_of("params,tokens,loss", &two));
    folder.untold(
        &["runs.csv", "--form", "chinchilla"],
        &[
            "`params` has 2 distinct values",
            "E, A, alpha hang on it",
            "add runs",
        ],
    );
}

#[test]
fn a_run_too_far_away_has_no_value_and_is_a_refusal() {
    let folder = Folder::with("runs.csv", &csv());
    let arguments = [
        "runs.csv",
        "--form",
        "chinchilla",
        "--replicates",
        "100",
        "--predict",
        "N=1e40,D=1e40",
    ];
    let output = folder.fit(&[&arguments[..], &["--format", "json"]].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains("refused: no prediction") && said.contains("nearer to those fitted"),
        "{said}"
    );
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let predicted = &found["predictions"][0];
    for end in ["value", "low", "high", "law_low", "law_high"] {
        assert!(predicted["loss"][end].is_null(), "{predicted}");
    }
    let reason = predicted["extrapolation"].as_str().unwrap();
    assert!(reason.contains('e') && reason.len() < 140, "{reason}");
    let longest = said
        .split(|sign: char| !sign.is_ascii_digit())
        .map(str::len)
        .max();
    assert!(longest < Some(13), "{said}");
}

#[test]
fn what_a_law_does_not_read_is_said_and_its_reach_is_told() {
    let folder = Folder::with("runs.csv", &csv());
    let arguments = [
        "runs.csv",
        "--form",
        "power-law",
        "--replicates",
        "100",
        "--predict",
        "N=1B,D=9T",
    ];
    let found = folder.json(&arguments);
    let predicted = &found["predictions"][0];
    assert_eq!(predicted["unheeded"], serde_json::json!(["params", "tokens"]));
    // The runs end at 6,000 tokens a parameter, at 3e11 tokens.
    let reach = |of: &str| number(&predicted["reach"][of]["factor"]);
    assert!((reach("tokens/params") - 1.5).abs() < 1e-9, "{predicted}");
    assert!((reach("tokens") - 30.0).abs() < 1e-9, "{predicted}");
    let said = String::from_utf8_lossy(&folder.fit(&arguments).stdout).into_owned();
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("DOES NOT READ params and tokens"), "{said}");
    assert!(said.contains("tokens/params 1.5 times above"), "{said}");
}
