//! Validation texts that come after the training, with the real program.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;
use triaxis_corpus::{Corpus, Text};
use triaxis_study::sealed;
use triaxis_train::{ValidationText, evaluate_model};

use crate::support::{Bench, SPEC, json};

const RUN: [&str; 5] = ["study", "run", "spec.toml", "--out", "out"];

/// Adds a text to the spec that is like nothing in the corpus.
fn add_text(bench: &Bench, name: &str) {
    let seed: usize = name.bytes().map(usize::from).sum();
    let numbers = (0..3000).map(|number| format!("{} ", number * 7919 % 10_007 + seed));
    fs::write(bench.path(&format!("{name}.txt")), numbers.collect::<String>()).unwrap();
    let text = format!("[[validation]]\nkind = \"files\"\nname = \"{name}\"\ninclude = [\"{name}.txt\"]\n\n");
    let spec = fs::read_to_string(bench.path("spec.toml")).unwrap();
    let spec = spec.replace("[tokenizer]", &format!("{text}[tokenizer]"));
    fs::write(bench.path("spec.toml"), spec).unwrap();
}

fn said(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

/// How many trials were trained, and how many losses measured.
fn done(output: &Output) -> [usize; 2] {
    let said = said(output);
    ["done:", "evaluated:"].map(|word| {
        said.lines()
            .filter(|line| line.trim_start().starts_with(word))
            .count()
    })
}

fn outline(bench: &Bench) -> Value {
    json(&bench.run(&[&RUN[..], &["--dry-run", "--format", "json"]].concat()))
}

fn states(outline: &Value, state: &str) -> usize {
    let trials = outline["trials"].as_array().unwrap().iter();
    trials.filter(|trial| trial["state"] == state).count()
}

/// Each trial with its losses on the texts.
fn losses(bench: &Bench) -> Vec<(String, Value)> {
    let status = json(&bench.run(&["study", "status", "out", "--format", "json"]));
    let trials = status["trials"].as_array().unwrap().iter();
    trials
        .map(|trial| (trial["id"].as_str().unwrap().to_owned(), trial["texts"].clone()))
        .collect()
}

fn runs(bench: &Bench) -> Vec<(String, Value)> {
    let mut records = bench.records("out");
    records.retain(|(_, record)| record["config"].is_object());
    records
}

fn only(folder: PathBuf) -> PathBuf {
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(paths.len(), 1, "{paths:?}");
    paths.remove(0)
}

#[test]
fn a_text_that_comes_later_trains_nothing_and_has_the_losses_of_one_that_was_there() {
    let bench = Bench::new(SPEC);
    assert_eq!(done(&bench.run(&RUN)), [10, 0]);
    let (trained, models) = (runs(&bench), bench.models("out"));
    assert_eq!(models.len(), 10);
    add_text(&bench, "numbers");

    let ahead = outline(&bench);
    assert_eq!(states(&ahead, "there"), 10);
    assert_eq!(ahead["evaluations"]["missing"], 10);
    assert_eq!(ahead["flops"], 0.0);
    assert!(ahead["time"].as_f64().unwrap() > 0.0);
    let plain = bench.run(&[&RUN[..], &["--dry-run"]].concat());
    let plain = String::from_utf8(plain.stdout).unwrap();
    assert!(plain.contains("evaluations: 0 there, 10 to run"), "{plain}");
    assert!(plain.contains("none of 10 trials runs, about "), "{plain}");

    assert_eq!(done(&bench.run(&RUN)), [0, 10]);
    assert_eq!((runs(&bench), bench.models("out")), (trained, models));
    assert_eq!(done(&bench.run(&RUN)), [0, 0]);
    let after = outline(&bench);
    assert_eq!(
        (&after["evaluations"]["there"], &after["time"]),
        (&10.into(), &0.0.into())
    );

    let other = Bench::new(SPEC);
    add_text(&other, "numbers");
    assert_eq!(done(&other.run(&RUN)), [10, 10]);
    assert_eq!(losses(&bench), losses(&other));

    // What this process measures is what the job measured.
    let library = other.library("out");
    let corpus = Corpus::open(&only(library.join("corpora"))).unwrap();
    let text: Text = sealed::read(&only(library.join("texts"))).unwrap().unwrap();
    let encoded = corpus.encode(std::slice::from_ref(&text)).unwrap().remove(0);
    let text = ValidationText::of_text(&text, encoded);
    for (trial, of_job) in losses(&other) {
        let path = library.join(format!("models/{trial}.safetensors"));
        let mut here = Vec::new();
        evaluate_model(&path, 32, &[&text], &mut |_, loss| {
            here.push(serde_json::to_value(loss).unwrap());
        })
        .unwrap();
        for key in ["nats", "bits_per_byte", "tokens", "bytes"] {
            assert_eq!(here[0][key], of_job[0][key], "{key}");
        }
    }
}

#[test]
fn a_text_that_comes_later_trains_anew_where_the_corpus_has_a_copy_of_it() {
    let bench = Bench::new(SPEC);
    assert_eq!(done(&bench.run(&RUN)), [10, 0]);
    let spec = fs::read_to_string(bench.path("spec.toml")).unwrap();
    add_text(&bench, "numbers");
    fs::copy(bench.path("text/005.txt"), bench.path("numbers.txt")).unwrap();
    assert_eq!(states(&outline(&bench), "runs"), 10);
    assert_eq!(done(&bench.run(&RUN)), [10, 10]);
    // Without it the first trials are asked for again.
    fs::write(bench.path("spec.toml"), spec).unwrap();
    assert_eq!(done(&bench.run(&RUN)), [0, 0]);
}

#[test]
fn weights_are_trained_again_only_where_a_text_needs_them() {
    let bench = Bench::new(SPEC);
    assert_eq!(done(&bench.run(&RUN)), [10, 0]);
    let (trained, models) = (runs(&bench), bench.models("out"));
    let prune = [
        "study", "library", "prune", "library", "--study", "out", "--format", "json",
    ];
    let unneeded = json(&bench.run(&prune));
    assert_eq!(unneeded["models"].as_array().unwrap().len(), 0);
    let removed = json(&bench.run(&[&prune[..], &["--models", "--yes"]].concat()));
    assert_eq!(removed["models"].as_array().unwrap().len(), 10);
    assert_eq!(bench.models("out").len(), 0);
    // Records are all that a study without texts needs.
    assert_eq!(states(&outline(&bench), "there"), 10);
    assert_eq!(done(&bench.run(&RUN)), [0, 0]);

    add_text(&bench, "numbers");
    let ahead = outline(&bench);
    assert_eq!(states(&ahead, "again"), 10);
    assert!(
        ahead["again"].to_string().contains("10 trials are trained again"),
        "{ahead}"
    );
    let again = bench.run(&RUN);
    assert_eq!(done(&again), [10, 10]);
    assert!(said(&again).contains("10 trials are trained again"));
    assert_eq!((runs(&bench), bench.models("out")), (trained, models.clone()));

    // Damaged weights are none: they are named and set aside.
    let victim = bench.library("out").join("models").join(&models[3].0);
    let mut bytes = models[3].1.clone();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&victim, bytes).unwrap();
    let verified = bench.run(&["study", "library", "verify", "library"]);
    assert_eq!(verified.status.code(), Some(1));
    add_text(&bench, "figures");
    let ahead = outline(&bench);
    assert_eq!((states(&ahead, "again"), states(&ahead, "there")), (1, 9));
    let told = ahead["again"].to_string();
    assert!(told.contains("checksum") && told.contains(&models[3].0), "{told}");
    assert!(told.contains("not there or damaged") && victim.exists(), "{told}");
    let mended = bench.run(&RUN);
    assert_eq!(done(&mended), [1, 10]);
    let told = said(&mended);
    assert!(told.contains("checksum") && told.contains("set aside"), "{told}");
    fs::remove_file(victim.with_extension("damaged")).unwrap();
    assert_eq!(bench.models("out"), models);
    let listed = bench.run(&["study", "library", "list", "library"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(
        listed.contains("10 records and 3 corpora, 20 evaluations, 9 counts of n-grams, 10 models of "),
        "{listed}"
    );
}

#[test]
fn weights_that_are_not_to_be_kept_are_gone_once_they_are_evaluated() {
    let [kept, gone] = ["true", "false"].map(|keep| {
        let bench = Bench::new(&SPEC.replace("seed = 7", &format!("seed = 7\nkeep_models = {keep}")));
        add_text(&bench, "numbers");
        assert_eq!(done(&bench.run(&RUN)), [10, 10]);
        bench
    });
    assert_eq!(kept.models("out").len(), 10);
    assert!(!gone.library("out").join("models").exists());
    assert_eq!(
        fs::read_dir(gone.library("out").join("groups")).unwrap().count(),
        0
    );
    assert_eq!(gone.records("out"), kept.records("out"));
    assert_eq!(done(&gone.run(&RUN)), [0, 0]);
}

/// What a worker says that cannot do its job.
fn work(bench: &Bench, job: &str) -> Value {
    let said = Bench::said_by_worker(bench.program(&["study", "worker", "out", job]));
    serde_json::from_str(&said).unwrap()
}

#[test]
fn a_text_that_cannot_be_read_just_now_leaves_no_record() {
    let bench = Bench::new(SPEC);
    add_text(&bench, "numbers");
    assert_eq!(done(&bench.run(&RUN)), [10, 10]);
    let records = bench.records("out");
    let losses = records
        .iter()
        .filter(|(_, record)| record["evaluated"].is_object());
    let losses: Vec<&String> = losses.map(|(id, _)| id).collect();
    assert_eq!(losses.len(), 10);
    losses
        .iter()
        .for_each(|id| fs::remove_file(bench.record("out", id)).unwrap());
    let frozen: Value = serde_json::from_slice(&fs::read(bench.path("out/trials.json")).unwrap()).unwrap();
    // A worker names its jobs when it is asked for one that is none.
    let unknown = work(&bench, "none");
    let reason = unknown["reason"].as_str().unwrap().to_owned();
    let groups = frozen["content"]["groups"].as_array().unwrap();
    let is_group = |job: &str| groups.iter().any(|group| group["id"] == job);
    let known = reason.split_once("it has ").unwrap().1;
    let evaluate = known.split(", ").find(|job| !is_group(job)).unwrap();
    // A folder in the place of a file: it is there, and reading it fails as on a failing disk.
    let text = only(bench.library("out").join("texts"));
    let whole = fs::read(&text).unwrap();
    fs::remove_file(&text).unwrap();
    fs::create_dir(&text).unwrap();
    let refused = work(&bench, evaluate);
    assert_eq!(
        (&refused["event"], &refused["machine"]),
        (&"refused".into(), &true.into())
    );
    assert!(!bench.run(&RUN).status.success());
    assert_eq!(bench.records("out").len(), 10);
    fs::remove_dir(&text).unwrap();
    fs::write(&text, whole).unwrap();
    assert_eq!(done(&bench.run(&RUN)), [0, 10]);
    assert_eq!(bench.records("out"), records);
}
