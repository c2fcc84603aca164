//! `triaxis fit`: tables in, laws out, and every mistake a user can make with them.
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with files of runs, and the program to fit them with.
struct Folder(TempDir);

impl Folder {
    fn with(name: &str, content: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write(name, content);
        folder
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.0.path().join(name), content).unwrap();
    }

    fn fit(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_triaxis"));
        command.arg("fit").args(arguments).current_dir(self.0.path());
        command.output().unwrap()
    }

    /// The JSON of a fit that must succeed.
    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.fit(&[arguments, &["--format", "json"]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(said.is_empty(), "{said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// What a fit says that must be refused with exit code 2.
    #[track_caller]
    fn refused(&self, arguments: &[&str], parts: &[&str]) {
        let output = self.fit(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("error: ") && !said.contains("panicked"), "{said}");
        for part in parts {
            assert!(said.contains(part), "{part:?} is missing from:\n{said}");
        }
    }
}

/// Noise of half a percent, the same each time.
fn noise(row: usize) -> f64 {
    let fraction = (row as f64 * 0.618_033_988_749_895).fract();
    1.0 + 0.01 * (fraction - 0.5)
}

/// Parameters, tokens and loss.
type Run = (f64, f64, f64);

/// Runs of a known law, six sizes at six lengths each: N, D, loss.
fn runs() -> Vec<Run> {
    runs_of(|params, tokens| 1.8 + 480.0 * params.powf(-0.35) + 2100.0 * tokens.powf(-0.37))
}

fn runs_of(law: impl Fn(f64, f64) -> f64) -> Vec<Run> {
    let mut runs = Vec::new();
    for params in [5e7_f64, 1.5e8, 5e8, 1.5e9, 5e9, 1.5e10] {
        for tokens in [1e9_f64, 3e9, 1e10, 3e10, 1e11, 3e11] {
            runs.push((params, tokens, law(params, tokens) * noise(runs.len())));
        }
    }
    runs
}

fn csv_of(heading: &str, runs: &[Run]) -> String {
    runs.iter()
        .fold(format!("{heading}\n"), |mut text, (params, tokens, loss)| {
            writeln!(text, "{params},{tokens},{loss}").unwrap();
            text
        })
}

fn csv() -> String {
    csv_of("params,tokens,loss", &runs())
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

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
    assert!((number(&predicted["reach"]) - 7e10 * 1.4e12 / (1.5e10 * 3e11)).abs() < 1e-6);
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
fn every_format_and_every_way_to_name_columns_give_the_same_law() {
    let folder = Folder::with("runs.csv", &csv());
    let rest = ["--form", "chinchilla", "--replicates", "50"];
    let law = |arguments: &[&str]| {
        let found = folder.json(&[arguments, &rest].concat());
        (
            found["parameters"].clone(),
            found["objective"].clone(),
            found["holdout"]["mean_absolute"].clone(),
        )
    };
    let expected = law(&["runs.csv"]);
    let lines = runs().iter().fold(String::new(), |mut text, (params, tokens, loss)| {
        let run = serde_json::json!({ "config": { "N": params, "D": tokens }, "result": { "val": loss }, "tags": ["a"] });
        writeln!(text, "{run}").unwrap();
        text
    });
    folder.write("runs.jsonl", &lines);
    assert_eq!(
        law(&[
            "runs.jsonl",
            "--n",
            "config.N",
            "--d",
            "config.D",
            "--loss",
            "result.val"
        ]),
        expected
    );
    parquet(&folder.0.path().join("runs.parquet"));
    assert_eq!(law(&["runs.parquet"]), expected);
    folder.write("named.csv", &csv_of("Model Size,n_tokens,val_loss", &runs()));
    assert_eq!(law(&["named.csv"]), expected);
    assert_eq!(
        law(&["named.csv", "--column", "params=Model Size", "--loss", "val_loss"]),
        expected
    );
}

fn parquet(path: &Path) {
    use std::sync::Arc;

    use parquet::data_type::DoubleType;
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;

    let schema = "message runs { required double params; required double tokens; required double loss; }";
    let schema = Arc::new(parquet::schema::parser::parse_message_type(schema).unwrap());
    let file = std::fs::File::create(path).unwrap();
    let mut writer =
        SerializedFileWriter::new(file, schema, Arc::new(WriterProperties::builder().build())).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for pick in [|run: &Run| run.0, |run: &Run| run.1, |run: &Run| run.2] {
        let mut column = group.next_column().unwrap().unwrap();
        let values: Vec<f64> = runs().iter().map(pick).collect();
        column
            .typed::<DoubleType>()
            .write_batch(&values, None, None)
            .unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}

#[test]
fn compute_stands_in_for_tokens_or_parameters_and_is_said_to() {
    let with_compute: Vec<_> = runs()
        .iter()
        .map(|(params, tokens, loss)| (*params, 6.0 * params * tokens, *loss))
        .collect();
    let folder = Folder::with("runs.csv", &csv_of("N,training_flops,loss", &with_compute));
    let rest = ["--form", "chinchilla", "--replicates", "0"];
    let found = folder.json(&[&["runs.csv"][..], &rest].concat());
    assert_eq!(found["notes"], serde_json::json!(["tokens by D = C / 6N"]));
    assert!((number(&found["parameters"]["beta"]["value"]) - 0.37).abs() < 0.03);
    folder.write("both.csv", &csv());
    let found = folder.json(&["both.csv", "--form", "power-law", "--replicates", "0"]);
    assert_eq!(found["notes"], serde_json::json!(["flops by C = 6ND"]));
}

#[test]
fn rows_are_chosen_dropped_and_held_out() {
    let mut rows = runs();
    rows.push((5e7, 1e9, 30.0));
    let folder = Folder::with("runs.csv", &csv_of("params,tokens,loss", &rows));
    let fit = |arguments: &[&str]| {
        folder.json(
            &[
                &["runs.csv", "--form", "chinchilla", "--replicates", "0"][..],
                arguments,
            ]
            .concat(),
        )
    };
    assert_eq!(fit(&["--where", "loss < 10 && N >= 150M"])["rows"], 30);
    let dropped = fit(&["--drop-worst", "1"]);
    assert_eq!(
        (&dropped["rows"], &dropped["rows_dropped"]),
        (&36.into(), &1.into())
    );
    let held = fit(&["--where", "loss < 10", "--holdout", "compute > 1e21"]);
    let sizes = runs();
    let expected = sizes
        .iter()
        .filter(|(params, tokens, _)| 6.0 * params * tokens > 1e21)
        .count();
    assert_eq!(held["holdout"]["rows"].as_array().unwrap().len(), expected);
    assert_eq!(held["holdout"]["largest"], false);
    assert_eq!(held["rows"], 36);
    let last = &held["holdout"]["places"].as_array().unwrap()[expected - 1];
    assert_eq!(last, "line 37");
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
    folder.refused(
        &["runs.csv", "--user-form", "infinite.toml"],
        &["finite objective"],
    );
    folder.refused(
        &["runs.csv", "--user-form", "absent.toml"],
        &["absent.toml", "cannot be read"],
    );
}

#[test]
fn weights_of_zero_leave_rows_out() {
    let weighted = runs().iter().enumerate().fold(
        "N,D,loss,w\n".to_owned(),
        |mut text, (row, (params, tokens, loss))| {
            let (loss, weight) = if row == 5 { (loss * 3.0, 0) } else { (*loss, 2) };
            writeln!(text, "{params},{tokens},{loss},{weight}").unwrap();
            text
        },
    );
    let folder = Folder::with("runs.csv", &weighted);
    let found = folder.json(&[
        "runs.csv",
        "--form",
        "chinchilla",
        "--weights",
        "w",
        "--replicates",
        "0",
    ]);
    assert_eq!(found["rows"], 35);
    assert!((number(&found["parameters"]["E"]["value"]) - 1.8).abs() < 0.05);
    folder.write("negative.csv", &weighted.replacen(",2\n", ",-2\n", 1));
    folder.refused(
        &["negative.csv", "--form", "chinchilla", "--weights", "w"],
        &["`w` line 2", "-2", "zero or more"],
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
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("absent/fit.html")
    );
}

#[test]
fn bad_input_is_refused_with_its_place() {
    let line = |loss: &str| csv().replacen('\n', &format!("\n3e8,4e9,{loss}\n"), 1);
    let fit = |content: &str, arguments: &[&str], parts: &[&str]| {
        let folder = Folder::with("runs.csv", content);
        folder.refused(&[&["runs.csv"][..], arguments].concat(), parts);
    };
    let form = ["--form", "chinchilla"];
    fit(
        &csv(),
        &["--form", "chinchila"],
        &["chinchila", "did you mean `chinchilla`?"],
    );
    fit(
        &csv(),
        &["--form", "chinchilla", "--loss", "los"],
        &["no column `los`", "did you mean `loss`?"],
    );
    fit(
        &csv(),
        &["--form", "data-constrained"],
        &["unique_tokens", "--column"],
    );
    fit(
        &csv(),
        &["--column", "uniq_tokens=tokens"],
        &["did you mean `unique_tokens`?"],
    );
    fit(
        &csv().replace("loss", "train"),
        &[],
        &["no form has all its columns", "--loss", "`train`"],
    );
    fit(
        &csv().replace("tokens,loss", "loss,val_loss"),
        &[],
        &["`loss`, `val_loss`", "--loss"],
    );
    for (value, words) in [
        ("oom", "`oom` is a text"),
        ("0", "it is 0"),
        ("-3", "it is -3"),
        ("NaN", "it is NaN"),
        ("", "it is empty"),
    ] {
        fit(&line(value), &form, &["column `loss` line 2", words, "--where"]);
        fit(&line(value), &[], &["column `loss` line 2", words]);
    }
    fit(
        &csv().replacen("50000000,", "0,", 1),
        &form,
        &["column `params` line 2: it is 0", "above zero"],
    );
    fit(
        &csv().replacen(",1000000000,", ",-1,", 1),
        &form,
        &["column `tokens` line 2: it is -1"],
    );
    fit("params,tokens,loss\n", &form, &["no rows"]);
    fit("", &form, &["no rows"]);
    fit(
        "params,tokens,loss\n1,2\n",
        &form,
        &["line 2 has 2 cells and the heading has 3"],
    );
    fit("PAR1 and no more", &form, &["damaged or incomplete"]);
    fit(
        &csv(),
        &["--where", "loss > 99"],
        &["none of the 36 rows", "loss > 99"],
    );
    fit(
        &csv(),
        &["--where", "loss >"],
        &["is not a condition at character 7"],
    );
    fit(&csv(), &["--where", "corpus == 'c4'"], &["no column `corpus`"]);
    fit(&csv(), &["--holdout", "loss > 99"], &["held out"]);
    fit(
        &csv(),
        &["--drop-worst", "36"],
        &["--drop-worst 36", "drop fewer"],
    );
    fit(
        &csv(),
        &["--form", "chinchilla", "--predict", "N=7B"],
        &["needs tokens"],
    );
    fit(&csv(), &["--predict", "N=7Q,D=1"], &["`7Q` is not a number"]);
    fit(
        &csv(),
        &["--form", "chinchilla", "--predict", "N=0,D=1"],
        &["params is 0", "above zero"],
    );
    fit(
        &csv(),
        &["--form", "chinchilla", "--level", "1.5"],
        &["level", "between 0 and 1"],
    );
    fit(&csv(), &["--form", "chinchilla", "--delta", "0"], &["delta"]);
    fit(&csv(), &["--residual", "log"], &["--residual", "--form"]);
    Folder::with("runs.csv", "").refused(&["absent.csv"], &["absent.csv", "cannot read"]);
}

#[test]
fn what_the_data_cannot_tell_is_refused() {
    let few = csv_of("params,tokens,loss", &runs()[..4]);
    Folder::with("runs.csv", &few).refused(
        &["runs.csv", "--form", "chinchilla"],
        &["4 rows cannot determine 5 parameters"],
    );
    let one_size = csv_of("params,tokens,loss", &runs()[..6]);
    Folder::with("runs.csv", &one_size)
        .refused(&["runs.csv", "--form", "chinchilla"], &["cannot separate params"]);
    // One budget: tokens follow from parameters.
    let budget: Vec<_> = (0..12)
        .map(|step| {
            let params = 1e8 * 1.5_f64.powi(step);
            let tokens = 1e20 / (6.0 * params);
            (
                params,
                tokens,
                (1.8 + 480.0 * params.powf(-0.35) + 2100.0 * tokens.powf(-0.37)) * noise(step as usize),
            )
        })
        .collect();
    let folder = Folder::with("runs.csv", &csv_of("params,tokens,loss", &budget));
    folder.refused(
        &["runs.csv", "--form", "chinchilla", "--replicates", "0"],
        &["cannot separate `params` and `tokens`"],
    );
    // Programs are told in the same place as always.
    let output = folder.fit(&[
        "runs.csv",
        "--form",
        "chinchilla",
        "--replicates",
        "0",
        "--format",
        "json",
    ]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(
        found["refusals"][0]["message"]
            .as_str()
            .unwrap()
            .contains("cannot separate")
    );
}

#[test]
fn duplicated_rows_are_counted() {
    let mut rows = runs();
    rows.extend_from_within(..7);
    let folder = Folder::with("runs.csv", &csv_of("params,tokens,loss", &rows));
    let found = folder.json(&["runs.csv", "--form", "chinchilla", "--replicates", "0"]);
    let warnings = found["warnings"].as_array().unwrap();
    let said = warnings
        .iter()
        .find(|warning| warning["kind"] == "duplicated_rows")
        .unwrap();
    assert_eq!(said["rows"], 7);
    assert!(
        said["message"]
            .as_str()
            .unwrap()
            .contains("7 rows repeat an earlier row")
    );
}

#[test]
fn many_rows_are_drawn_from_and_it_is_said() {
    let mut text = "params,tokens,loss\n".to_owned();
    for row in 0..100_000_usize {
        let params = 1e7 * 1000.0_f64.powf((row as f64 * 0.754_877_666).fract());
        let tokens = 1e9 * 1000.0_f64.powf((row as f64 * 0.569_840_291).fract());
        let loss = (1.8 + 480.0 * params.powf(-0.35) + 2100.0 * tokens.powf(-0.37)) * noise(row);
        writeln!(text, "{params},{tokens},{loss}").unwrap();
    }
    let folder = Folder::with("runs.csv", &text);
    let arguments = [
        "runs.csv",
        "--form",
        "chinchilla",
        "--replicates",
        "0",
        "--most-rows",
        "500",
    ];
    let found = folder.json(&arguments);
    assert_eq!(
        (&found["rows"], &found["rows_in_file"]),
        (&500.into(), &100_000.into())
    );
    assert!(
        found["notes"][0]
            .as_str()
            .unwrap()
            .contains("500 of 100000 rows, drawn at random")
    );
    assert!((number(&found["parameters"]["alpha"]["value"]) - 0.35).abs() < 0.01);
    assert_eq!(
        found,
        folder.json(&arguments),
        "the same seed draws the same rows"
    );
}

/// A file of the published runs; `None`, said aloud, where they are absent.
fn published(file: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/published-runs")
        .join(file);
    if path.exists() {
        return Some(path);
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "{} is absent, which is a failure in CI",
        path.display()
    );
    eprintln!("skipped: {} is absent", path.display());
    None
}

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

/// What the program prints, to the letter; numbers of the last digits are cut by its own formats.
fn said(folder: &Folder, arguments: &[&str]) -> String {
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
