//! What is read: formats, names of columns, rows chosen, many rows.

use std::fmt::Write as _;
use std::path::Path;

use super::*;

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
            .contains("7 rows repeat an earlier one")
    );
    assert_eq!((&found["rows"], &found["rows_in_file"]), (&36.into(), &43.into()));
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

/// A million rows are read as a stream: the program has 1 GiB of address space for all it does.
#[cfg(target_os = "linux")]
#[test]
fn a_million_rows_need_less_than_a_gibibyte() {
    let mut text = "run,params,tokens,loss\n".to_owned();
    for row in 0..1_000_000_usize {
        let params = 1e7 * 1000.0_f64.powf((row as f64 * 0.754_877_666).fract());
        let tokens = 1e9 * 1000.0_f64.powf((row as f64 * 0.569_840_291).fract());
        let loss = (1.8 + 480.0 * params.powf(-0.35) + 2100.0 * tokens.powf(-0.37)) * noise(row);
        writeln!(text, "r{row},{params:.0},{tokens:.0},{loss:.5}").unwrap();
    }
    let folder = Folder::with("runs.csv", &text);
    let limited = format!(
        "ulimit -v 1048576 && exec '{}' fit runs.csv --form chinchilla --replicates 20 --format json",
        env!("CARGO_BIN_EXE_triaxis")
    );
    let output = Command::new("sh")
        .args(["-c", &limited])
        .current_dir(folder.0.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&found["rows_in_file"], &found["rows"]),
        (&1_000_000.into(), &10_000.into())
    );
    assert!((number(&found["parameters"]["alpha"]["value"]) - 0.35).abs() < 0.01);
}
