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
    insta::assert_snapshot!("help_bench_length", said(&bench, &["bench", "length", "--help"]));
    insta::assert_snapshot!("help_model", said(&bench, &["model", "--help"]));
    insta::assert_snapshot!("help_model_export", said(&bench, &["model", "export", "--help"]));
    insta::assert_snapshot!(
        "help_model_quantise",
        said(&bench, &["model", "quantise", "--help"])
    );
    insta::assert_snapshot!("help_study_run", said(&bench, &["study", "run", "--help"]));
    insta::assert_snapshot!("help_study_extend", said(&bench, &["study", "extend", "--help"]));
}

#[test]
fn a_shell_knows_the_program() {
    let bench = Bench::new(SPEC);
    for (arguments, parts) in [
        (
            &["completions", "bash"][..],
            &["_triaxis()", "--budget-tolerance"][..],
        ),
        (&["completions", "fish"], &["complete -c triaxis"]),
        (&["man"], &[".TH triaxis 1", "study"]),
        (&["man", "fit"], &[".TH triaxis-fit 1", "flattening"]),
    ] {
        let said = said(&bench, arguments);
        assert!(said.contains("exit code 0"), "{said}");
        for part in parts {
            assert!(said.contains(part), "{part} is missing from {arguments:?}");
        }
    }
    let said = said(&bench, &["man", "fitt"]);
    assert!(
        said.contains("exit code 2") && said.contains("name one of study, fit"),
        "{said}"
    );
}

#[test]
fn refusals() {
    let bench = Bench::new(&SPEC.replace("context = 32", "contxt = 32"));
    insta::assert_snapshot!("unknown_key", said(&bench, &["study", "run", "spec.toml"]));
    insta::assert_snapshot!("no_study", said(&bench, &["study", "status", "text"]));
    insta::assert_snapshot!("no_such_command", said(&bench, &["study", "walk"]));
}
