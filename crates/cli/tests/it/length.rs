//! `bench length`, with the real program on tiny models.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{json, words};

/// Models of width 16, lengths of 16, 32 and 64.
const TINY: [&str; 20] = [
    "bench",
    "length",
    "--size",
    "quickstart",
    "--set",
    "width=16",
    "--shortest",
    "16",
    "--longest",
    "64",
    "--batch",
    "64",
    "--threads",
    "1",
    "--piece",
    "16",
    "--seconds",
    "1h",
    "--library",
    "library",
];

fn program(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_triaxis"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn length(folder: &Path, arguments: &[&str]) -> Output {
    program(folder, &[&TINY, arguments].concat())
}

fn refusal(folder: &Path, arguments: &[&str]) -> String {
    let output = length(folder, arguments);
    let said = words(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(output.stdout.is_empty());
    said
}

#[test]
fn every_family_is_measured_and_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let found = json(&length(
        folder.path(),
        &["--format", "json", "--report", "page.html"],
    ));
    let records = found.as_array().unwrap();
    let names: Vec<&str> = records
        .iter()
        .map(|record| record["lengths"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["transformer", "mamba2", "gated-deltanet", "hybrid"]);
    for (record, grows) in records.iter().zip([true, false, false, true]) {
        let (lengths, model) = (&record["lengths"], &record["model"]);
        assert_eq!(lengths["grows"], grows);
        assert_eq!(lengths["left_out"], Value::Array(Vec::new()), "{lengths:#}");
        for (index, length) in [16, 32, 64].into_iter().enumerate() {
            let (step, training) = (&lengths["steps"][index], &lengths["trainings"][index]);
            assert_eq!(step["context"], length);
            assert_eq!(step["is_read"], !grows || length == 16);
            assert_eq!(step["remembered"], counted(folder.path(), model, length));
            assert_eq!(training["length"], length);
            assert_eq!(training["sequences"], 64 / length);
            for cost in [step, training] {
                assert!(cost["time"].as_f64().unwrap() > 0.0, "{cost}");
            }
        }
        // The record is what was printed.
        let id = record["id"].as_str().unwrap();
        let path = folder.path().join(format!("library/records/{id}.json"));
        let kept: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        assert_eq!(&kept["content"], record);
        assert!(
            !record["circumstances"]["instructions"]
                .as_str()
                .unwrap()
                .is_empty()
        );
    }
    let verified = program(folder.path(), &["study", "library", "verify", "library"]);
    let said = words(&verified.stdout);
    assert!(
        said.contains("0 records and 0 corpora, 4 measurements: all of it is as it was written"),
        "{said}"
    );
    assert!(said.contains("gated-deltanet"), "{said}");
    let page = fs::read_to_string(folder.path().join("page.html")).unwrap();
    for part in [
        "data-chart=\"length-trade\"",
        "data-chart=\"length-sequence\"",
        "data-chart=\"length-step\"",
        "gated-deltanet",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

/// What `model count` says that the model remembers.
fn counted(folder: &Path, model: &Value, length: usize) -> Value {
    let keys = model.as_object().unwrap().iter();
    let keys = keys.filter(|(key, _)| *key != "architecture");
    let settings: Vec<String> = keys.map(|(key, value)| format!("{key}={value}")).collect();
    let length = length.to_string();
    let mut arguments = vec!["model", "count", "--format", "json", "--length", &length];
    arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
    json(&program(folder, &arguments))["remembered"].clone()
}

#[test]
fn the_text_shows_what_was_measured() {
    let folder = tempfile::tempdir().unwrap();
    let output = length(folder.path(), &["--arch", "transformer", "mamba2"]);
    let text = String::from_utf8(output.stdout).unwrap();
    insta::with_settings!({filters => vec![
        (r"record [0-9a-f]{16}", "record [ID]"),
        (r"in f32, on .*; what", "in f32, on [MACHINE]; what"),
        (r" +\d+\.\d +\d+\n", "  [TIME]  [RATE]\n"),
        (r" \d+\.\d\d\b", " [RATIO]"),
        (" {2,}", "  "),
    ]}, {
        insta::assert_snapshot!("bench_length", text);
    });
}

#[test]
fn arms_of_a_spec_are_measured_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let spec = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/architectures.toml");
    let asked = [
        "--spec",
        spec,
        "--arch",
        "hybrid,mamba2",
        "--longest",
        "16",
        "--format",
        "json",
    ];
    let found = json(&program(
        folder.path(),
        &[&TINY[..8], &asked, &TINY[12..]].concat(),
    ));
    let of = |index: usize| {
        let record = &found[index];
        (
            record["lengths"]["name"].as_str().unwrap(),
            record["model"]["pattern"].as_str().unwrap(),
            record["model"]["layers"].as_u64().unwrap(),
        )
    };
    assert_eq!([of(0), of(1)], [("mamba2", "m", 8), ("hybrid", "ddda", 4)]);
    let said = refusal(folder.path(), &["--spec", spec, "--arch", "hybird"]);
    assert!(
        said.contains("`hybird`") && said.contains("did you mean `hybrid`"),
        "{said}"
    );
}

/// What is not measured is said, with its reason, and nothing is put in its place.
#[test]
fn points_beyond_the_time_are_left_out_with_their_reason() {
    let folder = tempfile::tempdir().unwrap();
    let given = ["--reading", "0s", "--arch", "gated-deltanet", "--format", "json"];
    let output = program(
        folder.path(),
        &[&TINY[..16], &["--seconds", "0s"], &TINY[18..], &given].concat(),
    );
    let found = json(&output);
    let lengths = &found[0]["lengths"];
    let count = |key: &str| lengths[key].as_array().unwrap().len();
    assert_eq!(
        (count("steps"), count("trainings"), count("left_out")),
        (2, 1, 2),
        "{lengths:#}"
    );
    let left = |index: usize| {
        let left = &lengths["left_out"][index];
        (
            left["what"].as_str().unwrap(),
            left["from"].as_u64().unwrap(),
            left["reason"].as_str().unwrap(),
        )
    };
    let (what, from, reason) = left(0);
    assert_eq!((what, from), ("stepping", 64));
    assert!(reason.contains("were read in"), "{reason}");
    let (what, from, reason) = left(1);
    assert_eq!((what, from), ("training", 32));
    assert!(reason.contains("a step on sequences of 16 took"), "{reason}");
}

#[test]
fn a_library_that_cannot_keep_the_records_is_refused_before_anything_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("library"), "x").unwrap();
    let said = refusal(folder.path(), &[]);
    assert!(said.contains("it is a file, and a library is a folder"), "{said}");
    fs::remove_file(folder.path().join("library")).unwrap();
    fs::create_dir(folder.path().join("library")).unwrap();
    fs::write(folder.path().join("library/notes"), "x").unwrap();
    let said = refusal(folder.path(), &[]);
    assert!(said.contains("holds no library (`notes` is in it)"), "{said}");
    // A damaged one is set aside and made again, as by a study.
    fs::remove_file(folder.path().join("library/notes")).unwrap();
    fs::write(folder.path().join("library/library.json"), "x").unwrap();
    let output = length(folder.path(), &["--arch", "mamba2"]);
    let said = words(&output.stderr);
    assert!(
        output.status.success() && said.contains("library.json is damaged"),
        "{said}"
    );
    assert_eq!(
        fs::read_dir(folder.path().join("library/records"))
            .unwrap()
            .count(),
        1
    );
}

#[test]
fn what_cannot_be_measured_is_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, said) in [
        (&["--arch", "mamba22"][..], "did you mean `mamba2`"),
        (&["--arch", "stack", "--set", "pattern=aq"], "`q`"),
        (&["--arch", "stack"], "pattern"),
        (&["--set", "head=2"], "head"),
        (&["--arch", "transformer", "--set", "width=9"], "width"),
        (&["--report", "nowhere/page.html"], "its folder is not there"),
        (&["--spec", "nothing.toml"], "nothing.toml"),
    ] {
        let message = refusal(folder.path(), arguments);
        assert!(message.contains(said), "{said}: {message}");
    }
    let message = program(
        folder.path(),
        &["bench", "length", "--shortest", "512", "--longest", "256"],
    );
    let message = words(&message.stderr);
    assert!(
        message.contains("`--shortest 512` is above `--longest 256`"),
        "{message}"
    );
    assert!(!folder.path().join("library").exists());
}
