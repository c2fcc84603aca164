//! What a library and a study's folder say when something else lies in their place.

use std::fs;

use crate::support::{Bench, SPEC, json, words};

const RUN: [&str; 6] = ["study", "run", "spec.toml", "--out", "out", "--quiet"];

fn said(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_damaged_file_of_the_library_is_named_and_made_again() {
    let bench = Bench::new(SPEC);
    assert!(bench.run(&RUN).status.success());
    let records = bench.records("out");
    let about = bench.path("library/library.json");
    fs::write(&about, "x").unwrap();
    let verified = bench.run(&["study", "library", "verify", "library"]);
    assert_eq!(verified.status.code(), Some(1));
    let named = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(named.contains("library.json is damaged"), "{named}");
    let again = bench.run(&RUN);
    assert!(again.status.success(), "{}", said(&again));
    assert!(
        said(&again).contains("library.json is damaged"),
        "{}",
        said(&again)
    );
    assert!(bench.path("library/library.damaged").exists());
    assert_eq!(bench.records("out"), records);
    let verify = || bench.run(&["study", "library", "verify", "library"]);
    let sound = verify();
    assert!(sound.status.success());
    let said = words(&sound.stdout);
    assert!(said.contains(": all of it is as it was written"), "{said}");
    // One that is lost is a fault, too, and no reason to say that there is no library.
    fs::remove_file(&about).unwrap();
    let lost = verify();
    let said = words(&lost.stdout);
    assert_eq!(lost.status.code(), Some(1), "{said}");
    assert!(
        said.contains("library.json is not there; `triaxis study run` makes it again"),
        "{said}"
    );
    assert!(bench.run(&RUN).status.success() && verify().status.success());
    // What is said of a corpus is what works.
    fs::write(bench.corpus("out").join("train.bin"), "x").unwrap();
    let said = words(&verify().stdout);
    assert!(said.contains("`triaxis study run` makes it again"), "{said}");
    assert!(!said.contains("remove the folder"), "{said}");
    assert!(bench.run(&RUN).status.success() && verify().status.success());
    assert_eq!(bench.records("out"), records);
}

#[test]
fn what_is_no_library_is_refused_before_anything_is_made() {
    let bench = Bench::new(SPEC);
    fs::create_dir(bench.path("other")).unwrap();
    fs::write(bench.path("other/library.json"), "{\"books\": 3}").unwrap();
    fs::write(bench.path("other/books.txt"), "").unwrap();
    for (library, why) in [
        ("text", "is not empty and holds no library"),
        ("other", "is not empty and holds no library"),
        ("spec.toml", "it is a file, and a library is a folder"),
        ("out", "it is the folder of the study's results"),
    ] {
        let refused = bench.run(&[&RUN[..], &["--library", library]].concat());
        assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
        assert!(said(&refused).contains(why), "{}", said(&refused));
        assert!(said(&refused).contains("`--library`"), "{}", said(&refused));
        assert!(!bench.path("out").exists(), "{library}");
    }
    assert!(!bench.path("text/records").exists());
    // An empty folder is as good as none.
    fs::create_dir(bench.path("empty")).unwrap();
    let taken = bench.run(&[&RUN[..], &["--library", "empty"]].concat());
    assert!(taken.status.success(), "{}", said(&taken));
}

#[test]
fn a_file_is_no_folder_of_results() {
    let bench = Bench::new(SPEC);
    for (arguments, says) in [
        (
            &["study", "run", "spec.toml", "--out", "text/000.txt"][..],
            "is a file, and results go into a folder",
        ),
        (&["study", "status", "spec.toml"], "holds no study"),
        (&["study", "report", "spec.toml"], "holds no study"),
    ] {
        let refused = bench.run(arguments);
        assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
        assert!(said(&refused).contains(says), "{}", said(&refused));
    }
}

#[test]
fn a_page_is_not_written_over_by_one_without_records() {
    let bench = Bench::new(SPEC);
    assert!(bench.run(&RUN).status.success());
    let page = fs::read(bench.path("out/report.html")).unwrap();
    fs::rename(bench.path("library"), bench.path("elsewhere")).unwrap();
    let refused = bench.run(&["study", "report", "out"]);
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    let says = said(&refused);
    assert!(
        says.contains("library/records") && says.contains("no page was written"),
        "{says}"
    );
    assert_eq!(fs::read(bench.path("out/report.html")).unwrap(), page);
    // Nor by one without laws, when the corpus alone is gone.
    fs::rename(bench.path("elsewhere"), bench.path("library")).unwrap();
    fs::remove_dir_all(bench.corpus("out")).unwrap();
    assert!(!bench.run(&["study", "report", "out"]).status.success());
    assert_eq!(fs::read(bench.path("out/report.html")).unwrap(), page);
}

#[test]
fn a_held_out_run_made_for_another_study_is_told_with_its_record_and_what_helps() {
    let bench = Bench::new(SPEC);
    assert!(bench.run(&RUN).status.success());
    let held_out = bench.prediction("out");
    let id = held_out.file_stem().unwrap().to_string_lossy().into_owned();
    let other = [
        "study",
        "run",
        "spec.toml",
        "--out",
        "other",
        "--set",
        "name=other",
    ];
    let dry = bench.run(&[&other[..], &["--dry-run"]].concat());
    let run = bench.run(&[&other[..], &["--quiet"]].concat());
    for output in [dry, run] {
        let says = words(&output.stdout);
        assert!(output.status.success(), "{}", said(&output));
        for part in [&*id, "library/records", "another `seed`"] {
            assert!(says.contains(part), "{part}: {says}");
        }
    }
}

#[test]
fn records_of_one_size_are_told_apart_in_a_list() {
    let bench = Bench::new(SPEC);
    assert!(bench.run(&RUN).status.success());
    let listed = bench.run(&["study", "library", "list", "library"]);
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(text.contains("10 records and 1 corpus"), "{text}");
    assert!(!text.contains("\n\n\n"), "{text}");
    let records = json(&bench.run(&["study", "library", "list", "library", "--format", "json"]));
    let first = &records["records"][0];
    for key in ["flops", "learning_rate", "seed", "corpus"] {
        assert!(!first[key].is_null(), "{key}: {first}");
    }
}

#[test]
fn text_seen_again_is_said_on_the_terminal_and_on_the_page() {
    let spec = SPEC
        .replace("batch = 256", "batch = 256\nepochs = 99.0")
        .replace("validation = \"8KB\"", "validation = \"8KB\"\nsample = \"20KB\"")
        .replace(
            "size]\nwidth = 24\nlayers = 2\nheads = 2",
            "size]\nwidth = 8\nlayers = 1\nheads = 1",
        );
    let bench = Bench::new(&spec);
    let output = bench.run(&RUN);
    assert!(output.status.success(), "{}", said(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.lines()
            .all(|line| !line.starts_with("! ") || line.chars().count() <= 110),
        "{text}"
    );
    let text = words(&output.stdout);
    let page = fs::read_to_string(bench.path("out/report.html")).unwrap();
    for told in [&text, &page] {
        for part in [
            "Text is repeated: ",
            "Muennighoff et al. 2023",
            "its prediction is beyond what was measured",
        ] {
            assert!(told.contains(part), "{part}: {text}");
        }
    }
    let plain = Bench::new(SPEC);
    let output = plain.run(&RUN);
    assert!(!String::from_utf8_lossy(&output.stdout).contains("Text is repeated"));
}

#[test]
fn trials_of_exactly_one_epoch_see_no_text_again() {
    // Steps are of 256 tokens, so that 2,000 and 4,000 tokens are 2,048 and 4,096.
    let grid = |tokens: &str| {
        let design = format!("kind = \"grid\"\ntokens = {tokens}");
        let spec = SPEC.replace(
            "kind = \"isoflop\"\nbudgets = [\"4e8\", \"8e8\", \"1.6e9\"]",
            &design,
        );
        let spec = spec.replace(
            "batch = 256",
            "batch = 256\nepochs = 99.0\nunique_tokens = \"2000\"",
        );
        spec[..spec.find("[holdout]").unwrap()].to_owned()
    };
    let said = |tokens: &str| {
        let bench = Bench::new(&grid(tokens));
        let output = bench.run(&RUN);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("done"), "{text}{}", said(&output));
        words(&output.stdout)
    };
    let once = said("[\"1000\", \"2000\"]");
    assert!(!once.contains("Text is repeated"), "{once}");
    let twice = said("[\"2000\", \"4000\"]");
    assert!(
        twice.contains("3 of 6 trials of the ladder see their text again, up to 2.0 times"),
        "{twice}"
    );
}

#[test]
fn a_learning_rate_at_the_edge_of_its_sweep_is_said() {
    let factors = "batch = 256\nlearning_rate_factors = [0.001, 1.0]";
    let bench = Bench::new(&SPEC.replace("batch = 256", factors));
    let result = json(&bench.run(&["study", "run", "spec.toml", "--out", "out", "--format", "json"]));
    let notices = result["notices"].to_string();
    assert!(
        notices.contains("At 9 of 9 points of the ladder the largest learning rate tried is the best"),
        "{notices}"
    );
    assert!(!notices.contains("trained at factor 1"), "{notices}");
}

#[test]
fn a_run_that_is_refused_leaves_a_finished_study_as_it_was() {
    let bench = Bench::new(SPEC);
    assert!(
        bench
            .run(&["study", "run", "spec.toml", "--out", "out", "-q"])
            .status
            .success()
    );
    let status = ["study", "status", "out", "--format", "json"];
    let before = json(&bench.run(&status));
    assert_eq!(before["done"], 10);
    let typo = bench.run(&[
        "study",
        "run",
        "spec.toml",
        "--out",
        "out",
        "-q",
        "--set",
        "corpus.validation=10GB",
    ]);
    assert_eq!(typo.status.code(), Some(2));
    assert_eq!(json(&bench.run(&status)), before);

    std::fs::remove_file(bench.path("out/trials.json")).unwrap();
    let records = bench.records("out");
    let prune = ["study", "library", "prune", "library", "--study", "out", "--yes"];
    let refused = bench.run(&prune);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("out has no list of its trials"), "{said}");
    assert_eq!(bench.records("out"), records);
}

#[test]
fn a_study_named_as_the_library_writes_nothing() {
    let bench = Bench::new(&SPEC.replace("name = \"small\"", "name = \"library\""));
    let refused = bench.run(&["study", "run", "spec.toml", "-q"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(!bench.path("runs").exists());
}
