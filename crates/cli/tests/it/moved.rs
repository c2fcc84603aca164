//! A project in another place, and another project in the same words, with the real program.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::support::{Bench, SPEC, json};

const RUN: [&str; 5] = ["study", "run", "spec.toml", "--out", "out"];

fn trained(output: &Output) -> usize {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let is_done = |line: &&str| line.trim_start().starts_with("done:");
    said.lines().filter(is_done).count()
}

/// Copies the spec and its text into a folder.
fn copy(bench: &Bench, folder: &str) {
    fs::create_dir_all(bench.path(folder).join("text")).unwrap();
    fs::copy(bench.path("spec.toml"), bench.path(folder).join("spec.toml")).unwrap();
    for entry in fs::read_dir(bench.path("text")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        fs::copy(&path, bench.path(folder).join("text").join(name)).unwrap();
    }
}

fn run_in(bench: &Bench, folder: &str, arguments: &[&str]) -> Output {
    let mut program = bench.program(arguments);
    program.current_dir(bench.path(folder)).output().unwrap()
}

fn corpora(library: &Path) -> usize {
    fs::read_dir(library.join("corpora")).unwrap().count()
}

#[test]
fn a_project_that_is_moved_finds_its_records_and_its_corpus() {
    let bench = Bench::new(SPEC);
    assert_eq!(trained(&bench.run(&RUN)), 10);
    let manifest = |place: &str| {
        let folders = fs::read_dir(bench.path(place).join("library/corpora")).unwrap();
        let folders: Vec<_> = folders.map(|folder| folder.unwrap().path()).collect();
        assert_eq!(folders.len(), 1, "{folders:?}");
        fs::metadata(folders[0].join("manifest.json"))
            .unwrap()
            .modified()
            .unwrap()
    };
    let made = manifest(".");
    // As a copy of the files has it, other times of writing.
    copy(&bench, "moved");
    for name in ["out", "library"] {
        fs::rename(bench.path(name), bench.path("moved").join(name)).unwrap();
    }
    fs::remove_dir_all(bench.path("text")).unwrap();
    let dry = [&RUN[..], &["--dry-run", "--format", "json"]].concat();
    let ahead = json(&run_in(&bench, "moved", &dry));
    let trials = ahead["trials"].as_array().unwrap();
    assert!(trials.iter().all(|trial| trial["state"] == "there"), "{ahead}");
    assert_eq!(trained(&run_in(&bench, "moved", &RUN)), 0);
    assert_eq!(manifest("moved"), made);
    let status = json(&run_in(
        &bench,
        "moved",
        &["study", "status", "out", "--format", "json"],
    ));
    assert_eq!(status["done"], 10);

    // Without its text it has all that it had, and another plan trains nothing.
    fs::remove_dir_all(bench.path("moved/text")).unwrap();
    for more in [&["--dry-run"][..], &[], &["--set", "plan.budget.dollars=2000"]] {
        assert_eq!(trained(&run_in(&bench, "moved", &[&RUN[..], more].concat())), 0);
    }
    let other = run_in(&bench, "moved", &[&RUN[..], &["--set", "corpus.seed=9"]].concat());
    let said = String::from_utf8_lossy(&other.stderr);
    assert!(said.contains("matches no file"), "{said}");
}

#[test]
fn another_project_in_the_same_words_has_a_corpus_of_its_own() {
    let bench = Bench::new(SPEC);
    let shared = [&RUN[..], &["--library", "../library"]].concat();
    for folder in ["one", "two"] {
        copy(&bench, folder);
    }
    // A letter of one document is another.
    let path = bench.path("two/text/017.txt");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen('e', "a", 1)).unwrap();
    for folder in ["one", "two"] {
        assert_eq!(trained(&run_in(&bench, folder, &shared)), 10, "{folder}");
        assert_eq!(trained(&run_in(&bench, folder, &shared)), 0, "{folder}");
    }
    assert_eq!(corpora(&bench.path("library")), 2);
}

#[test]
fn what_a_study_writes_is_no_text_of_it() {
    let bench = Bench::new(&SPEC.replace("\"text/*.txt\"", "\"text/*.txt\", \"**/*.json\""));
    fs::write(bench.path("letter.json"), "{\"dear\": \"reader\"}").unwrap();
    for trials in [10, 0] {
        assert_eq!(trained(&bench.run(&RUN)), trials);
    }
    assert_eq!(corpora(&bench.library("out")), 1);
}
