//! Every mistake a user can make gets an error that names the value, the rule and the remedy, exit
//! code 2, and loses nothing that was there.

use std::fs;

use crate::support::{Bench, SPEC};

/// Runs a study that must be refused with exit code 2, and gives what it said.
fn refused(bench: &Bench, arguments: &[&str]) -> String {
    let output = bench.run(arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(output.stdout.is_empty(), "a refusal prints nothing to stdout");
    assert!(said.contains("error: "), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

fn refused_spec(spec: &str) -> String {
    refused(&Bench::new(spec), &["study", "run", "spec.toml", "--quiet"])
}

#[track_caller]
fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is missing from:\n{said}");
    }
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_known_one() {
    says(
        &refused_spec(&SPEC.replace("context = 32", "contxt = 32")),
        &["spec.toml:", "`contxt`", "did you mean `context`?"],
    );
}

#[test]
fn an_unknown_model_setting_is_named_with_the_nearest_known_one() {
    says(
        &refused_spec(&SPEC.replacen("width = 8", "widht = 8", 1)),
        &["design.sizes[0]", "`widht`", "did you mean `width`?"],
    );
}

#[test]
fn more_cores_than_can_be_used_are_refused() {
    says(
        &refused(
            &Bench::new(SPEC),
            &["study", "run", "spec.toml", "--cores", "65535"],
        ),
        &["65535", "1..=1024"],
    );
}

#[test]
fn a_negative_budget_is_refused() {
    says(
        &refused_spec(&SPEC.replace("\"4e8\"", "-4e8")),
        &["-400000000", "zero or more"],
    );
}

#[test]
fn a_spec_that_is_not_there_is_named() {
    let said = refused(&Bench::new(SPEC), &["study", "run", "other.toml"]);
    says(&said, &["other.toml", "give the path of a TOML file"]);
}

#[test]
fn a_source_that_matches_nothing_is_named() {
    says(
        &refused_spec(&SPEC.replace("text/*.txt", "txet/*.txt")),
        &["`text`", "txet/*.txt"],
    );
}

#[test]
fn an_empty_source_is_named() {
    let bench = Bench::new(SPEC);
    for entry in fs::read_dir(bench.path("text")).unwrap() {
        fs::write(entry.unwrap().path(), "").unwrap();
    }
    says(
        &refused(&bench, &["study", "run", "spec.toml", "--quiet"]),
        &["`text`"],
    );
}

#[test]
fn a_file_that_is_not_utf8_is_an_error_when_strict_and_counted_otherwise() {
    let strict = Bench::new(&SPEC.replace("validation = \"8KB\"", "validation = \"8KB\"\nstrict = true"));
    fs::write(strict.path("text/bad.txt"), [0x66, 0xFF, 0x6F]).unwrap();
    says(
        &refused(&strict, &["study", "run", "spec.toml", "--quiet"]),
        &["bad.txt", "UTF-8"],
    );
}

#[test]
fn more_tokens_than_the_corpus_has_are_refused_with_the_epochs_it_would_be() {
    let spec = SPEC.replace("\"1.6e9\"", "\"8e9\"");
    says(&refused_spec(&spec), &["tokens", "epochs", "training.epochs"]);
}

#[test]
fn unique_tokens_are_no_more_than_the_corpus_has_and_are_what_epochs_count() {
    let run = |settings: &[&str]| {
        let sets = settings.iter().flat_map(|setting| ["--set", setting]);
        let arguments: Vec<&str> = ["study", "run", "spec.toml", "--quiet"]
            .into_iter()
            .chain(sets)
            .collect();
        refused(&Bench::new(SPEC), &arguments)
    };
    says(
        &run(&["training.unique_tokens=90000000"]),
        &[
            "`training.unique_tokens = 90000000`",
            "the corpus has",
            "lower it",
        ],
    );
    says(
        &run(&["training.unique_tokens=2048"]),
        &[
            "`training.unique_tokens` leaves 2.05K",
            "epochs",
            "training.epochs",
        ],
    );
    says(
        &run(&["training.unique_tokens=8"]),
        &["`training.unique_tokens` is 8", "at least `training.context`"],
    );
    says(
        &run(&["training.order=sorted"]),
        &["sorted", "reshuffled", "same"],
    );
}

#[test]
fn a_folder_of_another_study_is_left_alone() {
    let bench = Bench::new(SPEC);
    let first = bench.run(&["study", "run", "spec.toml", "--out", "out", "--quiet"]);
    assert!(
        first.status.success(),
        "{}",
        String::from_utf8_lossy(&first.stderr)
    );
    let study = fs::read(bench.path("out/study.json")).unwrap();
    fs::write(bench.path("spec.toml"), SPEC.replace("\"small\"", "\"large\"")).unwrap();
    let said = refused(&bench, &["study", "run", "spec.toml", "--out", "out", "--quiet"]);
    says(&said, &["holds the study `small`", "`large`", "--out"]);
    assert_eq!(fs::read(bench.path("out/study.json")).unwrap(), study);
}

#[test]
fn a_folder_that_is_no_study_is_left_alone() {
    let bench = Bench::new(SPEC);
    says(
        &refused(&bench, &["study", "run", "spec.toml", "--out", "text", "--quiet"]),
        &["holds no study", "--out"],
    );
    assert!(!bench.path("text/study.json").exists());
    says(
        &refused(&bench, &["study", "status", "text"]),
        &["holds no study"],
    );
}

#[test]
fn two_processes_do_not_work_on_one_folder() {
    let bench = Bench::new(SPEC);
    let store = triaxis_study::Store::new(bench.path("out"));
    let held = store.lock().unwrap();
    let said = refused(&bench, &["study", "run", "spec.toml", "--out", "out", "--quiet"]);
    says(&said, &["another process"]);
    drop(held);
    assert!(
        bench
            .run(&["study", "run", "spec.toml", "--out", "out", "--quiet"])
            .status
            .success()
    );
}

#[test]
fn a_weight_without_a_sample_is_told_in_one_pair_of_marks() {
    let said = refused_spec(&SPEC.replace("kind = \"files\"", "kind = \"files\"\nweight = 2"));
    says(
        &said,
        &[
            "`weight = 2`: weights share out a sample",
            "that of source `text`",
        ],
    );
}

#[test]
fn unknown_hardware_is_named_with_the_nearest_known_one() {
    let spec = format!("{SPEC}training = {{ hardware = \"H10 SXM\" }}\n");
    let bench = Bench::new(&spec);
    says(
        &refused(&bench, &["study", "run", "spec.toml", "--quiet"]),
        &["H10 SXM", "H100 SXM"],
    );
    assert!(!bench.path("runs").exists(), "refused before anything was made");
}

#[test]
fn a_spec_that_was_refused_can_be_mended_in_the_same_folder() {
    let bench = Bench::new(&SPEC.replace("txt", "none"));
    refused(&bench, &["study", "run", "spec.toml", "--out", "out", "--quiet"]);
    fs::write(bench.path("spec.toml"), SPEC).unwrap();
    let mended = bench.run(&["study", "run", "spec.toml", "--out", "out", "--quiet"]);
    assert!(
        mended.status.success(),
        "{}",
        String::from_utf8_lossy(&mended.stderr)
    );
}

#[test]
fn an_unknown_dtype_is_named_with_the_known_ones() {
    says(
        &refused_spec(&SPEC.replace("batch = 256", "batch = 256\ndtype = \"fp8\"")),
        &["fp8", "f32", "bf16"],
    );
}

#[test]
fn a_dry_run_refuses_what_the_run_would() {
    let spec = SPEC
        .replace("[corpus]", "[corpus]\nsample = \"64KB\"")
        .replace("compute_factor = 2.0", "compute_factor = 1e9");
    let dry = ["study", "run", "spec.toml", "--dry-run"];
    says(
        &refused(&Bench::new(&spec), &dry),
        &["the held out trial", "epochs"],
    );
    let spec = SPEC.replace("vocabulary = 300", "vocabulary = 10");
    says(
        &refused(&Bench::new(&spec), &dry),
        &["vocabulary", "must be from 257"],
    );
}

#[test]
fn a_dry_run_refuses_in_the_words_of_the_run_and_leaves_nothing() {
    let bench = Bench::new(SPEC);
    let arguments = |settings: &[&'static str]| {
        let run = ["study", "run", "spec.toml", "--quiet"];
        [&run[..], settings].concat()
    };
    fs::create_dir(bench.path("own")).unwrap();
    fs::write(bench.path("own/letter.txt"), "Dear").unwrap();
    fs::write(
        bench.path("blank.json"),
        r#"{"model": {"type": "WordLevel", "vocab": {"<|endoftext|>": 0, "the": 1}, "unk_token": "the"}}"#,
    )
    .unwrap();
    let foreign = ["--out", "own"];
    let blank = "tokenizer={ file = \"blank.json\" }";
    for (settings, part) in [
        (&["--set", "corpus.sample=1GB"][..], "source `text` is too small"),
        (&["--set", "corpus.validation=1GB"], "`validation = "),
        // More bytes than are asked for, and fewer tokens.
        (&["--set", "holdout.compute_factor=18"], "epochs"),
        (
            &["--set", "training.unique_tokens=90M"],
            "`training.unique_tokens",
        ),
        (
            &["--set", "corpus.minimum_document=90KB"],
            "holds no usable document",
        ),
        (
            &["--set", "name=library"],
            "it is the folder of the study's results",
        ),
        (&foreign, "is not empty and holds no study"),
        (&["--out", "spec.toml"], "is a file"),
        (&["--set", blank], "does not come back from its tokens"),
    ] {
        let run = bench.run(&arguments(settings));
        let dry = bench.run(&arguments(&[settings, &["--dry-run"]].concat()));
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        assert!(said.contains(part), "{part}: {said}");
        assert_eq!(said, String::from_utf8_lossy(&dry.stderr), "{part}");
        assert_eq!(
            (run.status.code(), dry.status.code()),
            (Some(2), Some(2)),
            "{said}"
        );
        assert!(dry.stdout.is_empty());
        if bench.path("runs").exists() {
            bench.remove("runs");
        }
        assert_eq!(
            bench
                .run(&arguments(&[settings, &["--dry-run"]].concat()))
                .status
                .code(),
            Some(2)
        );
        assert!(!bench.path("runs").exists(), "{part}");
    }
}

#[test]
fn a_wrong_path_is_told_once() {
    let bench = Bench::new(SPEC);
    for arguments in [&["study", "status", "spec.toml/out"][..], &["fit", "none.csv"]] {
        let output = bench.run(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert_eq!(said.matches("(os error").count(), 1, "{said}");
    }
}

#[test]
fn every_value_that_breaks_its_rule_is_told_with_its_key() {
    for (setting, parts) in [
        ("seed=-1", &["`seed`", "-1"][..]),
        ("seed=\"a\"", &["`seed`", "\"a\""]),
        ("corpus.strict=\"yes\"", &["`strict`", "true or false"]),
        ("plan.budget.dollars=\"-5\"", &["`dollars`", "-5"]),
        ("plan.budget={}", &["`budget`", "exactly one"]),
        (
            "plan.text=[{ name = \"a\", unique = \"0\" }]",
            &["unique of the text `a`", "above 0"],
        ),
        (
            "plan.laws=[{ fit = \"law.json\" }]",
            &["`plan`", "by its own law", "`triaxis plan`"],
        ),
        (
            "plan.goal={ bits_per_byte = 0.0 }",
            &["goal.bits_per_byte", "above 0"],
        ),
        ("corpus.validation=5", &["`corpus.validation`", "1KB or more"]),
        (
            "training.schedule=\"linear\"",
            &["`schedule`", "unknown value `linear`"],
        ),
        (
            "plan.budget={ dollars = \"lots\" }",
            &["`dollars`", "`lots` is not an amount of dollars"],
        ),
        (
            "corpus.sample=\"1B\"",
            &["`corpus.sample` is 1B", "1KB or more", "`B` is bytes, as in 1GB"],
        ),
        (
            "design.budgets=[\"1e30\"]",
            &["more than 2^53 (9.0e15) tokens", "more than 2^40 steps"],
        ),
        ("=5", &["stands no key"]),
    ] {
        let arguments = ["study", "run", "spec.toml", "--quiet", "--set", setting];
        let said = refused(&Bench::new(SPEC), &arguments);
        says(&said, parts);
        for noise in ["Branch {", "elements", "wsd_linear", "unknown field ``"] {
            assert!(!said.contains(noise), "{setting}: {said}");
        }
    }
}
