//! What the program prints, to the letter.

use crate::support::{Bench, SPEC};

/// Exit code, stdout and stderr of a command, as one text.
fn said(bench: &Bench, arguments: &[&str]) -> String {
    let output = bench.run(arguments);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    format!(
        "$ triaxis {}\nexit code {}\n----- stdout\n{}----- stderr\n{}",
        arguments.join(" "),
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn help() {
    let bench = Bench::new(SPEC);
    insta::assert_snapshot!("help", said(&bench, &["--help"]));
    insta::assert_snapshot!("help_study", said(&bench, &["study", "--help"]));
    insta::assert_snapshot!("help_bench_train", said(&bench, &["bench", "train", "--help"]));
    insta::assert_snapshot!("help_study_run", said(&bench, &["study", "run", "--help"]));
}

#[test]
fn refusals() {
    let bench = Bench::new(&SPEC.replace("context = 32", "contxt = 32"));
    insta::assert_snapshot!("unknown_key", said(&bench, &["study", "run", "spec.toml"]));
    insta::assert_snapshot!("no_study", said(&bench, &["study", "status", "text"]));
    insta::assert_snapshot!("no_such_command", said(&bench, &["study", "walk"]));
}
