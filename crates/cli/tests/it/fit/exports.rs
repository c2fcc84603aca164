//! Files as other programs write them, what comes through a pipe, and what a result is written over.

use std::io::Write as _;
use std::process::Stdio;

use super::*;

#[test]
fn standard_input_is_a_file() {
    let folder = Folder::with("runs.csv", &csv());
    let arguments = ["--form", "chinchilla", "--replicates", "0", "--format", "json"];
    let expected = folder.json(&[&["runs.csv"][..], &arguments[..4]].concat());
    let mut program = Command::new(env!("CARGO_BIN_EXE_triaxis"))
        .args(["fit", "-"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    program.stdin.take().unwrap().write_all(csv().as_bytes()).unwrap();
    let output = program.wait_with_output().unwrap();
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["parameters"], expected["parameters"]);
    assert_eq!(found["file"], "standard input");
}

#[test]
fn a_file_of_another_kind_is_said_to_be_one() {
    let folder = Folder::with("runs.xlsx", "PK\u{3}\u{4}[Content_Types].xml");
    folder.refused(
        &["runs.xlsx"],
        &["`runs.xlsx` is an Excel workbook (xlsx)", "save its sheet as CSV"],
    );
}

#[test]
fn rows_without_a_value_are_left_out_as_the_hint_says() {
    for cell in ["N/A", "null", "oom", "", "NaN"] {
        let content = csv().replacen('\n', &format!("\n3e8,4e9,{cell}\n"), 1);
        let folder = Folder::with("runs.csv", &content);
        let form = ["runs.csv", "--form", "chinchilla", "--replicates", "0"];
        folder.refused(
            &form,
            &[
                "column `loss` line 2",
                "hint: --where leaves rows out, as in --where 'loss > 0'",
            ],
        );
        let found = folder.json(&[&form[..], &["--where", "loss > 0"]].concat());
        assert_eq!(found["rows"], 36, "{cell}");
    }
}

#[test]
fn a_result_is_never_written_over_an_input() {
    let folder = Folder::with("runs.csv", &csv());
    let path = |name: &str| folder.0.path().join(name);
    let fit = [
        "runs.csv",
        "--form",
        "chinchilla",
        "--replicates",
        "0",
        "--report",
    ];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(path("runs.csv"), path("link.csv")).unwrap();
        std::fs::hard_link(path("runs.csv"), path("hard.csv")).unwrap();
    }
    let names = if cfg!(unix) {
        &["runs.csv", "./runs.csv", "link.csv", "hard.csv"][..]
    } else {
        &["runs.csv", "./runs.csv"]
    };
    for name in names {
        folder.refused(
            &[&fit[..], &[name]].concat(),
            &["would be written over the input `runs.csv`"],
        );
        assert_eq!(
            std::fs::read_to_string(path("runs.csv")).unwrap(),
            csv(),
            "{name}"
        );
    }
    folder.refused(
        &["runs.csv", "--form", "chinchilla", "--draws", "./runs.csv"],
        &["would be written over the input `runs.csv`"],
    );
    folder.json(&[&fit[..], &["page.html"]].concat());
    folder.json(&[&fit[..], &["page.html"]].concat());
}

#[test]
fn results_are_kept_apart_from_each_other_and_from_what_the_shell_connects() {
    let folder = Folder::with("runs.csv", &csv());
    let path = |name: &str| folder.0.path().join(name);
    let fit = ["--form", "chinchilla", "--replicates", "40"];
    for (first, second) in [("new.csv", "./new.csv"), ("runs.csv", "other.csv")] {
        folder.refused(
            &[&["runs.csv"], &fit[..], &["--report", first, "--draws", second]].concat(),
            &[first, "would be written over"],
        );
        assert!(!path("new.csv").exists() && !path("other.csv").exists());
    }
    #[cfg(unix)]
    {
        use std::fs::File;
        let connected = |output: &str| {
            let mut command = folder.command(&[&["-"], &fit[..], &["--report", output]].concat());
            command.stdin(File::open(path("runs.csv")).unwrap());
            command.stdout(File::create(path("said.txt")).unwrap());
            let output = command.output().unwrap();
            (output.status.code(), String::from_utf8(output.stderr).unwrap())
        };
        for (output, over) in [("runs.csv", "the input"), ("said.txt", "what is printed")] {
            let (code, said) = connected(output);
            assert_eq!(code, Some(2), "{said}");
            assert!(
                said.contains(&format!("`{output}` would be written over {over}")),
                "{said}"
            );
        }
        assert_eq!(connected("page.html"), (Some(0), String::new()));
    }
    assert_eq!(std::fs::read_to_string(path("runs.csv")).unwrap(), csv());
}

#[test]
fn results_that_cannot_be_written_are_told_before_the_work() {
    let folder = Folder::with("runs.csv", &csv());
    std::fs::create_dir(folder.0.path().join("folder.csv")).unwrap();
    // Rows that are not there either show that nothing was read.
    for (option, output, says) in [
        (
            "--report",
            "missing/page.html",
            "`missing/page.html` cannot be written",
        ),
        (
            "--draws",
            "missing/draws.csv",
            "name a file in a folder that is there",
        ),
        ("--draws", "folder.csv", "`folder.csv` cannot be written"),
        ("--report", "runs.csv/page.html", "cannot be written"),
        ("--draws", "draws.txt", "must end in .csv or .jsonl"),
    ] {
        folder.refused(&["none.csv", "--form", "chinchilla", option, output], &[says]);
    }
    folder.refused(
        &["none.csv", "--replicates", "0", "--draws", "draws.csv"],
        &["no bootstrap sample was drawn"],
    );
}

#[test]
fn one_run_held_out_is_one_run() {
    let folder = Folder::with("runs.csv", &csv());
    let output = folder.fit(&[
        "runs.csv",
        "--form",
        "chinchilla",
        "--replicates",
        "0",
        "--holdout",
        "N > 5B && D > 100B",
    ]);
    let said = String::from_utf8(output.stdout).unwrap();
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("the run held out, predicted from the other 35, which end"),
        "{said}"
    );
    assert!(said.contains("times below it:"), "{said}");
}

#[test]
fn scores_of_many_tasks_stand_in_no_ones_way() {
    let rows = runs()
        .iter()
        .fold("N,D,eval/loss,a/acc,b/acc\n".to_owned(), |text, (n, d, loss)| {
            text + &format!("{n},{d},{loss},0.5,0.6\n")
        });
    let folder = Folder::with("runs.csv", &rows);
    let found = folder.json(&["runs.csv", "--replicates", "0"]);
    assert_eq!(found["columns"]["loss"], "`eval/loss`");
    folder.refused(
        &[
            "runs.csv",
            "--form",
            "task-sigmoid",
            "--column",
            "task_loss=eval/loss",
        ],
        &["`a/acc`, `b/acc`", "--column score=COLUMN"],
    );
}
